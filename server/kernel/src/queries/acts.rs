//! The acts that can be undone.

use domain::actor::Actor;
use domain::event::Event;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns as _};

impl Kernel {
    /// Returns the last event of the newest act that was not undone of this actor: of its name and from
    /// its origin, because people in chats and at the terminal may have one name.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn last_act_by(&self, actor: &Actor) -> Result<Option<Event>, Error> {
        let (name, origin) = (actor.name.clone(), actor.origin.clone());
        self.readers
            .read(move |conn| {
                let sql = format!("SELECT {} {OF_LAST_ACT}", Event::columns());
                row::find(conn, &sql, (name, origin))
            })
            .await
    }
}

const OF_LAST_ACT: &str = "\
    FROM acts JOIN task_events ON id = last_event \
    WHERE steps ->> '$[0].by' = ?1 AND steps ->> '$[0].from' IS ?2 AND NOT EXISTS ( \
        SELECT 1 FROM task_events AS undone \
        WHERE undone.id > last_event AND undone.kind = 'undone' AND json_valid(undone.payload) \
          AND undone.payload ->> '$.event' BETWEEN first_event AND last_event) \
    ORDER BY first_event DESC LIMIT 1";
