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
    /// The branch of its worktree, if it has one.
    pub branch: Option<String>,
    /// Its outcome, once it is finished.
    pub outcome: TaskOutcome,
    /// The verdict of its last check, if it had one.
    pub checked: Option<Verdict>,
}

columns! {
    Parent {
        id, title,
        branch: "(SELECT branch FROM workspaces \
                  WHERE task_id = tasks.id AND branch IS NOT NULL LIMIT 1)",
        outcome, checked => |name: Option<String>| name.and_then(|name| Verdict::named(&name)),
    }
}

impl Kernel {
    /// Returns the parents of a task by id, a hundred at most, and the branch of its own worktree.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn builds_on(&self, id: &TaskId) -> Result<(Vec<Parent>, Option<String>), Error> {
        let id = id.clone();
        self.readers
            .read(move |conn| Ok((parents(conn, &id)?, branch(conn, &id)?)))
            .await
    }
}

pub(super) fn parents(conn: &Connection, id: &TaskId) -> Result<Vec<Parent>, Error> {
    let sql = format!(
        "SELECT {} FROM tasks WHERE id IN (SELECT parent_id FROM task_links WHERE child_id = ?1) \
         ORDER BY id LIMIT ?2",
        Parent::columns()
    );
    row::all(conn, &sql, (id.as_str(), SHOWN))
}

fn branch(conn: &Connection, id: &TaskId) -> Result<Option<String>, Error> {
    let sql = "SELECT branch FROM workspaces WHERE task_id = ?1 AND branch IS NOT NULL LIMIT 1";
    row::find(conn, sql, [id.as_str()])
}
