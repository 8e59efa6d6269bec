//! One task with everything around it.

use domain::id::TaskId;
use domain::run::Run;
use domain::task::{Comment, Task, TaskDetail};
use rusqlite::Connection;

use crate::error::Error;
use crate::row::{self, Columns, columns};
use crate::{Kernel, branches, events, landings, receipts, tasks};

columns! {
    Comment { id, task_id, author, body, created_at }
}

impl Kernel {
    /// Returns the task without anything around it.
    ///
    /// # Errors
    /// Fails if there is no such task or the board cannot be read.
    pub async fn task_alone(&self, id: &TaskId) -> Result<Task, Error> {
        let id = id.clone();
        self.readers.read(move |conn| tasks::get(conn, &id)).await
    }

    /// Returns the task with its comments, events, links and runs.
    ///
    /// # Errors
    /// Fails if there is no such task or the board cannot be read.
    pub async fn task(&self, id: &TaskId) -> Result<TaskDetail, Error> {
        let id = id.clone();
        self.readers
            .read(move |conn| {
                Ok(TaskDetail {
                    task: tasks::get(conn, &id)?,
                    comments: comments(conn, &id)?,
                    events: events::of_task(conn, &id)?,
                    parents: row::all(conn, PARENTS, [id.as_str()])?,
                    conditions: row::all(conn, CONDITIONS, [id.as_str()])?
                        .into_iter()
                        .collect(),
                    children: row::all(conn, CHILDREN, [id.as_str()])?,
                    child_conditions: row::all(conn, CHILD_CONDITIONS, [id.as_str()])?
                        .into_iter()
                        .collect(),
                    runs: runs(conn, &id)?,
                    receipts: receipts::of_task(conn, &id)?,
                    branch: branches::of_task(conn, &id)?,
                    landing: landings::of_task(conn, &id)?,
                })
            })
            .await
    }
}

const PARENTS: &str = "SELECT parent_id FROM task_links WHERE child_id = ?1 ORDER BY parent_id";
const CONDITIONS: &str =
    "SELECT parent_id, start_on FROM task_links WHERE child_id = ?1 AND start_on <> 'success'";
const CHILD_CONDITIONS: &str =
    "SELECT child_id, start_on FROM task_links WHERE parent_id = ?1 AND start_on <> 'success'";
const CHILDREN: &str = "SELECT child_id FROM task_links WHERE parent_id = ?1 ORDER BY child_id";

/// Returns its comments, oldest first.
pub(super) fn comments(conn: &Connection, id: &TaskId) -> Result<Vec<Comment>, Error> {
    let sql = format!(
        "SELECT {} FROM task_comments WHERE task_id = ?1 ORDER BY created_at, id",
        Comment::columns()
    );
    row::all(conn, &sql, [id.as_str()])
}

fn runs(conn: &Connection, id: &TaskId) -> Result<Vec<Run>, Error> {
    let columns = Run::columns();
    let sql = format!("SELECT {columns} FROM runs WHERE task_id = ?1 ORDER BY id");
    row::all(conn, &sql, [id.as_str()])
}
