//! The landings that were asked for.

use domain::id::{EventId, TaskId};
use domain::landing::Landing;
use domain::time::Timestamp;
use rusqlite::Connection;

use crate::error::Error;
use crate::row::{self, Columns as _, columns};
use crate::{Kernel, landings};

/// The largest number of repositories that are looked at in one go.
const LOOKED_AT: u32 = 200;

/// A landing that may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLanding {
    /// The task.
    pub task: TaskId,
    /// The path of the repository of its branch.
    pub repository: String,
    /// The lane that has done the work; `None` where a person has.
    pub lane: Option<String>,
}

columns! {
    DueLanding { task: "landings.task_id", repository: "branches.repository",
        lane: "(SELECT lane FROM runs WHERE runs.task_id = landings.task_id AND lane IS NOT NULL \
                   AND NOT is_review ORDER BY runs.id DESC LIMIT 1)",
    }
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
}

pub(super) fn due_landings(conn: &Connection, now: Timestamp) -> Result<Vec<DueLanding>, Error> {
    let sql = format!(
        "SELECT {}, min(landings.request) FROM landings \
             CROSS JOIN branches ON branches.task_id = landings.task_id \
         WHERE landings.onto IS NOT NULL AND coalesce(not_before, 0) <= ?1 \
         GROUP BY branches.repository ORDER BY min(landings.request) LIMIT ?2",
        DueLanding::columns()
    );
    let first: Vec<(DueLanding, EventId)> = row::all(conn, &sql, (now.0, LOOKED_AT))?;
    Ok(first.into_iter().map(|(landing, _)| landing).collect())
}
