//! What needs a person.

use domain::inbox::{Concern, Need};
use domain::notify::delivery::{Delivery, DeliveryState};
use domain::time::Timestamp;
use rusqlite::{Connection, Row};

use super::outbox::{DEAD_LETTERS, DeliveryQuery, deliveries};
use crate::error::Error;
use crate::{Kernel, row};

impl Kernel {
    /// Everything that waits for a person, what has waited longest first.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub async fn inbox(&self) -> Result<Vec<Concern>, Error> {
        self.readers
            .read(|conn| {
                let mut concerns = blocked(conn)?;
                let dead = DeliveryQuery {
                    task: None,
                    state: Some(DeliveryState::Dead),
                    limit: DEAD_LETTERS,
                };
                concerns.extend(deliveries(conn, &dead)?.into_iter().map(undelivered));
                concerns.sort_by_key(|concern| concern.since);
                Ok(concerns)
            })
            .await
    }
}

fn blocked(conn: &Connection) -> Result<Vec<Concern>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT id, title, assignee, status_since, block_reason, spawn_failures, last_spawn_error, \
             (SELECT CASE WHEN outcome = 'protocol' THEN summary END \
              FROM runs WHERE task_id = tasks.id ORDER BY runs.id DESC LIMIT 1) \
         FROM tasks WHERE status = 'blocked' ORDER BY status_since, rowid",
    )?;
    let concerns = statement.query_map((), concern)?;
    Ok(concerns.collect::<Result<_, _>>()?)
}

fn concern(row: &Row<'_>) -> rusqlite::Result<Concern> {
    Ok(Concern {
        task: row::task_id(row, 0)?,
        title: row.get(1)?,
        assignee: row.get(2)?,
        since: Timestamp(row.get(3)?),
        need: Need::of_blocked(row.get(4)?, row::count(row, 5)?, row.get(6)?, row.get(7)?),
    })
}

fn undelivered(dead: Delivery) -> Concern {
    let text = dead.notice.text();
    Concern {
        task: dead.notice.task_id,
        title: dead.notice.title,
        assignee: dead.notice.assignee,
        since: dead.settled_at.unwrap_or(dead.created_at),
        need: Need::Undelivered {
            delivery: dead.id,
            to: dead.to,
            text,
            error: dead.error.unwrap_or_default(),
        },
    }
}
