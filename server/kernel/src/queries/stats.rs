//! The board in numbers.

use std::collections::BTreeMap;

use domain::stats::Stats;
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
                let oldest_ready = conn
                    // The other index would have it look up each of these tasks for its age.
                    .prepare_cached(
                        "SELECT min(created_at) FROM tasks INDEXED BY idx_tasks_startable \
                         WHERE status = 'ready'",
                    )?
                    .query_one((), |row| row::number(row, 0))?;
                Ok(Stats {
                    by_status: by_status(conn)?,
                    by_assignee: by_assignee(conn)?,
                    oldest_ready_age_seconds: oldest_ready.map(|at| now.0 - at),
                    now,
                })
            })
            .await
    }
}

fn by_status(conn: &Connection) -> Result<BTreeMap<String, u32>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT status, count(*) FROM tasks WHERE status <> 'archived' GROUP BY status",
    )?;
    let counts = statement.query_map((), |row| {
        Ok((row::text(row, 0)?.unwrap_or_default(), row::count(row, 1)?))
    })?;
    Ok(counts.collect::<Result<_, _>>()?)
}

fn by_assignee(conn: &Connection) -> Result<BTreeMap<String, BTreeMap<String, u32>>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT assignee, status, count(*) FROM tasks \
         WHERE status <> 'archived' AND assignee > '' GROUP BY assignee, status",
    )?;
    let mut rows = statement.query(())?;
    let mut counts = BTreeMap::<_, BTreeMap<_, _>>::new();
    while let Some(row) = rows.next()? {
        counts
            .entry(row::text(row, 0)?.unwrap_or_default())
            .or_default()
            .insert(row::text(row, 1)?.unwrap_or_default(), row::count(row, 2)?);
    }
    Ok(counts)
}
