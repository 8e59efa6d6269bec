//! Keeping a claim, and losing it.

use domain::command::Answer;
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Seconds;

use super::{Work, attempt};
use crate::error::Error;
use crate::{row, runs};

/// Writes down that the worker makes progress, and lengthens its lease.
pub(super) fn heartbeat(work: &mut Work<'_>, id: &TaskId, ttl: Seconds) -> Result<Answer, Error> {
    let answer = renew(work, id, ttl)?;
    work.conn
        .prepare_cached(
            "UPDATE runs SET heartbeat_at = ?2 WHERE task_id = ?1 AND ended_at IS NULL",
        )?
        .execute((id.as_str(), work.now.0))?;
    Ok(answer)
}

/// Lengthens the lease of the current run to `ttl` from now.
pub(super) fn renew(work: &mut Work<'_>, id: &TaskId, ttl: Seconds) -> Result<Answer, Error> {
    let task = work.task(id)?;
    let run = runs::open_run_of(work.conn, id)?.ok_or_else(|| Refusal::WrongStatus {
        task: id.clone(),
        status: task.status,
        verb: "kept alive",
    })?;
    let lease_expires = work.now + ttl;
    work.conn
        .prepare_cached("UPDATE runs SET lease_expires = ?2 WHERE id = ?1")?
        .execute((run.id.0, lease_expires.0))?;
    work.conn
        .prepare_cached("UPDATE tasks SET claim_expires = ?2 WHERE id = ?1")?
        .execute((id.as_str(), lease_expires.0))?;
    Ok(Answer::Renewed { lease_expires })
}

/// Closes every run of a task that another program took out of `running`, and takes back every claim
/// whose lease has run out and that has no supervisor: of one that has, the
/// dispatcher knows better whether it lives, also after the machine has slept through the lease. Each
/// task may start again at once: nobody has said that anything went wrong, only that nobody has said
/// anything.
pub(super) fn release_stale(work: &mut Work<'_>) -> Result<Answer, Error> {
    let stale: Vec<TaskId> = work
        .conn
        .prepare_cached(
            "SELECT run.task_id FROM runs AS run INDEXED BY idx_runs_open \
             JOIN tasks ON tasks.id = run.task_id \
             WHERE run.ended_at IS NULL \
               AND (tasks.status <> 'running' OR run.pid IS NULL AND run.lease_expires < ?1) \
             ORDER BY run.id",
        )?
        .query_map([work.now.0], |row| row::task_id(row, 0))?
        .collect::<Result<_, _>>()?;
    for id in &stale {
        let task = work.task(id)?;
        runs::close_open_run_of(work.conn, work.now, id, Outcome::Reclaimed)?;
        if task.status != Status::Running {
            continue;
        }
        let event = EventBody::Reclaimed {
            stale_lock: task.claim_lock.clone(),
        };
        attempt::release(work, &task, None, &event)?;
    }
    Ok(Answer::Reclaimed { count: stale.len() })
}
