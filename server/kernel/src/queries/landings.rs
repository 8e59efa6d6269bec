//! The landings that were asked for.

use domain::id::TaskId;
use domain::landing::Landing;

use crate::error::Error;
use crate::row::{self, Columns as _, columns};
use crate::{Kernel, landings};

/// The largest number of landings that are looked at in one go.
const LOOKED_AT: u32 = 200;

/// A landing that may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLanding {
    /// The task.
    pub task: TaskId,
    /// The path of the repository of its branch.
    pub repository: String,
}

columns! {
    DueLanding { task: "landings.task_id", repository: "branches.repository" }
}

impl Kernel {
    /// Returns the landing of a task that was asked for and has not ended.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn landing(&self, task: &TaskId) -> Result<Option<Landing>, Error> {
        let task = task.clone();
        self.readers
            .read(move |conn| landings::of_task(conn, &task))
            .await
    }

    /// Returns the landings that may begin now, the one that was asked for first at the front, at most two
    /// hundred.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn due_landings(&self) -> Result<Vec<DueLanding>, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let sql = format!(
                    "SELECT {} FROM landings INDEXED BY idx_landings_asked \
                         CROSS JOIN branches ON branches.task_id = landings.task_id \
                     WHERE landings.onto IS NOT NULL AND coalesce(not_before, 0) <= ?1 \
                     ORDER BY asked_at, landings.rowid LIMIT ?2",
                    DueLanding::columns()
                );
                row::all(conn, &sql, (now.0, LOOKED_AT))
            })
            .await
    }
}
