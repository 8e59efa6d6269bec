//! The acts that can be undone.

use domain::event::Event;
use rusqlite::OptionalExtension;

use crate::error::Error;
use crate::{Kernel, events};

impl Kernel {
    /// Returns the last event of the newest act by this name that was not undone.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn last_act_by(&self, name: &str) -> Result<Option<Event>, Error> {
        let name = name.to_owned();
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(LAST_ACT)?;
                Ok(statement.query_one([name], events::from_row).optional()?)
            })
            .await
    }
}

const LAST_ACT: &str = "\
    SELECT id, task_id, kind, payload, created_at \
    FROM acts JOIN task_events ON id = last_event \
    WHERE steps ->> '$[0].by' = ?1 AND NOT EXISTS ( \
        SELECT 1 FROM task_events AS undone \
        WHERE undone.id > last_event AND undone.kind = 'undone' AND json_valid(undone.payload) \
          AND undone.payload ->> '$.event' BETWEEN first_event AND last_event) \
    ORDER BY first_event DESC LIMIT 1";
