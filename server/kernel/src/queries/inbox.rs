//! The inbox: everything that needs a person.

use domain::inbox::{Concern, MOST_BEHIND, Need};
use domain::notify::delivery::Delivery;
use rusqlite::{Connection, Row};

use super::outbox::{DELIVERIES, DELIVERY_COLUMNS, delivery};
use crate::error::Error;
use crate::{Kernel, row};

impl Kernel {
    /// Returns everything that waits for a person, the longest wait first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn inbox(&self) -> Result<Vec<Concern>, Error> {
        self.readers
            .read(|conn| {
                let mut concerns = blocked(conn)?;
                concerns.extend(undelivered(conn)?);
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
              FROM runs WHERE task_id = tasks.id ORDER BY runs.id DESC LIMIT 1), \
             (WITH RECURSIVE behind (id) AS ( \
                  SELECT child.id FROM task_links AS link JOIN tasks AS child ON child.id = link.child_id \
                  WHERE link.parent_id = tasks.id AND child.status NOT IN ('done', 'archived') \
                  UNION \
                  SELECT child.id FROM behind JOIN task_links AS link ON link.parent_id = behind.id \
                      JOIN tasks AS child ON child.id = link.child_id \
                  WHERE child.status NOT IN ('done', 'archived') \
                  LIMIT {MOST_BEHIND} \
              ) SELECT count(*) FROM behind) \
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
        behind: row::count(row, 8)?,
    })
}

/// Returns the deliveries that were given up, one entry for each address: the first of them, the
/// error of the last, and their number.
fn undelivered(conn: &Connection) -> Result<Vec<Concern>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT * FROM ({DELIVERIES}) AS delivery JOIN ( \
             SELECT first, count, (SELECT error FROM deliveries WHERE id = last) FROM ( \
                 SELECT min(id) AS first, count(*) AS count, max(id) AS last \
                 FROM deliveries WHERE state = 'dead' GROUP BY place_id \
             ) \
         ) ON delivery.id = first ORDER BY first"
    ))?;
    let concerns = statement.query_map((), |row| {
        let count = row::count(row, DELIVERY_COLUMNS + 1)?;
        let error: Option<String> = row.get(DELIVERY_COLUMNS + 2)?;
        Ok(of_place(delivery(row)?, count, error.unwrap_or_default()))
    })?;
    Ok(concerns.collect::<Result<_, _>>()?)
}

fn of_place(first: Delivery, count: u32, error: String) -> Concern {
    let text = first.notice.text();
    Concern {
        task: first.notice.task_id,
        title: first.notice.title,
        assignee: first.notice.assignee,
        since: first.settled_at.unwrap_or(first.created_at),
        behind: 0,
        need: Need::Undelivered {
            delivery: first.id,
            to: first.to,
            text,
            error,
            count,
        },
    }
}
