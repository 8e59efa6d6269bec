//! The rows of branches: one for each task that has, or had, a worktree.

use domain::branch::Branch;
use domain::check::GitFacts;
use domain::id::{RunId, TaskId};
use rusqlite::Connection;

use crate::error::Error;
use crate::row::{self, Columns, columns};

columns! {
    Branch { name, repository, base, onto, tip, landed_onto, landed_commit }
}

/// Returns the branch of a task.
pub(crate) fn of_task(conn: &Connection, task: &TaskId) -> Result<Option<Branch>, Error> {
    let columns = Branch::columns();
    let sql = format!("SELECT {columns} FROM branches WHERE task_id = ?1");
    row::find(conn, &sql, [task.as_str()])
}

/// Writes the branch of a task.
pub(crate) fn write(conn: &Connection, task: &TaskId, branch: &Branch) -> Result<(), Error> {
    let Branch {
        name,
        repository,
        base,
        onto,
        tip,
        // The next attempt changes nothing about a landing that is over.
        landed_onto: _,
        landed_commit: _,
    } = branch;
    let sql = "INSERT INTO branches (task_id, repository, name, base, onto, tip) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
               ON CONFLICT (task_id) DO UPDATE SET repository = excluded.repository, \
                   name = excluded.name, base = excluded.base, onto = excluded.onto, \
                   tip = excluded.tip";
    let params = (task.as_str(), repository, name, base, onto, tip);
    conn.prepare_cached(sql)?.execute(params)?;
    Ok(())
}

/// Notes the commit at which a run left its branch.
pub(crate) fn left_at(conn: &Connection, run: RunId, commit: &str) -> Result<(), Error> {
    let sql =
        "UPDATE branches SET tip = ?2 WHERE task_id = (SELECT task_id FROM runs WHERE id = ?1)";
    conn.prepare_cached(sql)?.execute((run.0, commit))?;
    Ok(())
}

/// Notes that the work on a branch has landed, as one of these commits.
pub(crate) fn note_landed(
    conn: &Connection,
    task: &TaskId,
    onto: &str,
    git: &GitFacts,
) -> Result<(), Error> {
    let sql = "UPDATE branches SET landed_onto = ?2, landed_commit = ?3, tip = coalesce(?4, tip), sent_back = 0 \
               WHERE task_id = ?1";
    let params = (task.as_str(), onto, &git.commit_after, &git.commit);
    conn.prepare_cached(sql)?.execute(params)?;
    Ok(())
}

/// Counts another time that work could not land, and returns their number in a row.
pub(crate) fn count_sent_back(conn: &Connection, task: &TaskId) -> Result<u32, Error> {
    conn.prepare_cached("UPDATE branches SET sent_back = sent_back + 1 WHERE task_id = ?1")?
        .execute([task.as_str()])?;
    let sql = "SELECT sent_back FROM branches WHERE task_id = ?1";
    Ok(row::find(conn, sql, [task.as_str()])?.unwrap_or(1))
}

/// Begins to count anew.
pub(crate) fn end_sent_back(conn: &Connection, task: &TaskId) -> Result<(), Error> {
    conn.prepare_cached("UPDATE branches SET sent_back = 0 WHERE task_id = ?1")?
        .execute([task.as_str()])?;
    Ok(())
}

/// Notes the commit at which a branch is now. Returns true where it was known to be at another before.
pub(crate) fn note_tip(conn: &Connection, task: &TaskId, commit: &str) -> Result<bool, Error> {
    let was = of_task(conn, task)?.and_then(|branch| branch.tip);
    if was.as_deref() == Some(commit) {
        return Ok(false);
    }
    let sql = "UPDATE branches SET tip = ?2 WHERE task_id = ?1";
    let noted = conn.prepare_cached(sql)?.execute((task.as_str(), commit))?;
    Ok(noted > 0 && was.is_some())
}
