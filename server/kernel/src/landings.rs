//! The rows of landings: one for each task whose work is to land.

use domain::check::CheckEnd;
use domain::command::NoteLanding;
use domain::id::TaskId;
use domain::landing::{Landing, Method};
use domain::time::Timestamp;
use rusqlite::Connection;

use crate::error::Error;
use crate::row::{self, Columns, columns};

columns! {
    Landing {
        onto, method => |name: Option<String>| name.and_then(|name| name.parse::<Method>().ok()),
        delete_branch, by, asked_at, problem, request, result, commit: "commit_id",
    }
}

/// Returns the landing of a task.
pub(crate) fn of_task(conn: &Connection, task: &TaskId) -> Result<Option<Landing>, Error> {
    let sql = format!(
        "SELECT {} FROM landings WHERE task_id = ?1",
        Landing::columns()
    );
    row::find(conn, &sql, [task.as_str()])
}

/// Writes a landing that begins anew.
pub(crate) fn write(conn: &Connection, task: &TaskId, landing: &Landing) -> Result<(), Error> {
    let sql = "INSERT OR REPLACE INTO landings \
                   (task_id, onto, method, delete_branch, by, asked_at, problem, request) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    conn.prepare_cached(sql)?.execute((
        task.as_str(),
        &landing.onto,
        landing.method.map(Method::as_str),
        landing.delete_branch,
        &landing.by,
        landing.asked_at.0,
        &landing.problem,
        landing.request.0,
    ))?;
    Ok(())
}

/// Lets a landing wait.
pub(crate) fn wait(
    conn: &Connection,
    task: &TaskId,
    problem: &str,
    until: Timestamp,
) -> Result<(), Error> {
    let sql = "UPDATE landings SET problem = ?2, not_before = ?3, result = NULL, commit_id = NULL, \
                   check_end = NULL \
               WHERE task_id = ?1";
    conn.prepare_cached(sql)?
        .execute((task.as_str(), problem, until.0))?;
    Ok(())
}

/// Notes the commit that is about to become the target's, with its check.
pub(crate) fn note_result(conn: &Connection, note: &NoteLanding) -> Result<(), Error> {
    let check = note.check.as_ref().map(serde_json::to_string).transpose();
    let check = check.map_err(|_| Error::Internal)?;
    let sql = "UPDATE landings SET result = ?2, commit_id = ?3, check_end = ?4 WHERE task_id = ?1";
    let params = (note.task.as_str(), &note.result, &note.commit, check);
    conn.prepare_cached(sql)?.execute(params)?;
    Ok(())
}

/// Returns the check of the commit that is about to become the target's.
pub(crate) fn check_of(conn: &Connection, task: &TaskId) -> Result<Option<CheckEnd>, Error> {
    let sql = "SELECT check_end FROM landings WHERE task_id = ?1";
    let text: Option<Option<String>> = row::find(conn, sql, [task.as_str()])?;
    let check = text
        .flatten()
        .and_then(|json| serde_json::from_str(&json).ok());
    Ok(check)
}

/// Ends a landing.
pub(crate) fn end(conn: &Connection, task: &TaskId) -> Result<(), Error> {
    conn.prepare_cached("DELETE FROM landings WHERE task_id = ?1")?
        .execute([task.as_str()])?;
    Ok(())
}
