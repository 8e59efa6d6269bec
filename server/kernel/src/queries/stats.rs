//! The board in numbers.

use std::collections::BTreeMap;

use domain::stats::Stats;
use domain::time::Timestamp;
use rusqlite::Connection;

use crate::error::Error;
use crate::{Kernel, row};

impl Kernel {
    /// Returns the counts by status and assignee, and the age of the oldest ready task.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn stats(&self) -> Result<Stats, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                // The other index would have it look up each of these tasks for its age.
                let sql = "SELECT min(created_at) FROM tasks INDEXED BY idx_tasks_startable \
                           WHERE status = 'ready'";
                let oldest_ready: Option<Timestamp> = row::one(conn, sql, ())?;
                let by_status = "SELECT status, count(*) FROM tasks \
                                 WHERE status <> 'archived' GROUP BY status";
                Ok(Stats {
                    by_status: row::all(conn, by_status, ())?.into_iter().collect(),
                    by_assignee: by_assignee(conn)?,
                    oldest_ready_age_seconds: oldest_ready.map(|at| now.seconds_since(at)),
                    now,
                })
            })
            .await
    }
}

fn by_assignee(conn: &Connection) -> Result<BTreeMap<String, BTreeMap<String, u32>>, Error> {
    let sql = "SELECT assignee, status, count(*) FROM tasks \
               WHERE status <> 'archived' AND assignee > '' GROUP BY assignee, status";
    let mut counts = BTreeMap::<_, BTreeMap<_, _>>::new();
    for (assignee, status, count) in row::all(conn, sql, ())? {
        counts.entry(assignee).or_default().insert(status, count);
    }
    Ok(counts)
}
