//! The parents of a task by their titles, and the branches of their worktrees.

use domain::id::TaskId;
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::Error;
use crate::{Kernel, row};

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
    let mut statement = conn.prepare_cached(
        "SELECT parent.id, parent.title, \
             (SELECT made.branch FROM workspaces AS made \
              WHERE made.task_id = parent.id AND made.branch IS NOT NULL LIMIT 1) \
         FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id \
         WHERE link.child_id = ?1 ORDER BY parent.id LIMIT ?2",
    )?;
    let parents = statement.query_map((id.as_str(), SHOWN), |row| {
        Ok(Parent {
            id: row::task_id(row, 0)?,
            title: row::text(row, 1)?.unwrap_or_default(),
            branch: row::text(row, 2)?,
        })
    })?;
    Ok(row::known(parents)?)
}

fn branch(conn: &Connection, id: &TaskId) -> Result<Option<String>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT branch FROM workspaces WHERE task_id = ?1 AND branch IS NOT NULL LIMIT 1",
    )?;
    let branch = statement.query_one([id.as_str()], |row| row::text(row, 0));
    Ok(branch.optional()?.flatten())
}
