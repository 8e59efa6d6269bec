//! What needs a person.

use domain::inbox::{Concern, Need};
use domain::notify::delivery::{Delivery, DeliveryState};
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
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id, title, assignee, status_since, {}, spawn_failures, last_spawn_error, \
             (SELECT CASE WHEN outcome = 'protocol' THEN summary END \
              FROM runs WHERE task_id = tasks.id ORDER BY runs.id DESC LIMIT 1) \
         FROM tasks WHERE status = 'blocked' ORDER BY status_since, rowid",
        row::BLOCK_REASON
    ))?;
    let concerns = statement.query_map((), concern)?;
    Ok(row::known(concerns)?)
}

fn concern(row: &Row<'_>) -> rusqlite::Result<Concern> {
    Ok(Concern {
        task: row::task_id(row, 0)?,
        title: row::text(row, 1)?.unwrap_or_default(),
        assignee: row::text(row, 2)?,
        since: row::moment(row, 3)?.unwrap_or_default(),
        need: Need::of_blocked(
            row::text(row, 4)?,
            row::count(row, 5)?,
            row::text(row, 6)?,
            row.get(7)?,
        ),
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
