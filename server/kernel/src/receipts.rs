//! The rows of receipts. They are written once.

use domain::changes::ChangedFile;
use domain::check::{CheckEnd, GitFacts, Receipt, Verdict};
use domain::id::{ReceiptId, RunId, TaskId};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::row::{self, Columns, columns};

columns! {
    CheckEnd {
        command, verdict => |name: String| Verdict::named(&name).unwrap_or(Verdict::NotStarted),
        began_at, ended_at, exit_code, output, log_start, log_end, git: &GitFacts::columns(),
    }
}

columns! {
    GitFacts {
        commit: "commit_id", is_clean, commit_after, base, files => files, more_files,
        git_problem: "files" => git_problem,
    }
}

columns! {
    Receipt { id, run: "run_id", by, check: &CheckEnd::columns() }
}

/// Reads the list of changed files. A text that is none is an empty one.
fn files(json: Option<String>) -> Vec<ChangedFile> {
    let files = json.and_then(|json| serde_json::from_str(&json).ok());
    files.unwrap_or_default()
}

/// Reads the reason that stands in the place of a list of changed files.
fn git_problem(json: Option<String>) -> Option<String> {
    let unknown: Unknown = serde_json::from_str(&json?).ok()?;
    Some(unknown.git_problem)
}

/// The value of the column `files` where git could not be asked.
#[derive(Serialize, Deserialize)]
struct Unknown {
    git_problem: String,
}

/// Returns the receipts of a task, oldest first.
pub(crate) fn of_task(conn: &Connection, task: &TaskId) -> Result<Vec<Receipt>, Error> {
    let columns = Receipt::columns();
    let sql = format!("SELECT {columns} FROM receipts WHERE task_id = ?1 ORDER BY id");
    row::all(conn, &sql, [task.as_str()])
}

/// Returns the last receipt of a task.
pub(crate) fn last_of(conn: &Connection, task: &TaskId) -> Result<Option<Receipt>, Error> {
    let columns = Receipt::columns();
    let sql = format!("SELECT {columns} FROM receipts WHERE task_id = ?1 ORDER BY id DESC LIMIT 1");
    row::find(conn, &sql, [task.as_str()])
}

/// Returns the last receipt of a check of the run, and of no verdict on it.
pub(crate) fn last_check_of(conn: &Connection, run: RunId) -> Result<Option<Receipt>, Error> {
    let columns = Receipt::columns();
    let sql = format!(
        "SELECT {columns} FROM receipts \
         WHERE task_id = (SELECT task_id FROM runs WHERE id = ?1) AND run_id = ?1 \
           AND verdict NOT IN ('approved', 'changes_requested') ORDER BY id DESC LIMIT 1"
    );
    row::find(conn, &sql, [run.0])
}

/// Returns true if a check of the run has passed.
pub(crate) fn has_passed(conn: &Connection, run: RunId) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM receipts \
               WHERE task_id = (SELECT task_id FROM runs WHERE id = ?1) AND run_id = ?1 \
                 AND verdict = 'passed'";
    Ok(conn.prepare_cached(sql)?.exists([run.0])?)
}

/// Writes a receipt, and returns its id.
pub(crate) fn write(
    conn: &Connection,
    task: &TaskId,
    run: Option<RunId>,
    by: Option<&str>,
    check: &CheckEnd,
) -> Result<ReceiptId, Error> {
    let git = &check.git;
    let files = match &git.git_problem {
        Some(problem) => {
            let git_problem = problem.clone();
            Some(serde_json::to_string(&Unknown { git_problem }))
        }
        None if git.files.is_empty() => None,
        None => Some(serde_json::to_string(&git.files)),
    };
    let files = files.transpose();
    let files = files.map_err(|_| Error::Internal)?;
    conn.prepare_cached(
        "INSERT INTO receipts (task_id, run_id, by, command, verdict, began_at, ended_at, exit_code, \
             output, log_start, log_end, commit_id, is_clean, commit_after, base, files, more_files) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?
    .execute(params![
        task.as_str(),
        run.map(|run| run.0),
        by,
        &check.command,
        check.verdict.as_str(),
        check.began_at.0,
        check.ended_at.0,
        check.exit_code,
        &check.output,
        check.log_start.map(row::offset),
        check.log_end.map(row::offset),
        &git.commit,
        git.is_clean,
        &git.commit_after,
        &git.base,
        files,
        git.more_files,
    ])?;
    let receipt = ReceiptId(conn.last_insert_rowid());
    conn.prepare_cached("UPDATE tasks SET checked = ?2 WHERE id = ?1")?
        .execute((task.as_str(), check.verdict.as_str()))?;
    Ok(receipt)
}
