//! The life of a run between its claim and its end, as the dispatcher and the supervisors tell it.

use domain::actor::Actor;
use domain::backoff;
use domain::command::{Answer, FAILURE_LIMIT, Failure};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{RunId, TaskId};
use domain::run::{Outcome, ProcessIdentity};
use domain::task::Task;
use domain::time::Timestamp;
use domain::transition::Step;
use rand::RngExt;

use super::{Work, promotion};
use crate::error::Error;
use crate::runs::{self, OpenRun};

/// How much of an error a task keeps, in characters, as in the original.
const ERROR_CHARS: usize = 500;

/// Writes down the supervisor of a run. Only the first one is taken.
pub(super) fn attach(
    work: &mut Work<'_>,
    run: RunId,
    process: &ProcessIdentity,
) -> Result<Answer, Error> {
    let attached = work
        .conn
        .prepare_cached(
            "UPDATE runs SET boot_id = ?2, pid = ?3, pid_started = ?4 \
             WHERE id = ?1 AND ended_at IS NULL AND pid IS NULL",
        )?
        .execute((run.0, &process.boot_id, process.pid, process.started_ticks))?;
    if attached == 1 {
        Ok(Answer::Done)
    } else {
        Err(Refusal::RunNotOpen(run).into())
    }
}

pub(super) fn record_spawn(
    work: &mut Work<'_>,
    run: RunId,
    worker_pid: i64,
    workspace: &str,
) -> Result<Answer, Error> {
    let open = open_run(work, run)?;
    work.conn
        .prepare_cached(
            "UPDATE runs SET worker_pid = ?2, workspace = ?3, spawned_at = ?4 WHERE id = ?1",
        )?
        .execute((run.0, worker_pid, workspace, work.now.0))?;
    work.conn
        .prepare_cached("UPDATE tasks SET worker_pid = ?2, workspace_path = ?3 WHERE id = ?1")?
        .execute((open.task.as_str(), worker_pid, workspace))?;
    let spawned = EventBody::Spawned {
        run,
        lane: open.lane.unwrap_or_default(),
        pid: worker_pid,
        workspace: workspace.to_owned(),
    };
    work.log(&open.task, &spawned)?;
    Ok(Answer::Done)
}

/// Ends a run that did not finish its task. The task rests and is tried again, or is blocked once
/// it has failed too often.
pub(super) fn fail(work: &mut Work<'_>, run: RunId, failure: &Failure) -> Result<Answer, Error> {
    let open = open_run(work, run)?;
    let task = work.task(&open.task)?;
    let failures = task.spawn_failures.saturating_add(1);
    runs::close(work.conn, work.now, run, failure.outcome, Some(failure))?;
    let is_last = failures >= task.failure_limit.unwrap_or(FAILURE_LIMIT);
    let error: String = failure.error.chars().take(ERROR_CHARS).collect();
    work.conn
        .prepare_cached(
            "UPDATE tasks SET spawn_failures = ?2, last_spawn_error = ?3 WHERE id = ?1",
        )?
        .execute((task.id.as_str(), failures, &error))?;
    let outcome = failure.outcome;
    if is_last {
        let status = super::step(&task, &Step::GiveUp, "given up")?;
        work.put(&task.id, &status, None)?;
        let event = match outcome {
            Outcome::SpawnFailed => EventBody::SpawnAutoBlocked { failures, error },
            _ => EventBody::GaveUp {
                failures,
                error,
                outcome,
            },
        };
        work.log(&task.id, &event)?;
        return Ok(Answer::Done);
    }
    let retry_at = work.now + backoff::rest(failures, work.rng.random());
    let code = failure.code;
    let event = match outcome {
        Outcome::SpawnFailed => EventBody::SpawnFailed { error, failures },
        Outcome::Crashed => {
            let claimer = task.claim_lock.clone();
            EventBody::Crashed {
                pid: task.worker_pid,
                claimer,
                run,
            }
        }
        _ => EventBody::AttemptFailed {
            run,
            outcome,
            code,
            error,
            failures,
            retry_at,
        },
    };
    release(work, &task, Some(retry_at), &event)?;
    Ok(Answer::Done)
}

/// Ends a run that nobody is to blame for; its task may start again at once.
pub(super) fn interrupt(work: &mut Work<'_>, run: RunId) -> Result<Answer, Error> {
    put_back(work, run, Outcome::Interrupted, None)?;
    Ok(Answer::Done)
}

/// Ends a run whose worker could not go on now; its task rests until then.
pub(super) fn defer(
    work: &mut Work<'_>,
    run: RunId,
    until: Timestamp,
    reason: &str,
) -> Result<Answer, Error> {
    put_back(work, run, Outcome::Deferred, Some((until, reason)))?;
    Ok(Answer::Done)
}

fn put_back(
    work: &mut Work<'_>,
    run: RunId,
    outcome: Outcome,
    rest: Option<(Timestamp, &str)>,
) -> Result<(), Error> {
    let open = open_run(work, run)?;
    let task = work.task(&open.task)?;
    runs::close(work.conn, work.now, run, outcome, None)?;
    let event = match rest {
        Some((until, reason)) => EventBody::Deferred {
            run,
            until,
            reason: reason.to_owned(),
        },
        None => EventBody::Interrupted { run },
    };
    release(work, &task, rest.map(|(until, _)| until), &event)
}

/// Frees a task whose run has been closed, for the next one.
pub(super) fn release(
    work: &mut Work<'_>,
    task: &Task,
    not_before: Option<Timestamp>,
    event: &EventBody,
) -> Result<(), Error> {
    let status = super::step(task, &Step::Release, "tried again")?;
    work.put(&task.id, &status, not_before)?;
    work.log(&task.id, event)?;
    promotion::hold_back(work, &task.id)
}

/// Stops the current run of a task, which then waits for a person.
pub(super) fn cancel(work: &mut Work<'_>, actor: &Actor, id: &TaskId) -> Result<Answer, Error> {
    let task = work.task(id)?;
    let status = super::step(&task, &Step::Cancel, "cancelled")?;
    take_away(work, actor, id)?;
    work.put(&task.id, &status, None)?;
    Ok(Answer::Done)
}

/// Closes the run of a task that is taken away from its worker, if it has one.
pub(super) fn take_away(work: &mut Work<'_>, actor: &Actor, id: &TaskId) -> Result<(), Error> {
    let closed = runs::close_open_run_of(work.conn, work.now, id, Outcome::Cancelled)?;
    match closed {
        Some(run) => work.log(
            id,
            &EventBody::Cancelled {
                run,
                by: actor.name.clone(),
            },
        ),
        None => Ok(()),
    }
}

pub(super) fn adopt(work: &mut Work<'_>, run: RunId) -> Result<Answer, Error> {
    let open = open_run(work, run)?;
    work.log(&open.task, &EventBody::Adopted { run })?;
    Ok(Answer::Done)
}

fn open_run(work: &Work<'_>, run: RunId) -> Result<OpenRun, Error> {
    runs::open_run_with_id(work.conn, run)?.ok_or_else(|| Refusal::RunNotOpen(run).into())
}
