//! Who is told what becomes of which task.

use domain::id::{EventId, TaskId};
use domain::notify::{Address, Subscription};
use domain::time::Timestamp;
use rusqlite::Row;

use crate::error::Error;
use crate::{Kernel, row};

impl Kernel {
    /// The subscriptions of one task, or all of them, oldest first.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub async fn subscriptions(&self, task: Option<TaskId>) -> Result<Vec<Subscription>, Error> {
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT task_id, platform, chat_id, thread_id, user_id, created_at, \
                         last_event_id \
                     FROM kanban_notify_subs WHERE ?1 IS NULL OR task_id = ?1 \
                     ORDER BY created_at, task_id, platform, chat_id, thread_id",
                )?;
                let rows = statement.query_map([task.as_ref().map(TaskId::as_str)], from_row)?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Subscription> {
    Ok(Subscription {
        task_id: row::task_id(row, 0)?,
        to: Address {
            platform: row.get(1)?,
            chat_id: row.get(2)?,
            thread_id: row.get(3)?,
            user_id: row.get(4)?,
        },
        created_at: Timestamp(row.get(5)?),
        last_event_id: EventId(row.get(6)?),
    })
}
