//! The parents of a task by their titles, and the branches of their worktrees.

use domain::check::Verdict;
use domain::id::TaskId;
use domain::outcome::TaskOutcome;
use rusqlite::Connection;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, columns};

/// The maximum number of parents that are listed.
const SHOWN: u32 = 100;

/// A task that another one builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The task.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// The branch of its worktree, if it has had one.
    pub branch: Option<String>,
    /// The repository of that branch.
    pub repository: Option<String>,
    /// The commit at which that branch was last seen.
    pub commit: Option<String>,
    /// The commit by which another branch of that repository holds its work, since that has landed.
    pub landed: Option<String>,
    /// Its outcome, once it is finished.
    pub outcome: TaskOutcome,
    /// The verdict of its last check, if it had one.
    pub checked: Option<Verdict>,
}

columns! {
    Parent {
        id: "tasks.id", title,
        branch: "branches.name", repository: "branches.repository", commit: "branches.tip", landed: "branches.landed_commit",
        outcome: "tasks.outcome",
        checked => |name: Option<String>| name.and_then(|name| Verdict::named(&name)),
    }
}

impl Kernel {
    /// Returns the parents of a task in the order of its links, a hundred at most.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn builds_on(&self, id: &TaskId) -> Result<Vec<Parent>, Error> {
        let id = id.clone();
        self.readers.read(move |conn| parents(conn, &id)).await
    }
}

pub(super) fn parents(conn: &Connection, id: &TaskId) -> Result<Vec<Parent>, Error> {
    let sql = format!(
        "SELECT {} FROM task_links JOIN tasks ON tasks.id = task_links.parent_id \
             LEFT JOIN branches ON branches.task_id = tasks.id \
         WHERE task_links.child_id = ?1 ORDER BY task_links.rowid LIMIT ?2",
        Parent::columns()
    );
    row::all(conn, &sql, (id.as_str(), SHOWN))
}
