//! Keeping a claim, and losing it.

use domain::command::Answer;
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use domain::time::{Seconds, Timestamp};
use rusqlite::Connection;

use super::{Work, attempt};
use crate::error::Error;
use crate::row;
use crate::runs::{self, End};

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

/// A run that is open by mistake.
pub(crate) struct StaleClaim {
    run: RunId,
    task: TaskId,
    is_running: bool,
}

/// The runs that are open by mistake: another program took the task out of `running`, or away, or the
/// lease has run out and there is no supervisor. Of a run that has one the dispatcher knows better
/// whether it lives, also after the machine has slept through the lease.
pub(crate) fn stale_claims(conn: &Connection, now: Timestamp) -> Result<Vec<StaleClaim>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT run.id, run.task_id, tasks.status IS 'running' \
         FROM runs AS run INDEXED BY idx_runs_open \
         LEFT JOIN tasks ON tasks.id = run.task_id \
         WHERE run.ended_at IS NULL \
           AND (tasks.status IS NOT 'running' OR run.pid IS NULL AND run.lease_expires < ?1) \
         ORDER BY run.id",
    )?;
    let stale = statement.query_map([now.0], |row| {
        Ok(StaleClaim {
            run: RunId(row.get(0)?),
            task: row::task_id(row, 1)?,
            is_running: row.get(2)?,
        })
    })?;
    Ok(stale.collect::<Result<_, _>>()?)
}

/// Closes the runs that are open by mistake. Each of their tasks that is still running may start again
/// at once: nobody has said that anything went wrong, only that nobody has said anything.
pub(super) fn release_stale(work: &mut Work<'_>) -> Result<Answer, Error> {
    let stale = stale_claims(work.conn, work.now)?;
    let count = stale.len();
    for StaleClaim {
        run,
        task,
        is_running,
    } in stale
    {
        runs::close(
            work.conn,
            work.now,
            run,
            Outcome::Reclaimed,
            &End::default(),
        )?;
        if !is_running {
            continue;
        }
        let task = work.task(&task)?;
        let event = EventBody::Reclaimed {
            stale_lock: task.claim_lock.clone(),
        };
        attempt::release(work, &task, None, &event)?;
    }
    Ok(Answer::Reclaimed { count })
}
