//! One task with everything around it.

use domain::id::{CommentId, TaskId};
use domain::run::Run;
use domain::task::{Comment, Task, TaskDetail};
use rusqlite::{Connection, Row};

use crate::error::Error;
use crate::{Kernel, events, row, tasks};

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
                    parents: linked(conn, PARENTS, &id)?,
                    children: linked(conn, CHILDREN, &id)?,
                    runs: runs(conn, &id)?,
                })
            })
            .await
    }
}

const PARENTS: &str = "SELECT parent_id FROM task_links WHERE child_id = ?1 ORDER BY parent_id";
const CHILDREN: &str = "SELECT child_id FROM task_links WHERE parent_id = ?1 ORDER BY child_id";

/// Returns its comments, oldest first.
pub(super) fn comments(conn: &Connection, id: &TaskId) -> Result<Vec<Comment>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT id, task_id, author, body, created_at FROM task_comments \
         WHERE task_id = ?1 ORDER BY created_at, id",
    )?;
    let comments = statement.query_map([id.as_str()], |row: &Row<'_>| {
        Ok(Comment {
            id: CommentId(row.get(0)?),
            task_id: row::task_id(row, 1)?,
            author: row::text(row, 2)?.unwrap_or_default(),
            body: row::text(row, 3)?.unwrap_or_default(),
            created_at: row::moment(row, 4)?.unwrap_or_default(),
        })
    })?;
    Ok(comments.collect::<Result<_, _>>()?)
}

fn linked(conn: &Connection, sql: &str, id: &TaskId) -> Result<Vec<TaskId>, Error> {
    let mut statement = conn.prepare_cached(sql)?;
    let ids = statement.query_map([id.as_str()], |row| row::task_id(row, 0))?;
    Ok(row::known(ids)?)
}

fn runs(conn: &Connection, id: &TaskId) -> Result<Vec<Run>, Error> {
    let sql = format!(
        "SELECT {} FROM runs WHERE task_id = ?1 ORDER BY id",
        row::RUN_COLUMNS
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let runs = statement.query_map([id.as_str()], row::run)?;
    Ok(runs.collect::<Result<_, _>>()?)
}
