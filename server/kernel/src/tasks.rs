//! The rows of tasks.

use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::landing::Method;
use domain::outcome::TaskOutcome;
use domain::review::Review;
use domain::status::Status;
use domain::task::Task;
use domain::time::{Seconds, Timestamp};
use rusqlite::Connection;

use crate::error::Error;
use crate::landings;
use crate::row::{self, Columns as _};

/// The task with this id.
pub(crate) fn get(conn: &Connection, id: &TaskId) -> Result<Task, Error> {
    let sql = format!("SELECT {} FROM tasks WHERE id = ?1", Task::columns());
    let found = row::find(conn, &sql, [id.as_str()])?;
    found.ok_or_else(|| Refusal::UnknownTask(id.to_string()).into())
}

/// Gives a task a status other than `running`. The claim, the block reason and the mark of waiting
/// are cleared from its row, its outcome where it is not finished any more, and its review where that
/// is over; its landing ends.
pub(crate) fn put(
    conn: &Connection,
    now: Timestamp,
    id: &TaskId,
    status: &Status,
    not_before: Option<Timestamp>,
) -> Result<(), Error> {
    conn.prepare_cached(
        "UPDATE tasks SET status = ?2, status_since = ?3, not_before = ?4, waiting = 0, \
             block_reason = NULL, claim_lock = NULL, claim_expires = NULL, worker_pid = NULL, \
             current_run_id = NULL, outcome = CASE WHEN ?2 IN ('done', 'archived', 'review') THEN outcome END, \
             reviewer = CASE WHEN ?2 IN ('review', 'blocked') THEN reviewer END \
         WHERE id = ?1",
    )?
    .execute((
        id.as_str(),
        status.as_str(),
        now.0,
        not_before.map(|at| at.0),
    ))?;
    // A task that is not finished any more does not land.
    landings::end(conn, id)
}

/// Finishes a task: like [`put`], with its result and its outcome, and with its failures reset. The verdict of an
/// earlier check goes, unless this end has a receipt. All in one
/// statement, because each would write the row and its indexes anew.
pub(crate) fn finish(
    conn: &Connection,
    now: Timestamp,
    id: &TaskId,
    status: &Status,
    result: Option<&str>,
    outcome: TaskOutcome,
    has_receipt: bool,
) -> Result<(), Error> {
    conn.prepare_cached(&format!(
        "UPDATE tasks SET status = ?2, status_since = ?3, completed_at = ?3, result = ?4, \
             not_before = NULL, waiting = 0, block_reason = NULL, claim_lock = NULL, \
             claim_expires = NULL, worker_pid = NULL, current_run_id = NULL, \
             outcome = ?5, reviewer = NULL, rounds = 0, checked = CASE WHEN ?6 THEN checked END, {FORGIVEN} \
         WHERE id = ?1",
    ))?
    .execute((
        id.as_str(),
        status.as_str(),
        now.0,
        result,
        outcome.as_str(),
        has_receipt,
    ))?;
    Ok(())
}

/// The assignments that reset the failures and deferrals, under the name of the seed and under that
/// of 0.13.
const FORGIVEN: &str = "spawn_failures = 0, consecutive_failures = 0, last_spawn_error = NULL, \
     last_failure_error = NULL, deferrals = 0, deferred_for = 0, rework = 0";

/// Begins the rounds of a review anew.
pub(crate) fn end_rounds(conn: &Connection, id: &TaskId) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET rounds = 0 WHERE id = ?1")?
        .execute([id.as_str()])?;
    Ok(())
}

/// Resets the failures of a task: the next attempt is the first again.
pub(crate) fn forgive(conn: &Connection, id: &TaskId) -> Result<(), Error> {
    conn.prepare_cached(&format!("UPDATE tasks SET {FORGIVEN} WHERE id = ?1"))?
        .execute([id.as_str()])?;
    Ok(())
}

/// Sets the number of failures in a row, and the error of the last. That ends a row of deferrals.
pub(crate) fn set_failures(
    conn: &Connection,
    id: &TaskId,
    failures: u32,
    last_error: Option<&str>,
) -> Result<(), Error> {
    conn.prepare_cached(
        "UPDATE tasks SET spawn_failures = ?2, consecutive_failures = ?2, last_spawn_error = ?3, \
             last_failure_error = ?3, deferrals = 0, deferred_for = 0 \
         WHERE id = ?1",
    )?
    .execute((id.as_str(), failures, last_error))?;
    Ok(())
}

/// Sets the review that the work on a task waits for.
pub(crate) fn set_review(
    conn: &Connection,
    id: &TaskId,
    review: Option<&Review>,
) -> Result<(), Error> {
    let sql = "UPDATE tasks SET reviewer = ?2, reviewed_run = ?3, worked_by = ?4, \
                   rounds = coalesce(?5, rounds) \
               WHERE id = ?1";
    conn.prepare_cached(sql)?.execute((
        id.as_str(),
        review.map(|review| &review.reviewer),
        review.and_then(|review| review.run).map(|run| run.0),
        review.map(|review| &review.worked_by),
        review.map(|review| review.rounds),
    ))?;
    Ok(())
}

/// Sets the question that a blocked task has for a person.
pub(crate) fn set_block_reason(conn: &Connection, id: &TaskId, reason: &str) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET block_reason = ?2 WHERE id = ?1")?
        .execute((id.as_str(), reason))?;
    Ok(())
}

/// Clears the run of a task that does not run, after another program has moved it.
pub(crate) fn forget_run(conn: &Connection, id: &TaskId) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET current_run_id = NULL WHERE id = ?1")?
        .execute([id.as_str()])?;
    Ok(())
}

/// Makes a task wait for its parents.
pub(crate) fn set_waiting(conn: &Connection, id: &TaskId) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET waiting = 1 WHERE id = ?1")?
        .execute([id.as_str()])?;
    Ok(())
}

pub(crate) fn set_text(
    conn: &Connection,
    id: &TaskId,
    title: &str,
    body: Option<&str>,
) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET title = ?2, body = ?3 WHERE id = ?1")?
        .execute((id.as_str(), title, body))?;
    Ok(())
}

pub(crate) fn set_priority(conn: &Connection, id: &TaskId, priority: i64) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET priority = ?2 WHERE id = ?1")?
        .execute((id.as_str(), priority))?;
    Ok(())
}

/// Sets the limits of a task, that of failures under both names that it has.
pub(crate) fn set_limits(
    conn: &Connection,
    id: &TaskId,
    max_runtime: Option<Seconds>,
    failure_limit: Option<u32>,
    rework_limit: Option<u32>,
) -> Result<(), Error> {
    conn.prepare_cached(
        "UPDATE tasks SET max_runtime_seconds = ?2, failure_limit = ?3, max_retries = ?3, \
             rework_limit = ?4 \
         WHERE id = ?1",
    )?
    .execute((
        id.as_str(),
        max_runtime.map(|it| it.0),
        failure_limit,
        rework_limit,
    ))?;
    Ok(())
}

pub(crate) fn set_assignee(
    conn: &Connection,
    id: &TaskId,
    assignee: Option<&str>,
) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET assignee = ?2 WHERE id = ?1")?
        .execute((id.as_str(), assignee))?;
    Ok(())
}

pub(crate) fn set_result(
    conn: &Connection,
    id: &TaskId,
    completed_at: Option<Timestamp>,
    result: Option<&str>,
    outcome: TaskOutcome,
) -> Result<(), Error> {
    let sql = "UPDATE tasks SET completed_at = ?2, result = ?3, outcome = ?4 WHERE id = ?1";
    let completed_at = completed_at.map(|at| at.0);
    conn.prepare_cached(sql)?
        .execute((id.as_str(), completed_at, result, outcome.as_str()))?;
    Ok(())
}

/// Sets the moment before which a task is not started, or ends its back-off or snooze.
pub(crate) fn set_not_before(
    conn: &Connection,
    id: &TaskId,
    not_before: Option<Timestamp>,
) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET not_before = ?2 WHERE id = ?1")?
        .execute((id.as_str(), not_before.map(|at| at.0)))?;
    Ok(())
}

/// Sets the time by which a task is to be finished.
pub(crate) fn set_due(conn: &Connection, id: &TaskId, due: Option<Timestamp>) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET due_at = ?2 WHERE id = ?1")?
        .execute((id.as_str(), due.map(|at| at.0)))?;
    Ok(())
}

/// Sets the check and the reviewer of a task, and the method by which its work lands.
pub(crate) fn set_proof(
    conn: &Connection,
    id: &TaskId,
    check: Option<&str>,
    review: Option<&str>,
    land_method: Option<Method>,
) -> Result<(), Error> {
    conn.prepare_cached(
        "UPDATE tasks SET check_script = ?2, review = ?3, land_method = ?4 WHERE id = ?1",
    )?
    .execute((id.as_str(), check, review, land_method.map(Method::as_str)))?;
    Ok(())
}

/// Ends a row of deferrals.
pub(crate) fn end_deferrals(conn: &Connection, id: &TaskId) -> Result<(), Error> {
    conn.prepare_cached("UPDATE tasks SET deferrals = 0, deferred_for = 0 WHERE id = ?1")?
        .execute([id.as_str()])?;
    Ok(())
}
