//! The acts that can be undone.

use domain::event::Event;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns as _};

impl Kernel {
    /// Returns the last event of the newest act by this name that was not undone.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn last_act_by(&self, name: &str) -> Result<Option<Event>, Error> {
        let name = name.to_owned();
        self.readers
            .read(move |conn| {
                let sql = format!("SELECT {} {OF_LAST_ACT}", Event::columns());
                row::find(conn, &sql, [name])
            })
            .await
    }
}

const OF_LAST_ACT: &str = "\
    FROM acts JOIN task_events ON id = last_event \
    WHERE steps ->> '$[0].by' = ?1 AND NOT EXISTS ( \
        SELECT 1 FROM task_events AS undone \
        WHERE undone.id > last_event AND undone.kind = 'undone' AND json_valid(undone.payload) \
          AND undone.payload ->> '$.event' BETWEEN first_event AND last_event) \
    ORDER BY first_event DESC LIMIT 1";
