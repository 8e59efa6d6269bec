//! The branches of tasks.

use std::collections::BTreeMap;

use domain::branch::Branch;
use domain::id::TaskId;
use domain::time::Timestamp;

use crate::error::Error;
use crate::row::{self, Columns as _, columns};
use crate::{Kernel, branches};

/// The largest number of branches that are looked at in one go.
const WATCHED: u32 = 200;

/// A task and its branch.
struct OfTask {
    task: TaskId,
    branch: Branch,
}

columns! {
    OfTask { task: "branches.task_id", branch: &Branch::columns() }
}

impl Kernel {
    /// Returns the branch of a task, if it has, or had, a worktree.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn branch(&self, task: &TaskId) -> Result<Option<Branch>, Error> {
        let task = task.clone();
        self.readers
            .read(move |conn| branches::of_task(conn, &task))
            .await
    }

    /// Returns the branches of all tasks.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn branches(&self) -> Result<BTreeMap<TaskId, Branch>, Error> {
        self.readers
            .read(|conn| {
                let sql = format!("SELECT {} FROM branches", OfTask::columns());
                Ok(by_task(row::all(conn, &sql, ())?))
            })
            .await
    }

    /// Returns the branches of finished tasks whose work was checked or approved since then, and of those
    /// that wait for a verdict, at most two hundred, the last first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn checked_branches(
        &self,
        since: Timestamp,
    ) -> Result<BTreeMap<TaskId, Branch>, Error> {
        self.readers
            .read(move |conn| {
                let sql = format!(
                    "SELECT {} FROM tasks INDEXED BY idx_tasks_sealed \
                         CROSS JOIN branches ON branches.task_id = tasks.id \
                     WHERE (status = 'review' \
                         OR status = 'done' AND checked IN ('passed', 'approved', 'landed')) \
                       AND status_since >= ?1 \
                     ORDER BY tasks.status_since DESC LIMIT ?2",
                    OfTask::columns()
                );
                Ok(by_task(row::all(conn, &sql, (since.0, WATCHED))?))
            })
            .await
    }
}

fn by_task(rows: Vec<OfTask>) -> BTreeMap<TaskId, Branch> {
    rows.into_iter().map(|row| (row.task, row.branch)).collect()
}
