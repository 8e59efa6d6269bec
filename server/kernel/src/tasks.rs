//! The rows of tasks.

use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use crate::error::Error;
use crate::row;

/// The task with this id.
pub(crate) fn get(conn: &Connection, id: &TaskId) -> Result<Task, Error> {
    let sql = format!("SELECT {} FROM tasks WHERE id = ?1", row::TASK_COLUMNS);
    let found = conn
        .prepare_cached(&sql)?
        .query_one([id.as_str()], row::task)
        .optional()?;
    found.ok_or_else(|| Refusal::UnknownTask(id.to_string()).into())
}

/// Gives a task a status other than `running`. Whatever a claim has left on its row goes with that,
/// here and nowhere else.
pub(crate) fn put(
    conn: &Connection,
    now: Timestamp,
    id: &TaskId,
    status: &Status,
    not_before: Option<Timestamp>,
) -> Result<(), Error> {
    conn.prepare_cached(
        "UPDATE tasks SET status = ?2, status_since = ?3, not_before = ?4, waiting = 0, \
             claim_lock = NULL, claim_expires = NULL, worker_pid = NULL \
         WHERE id = ?1",
    )?
    .execute((
        id.as_str(),
        status.as_str(),
        now.0,
        not_before.map(|at| at.0),
    ))?;
    Ok(())
}
