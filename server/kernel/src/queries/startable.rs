//! What could be started now, and when that changes by itself.

use domain::id::TaskId;
use domain::time::Timestamp;

use crate::error::Error;
use crate::{Kernel, row};

/// A task that waits for nothing but a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startable {
    /// The task.
    pub task: TaskId,
    /// Who is to work on it.
    pub assignee: String,
    /// Higher starts sooner.
    pub priority: i64,
}

impl Kernel {
    /// The first `limit` tasks that are ready, have an assignee and do not rest, in the order in
    /// which they are to start.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub async fn startable(&self, limit: u32) -> Result<Vec<Startable>, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT id, assignee, coalesce(priority, 0) FROM tasks \
                     WHERE status = 'ready' AND claim_lock IS NULL AND assignee <> '' \
                       AND coalesce(not_before, 0) <= ?1 \
                     ORDER BY priority DESC, created_at, rowid LIMIT ?2",
                )?;
                let tasks = statement.query_map((now.0, limit), |row| {
                    Ok(Startable {
                        task: row::task_id(row, 0)?,
                        assignee: row.get(1)?,
                        priority: row.get(2)?,
                    })
                })?;
                Ok(tasks.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// When the first of the tasks that rest between two attempts may start again.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub async fn next_rest_end(&self) -> Result<Option<Timestamp>, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT min(not_before) FROM tasks WHERE status = 'ready' AND not_before > ?1",
                )?;
                Ok(statement.query_one([now.0], |row| row::moment(row, 0))?)
            })
            .await
    }
}
