//! The events of a run between its claim and its end, as the dispatcher and the supervisors report
//! them.

use domain::actor::Actor;
use domain::backoff::{self, RetryPolicy};
use domain::command::{
    AdoptRun, AttachSupervisor, CancelRun, Change, DeferRun, FAILURE_LIMIT, FailRun, Failure,
    InterruptRun, NextAttempt, PlaceRun, ReclaimTask, RecordExit, RecordSpawn,
};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{RunId, TaskId};
use domain::review::{PERSON, Review};
use domain::run::Outcome;
use domain::task::Task;
use domain::time::Timestamp;
use domain::transition::Step;
use rand::RngExt;

use super::undo::Inverse;
use super::{CarryOut, Work, breaker, promotion};
use crate::error::Error;
use crate::runs::{self, End, OpenRun};
use crate::{branches, row, tasks};

/// The maximum number of characters of an error that a task keeps, as in the original.
const ERROR_CHARS: usize = 500;

impl CarryOut for AttachSupervisor {
    /// Records the supervisor of a run. Only the first one is accepted, as often as it says so: it may
    /// not have heard the answer.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { run, process } = self;
        let attached = work
            .conn
            .prepare_cached(
                "UPDATE runs SET boot_id = ?2, pid = ?3, pid_started = ?4 \
                 WHERE id = ?1 AND ended_at IS NULL \
                   AND (pid IS NULL OR boot_id = ?2 AND pid = ?3 AND pid_started = ?4)",
            )?
            .execute((run.0, &process.boot_id, process.pid, process.started_ticks))?;
        if attached == 1 {
            Ok(Change::Done)
        } else {
            Err(Refusal::RunNotOpen(*run).into())
        }
    }
}

impl CarryOut for RecordSpawn {
    /// Records the worker of a run, once: its supervisor may not have heard the answer.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let run = self.run;
        let open = open_run(work, run)?;
        let is_recorded = work
            .conn
            .prepare_cached("SELECT 1 FROM runs WHERE id = ?1 AND worker_pid = ?2")?
            .exists((run.0, self.worker_pid))?;
        if is_recorded {
            return Ok(Change::Unchanged);
        }
        runs::change(
            work.conn,
            run,
            "UPDATE runs SET worker_pid = ?2, workspace = ?3, spawned_at = ?4, log_start = ?5 \
             WHERE id = ?1",
            (
                run.0,
                self.worker_pid,
                &self.workspace,
                work.now.0,
                self.log_start.map(row::offset),
            ),
        )?;
        work.conn
            .prepare_cached("UPDATE tasks SET worker_pid = ?2, workspace_path = ?3 WHERE id = ?1")?
            .execute((open.task.as_str(), self.worker_pid, &self.workspace))?;
        let spawned = EventBody::Spawned {
            run,
            lane: open.lane.unwrap_or_default(),
            pid: self.worker_pid,
            workspace: self.workspace.clone(),
        };
        work.log(&open.task, &spawned)?;
        Ok(Change::Done)
    }
}

impl CarryOut for PlaceRun {
    /// Records the workspace of a task claimed by hand, for its run and for the next attempt.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { run, workspace } = self;
        let open = open_run(work, *run)?;
        work.conn
            .prepare_cached("UPDATE runs SET workspace = ?2 WHERE id = ?1")?
            .execute((run.0, workspace))?;
        work.conn
            .prepare_cached("UPDATE tasks SET workspace_path = ?2 WHERE id = ?1")?
            .execute((open.task.as_str(), workspace))?;
        Ok(Change::Done)
    }
}

impl CarryOut for RecordExit {
    /// Records the exit of a run's worker; the run may have been closed long before.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let run = self.run;
        if let Some(ended_at) = self.ended_at {
            let sql = "SELECT started_at FROM runs WHERE id = ?1 AND ended_at IS NULL";
            let began: Option<Timestamp> = row::find(work.conn, sql, [run.0])?;
            // Two clocks may have been set differently, or one between the two moments.
            work.ended = began.map(|began| (run, ended_at.min(work.now).max(began)));
        }
        if let Some(commit) = &self.commit {
            branches::left_at(work.conn, run, commit)?;
        }
        let recorded = work
            .conn
            .prepare_cached("UPDATE runs SET exit_code = ?2, log_end = ?3 WHERE id = ?1")?
            .execute((run.0, self.code, self.log_end.map(row::offset)))?;
        if recorded == 1 {
            Ok(Change::Done)
        } else {
            Err(Refusal::UnknownRun(run).into())
        }
    }
}

impl CarryOut for FailRun {
    /// Closes a run that did not finish its task. The task backs off and is tried again, or is blocked
    /// once it has failed too often.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let (run, failure, next) = (self.run, &self.failure, self.next);
        let open = open_run(work, run)?;
        let task = work.task(&open.task)?;
        let failures = task.failures.saturating_add(1);
        let outcome = failure.outcome;
        if let Some(breaker) = self.breaker
            && breaker::opens(work, &open, failure, &breaker)?
        {
            return Ok(Change::Done);
        }
        let end = End {
            code: failure.code,
            error: Some(&failure.error),
            summary: failure.proposed.as_deref(),
            metadata: None,
        };
        work.close_run(&task.id, run, outcome, &end)?;
        let is_last = next == NextAttempt::Never
            || failures >= task.failure_limit.or(self.limit).unwrap_or(FAILURE_LIMIT)
            || outcome == Outcome::Protocol && violates_again_and_again(work, &task.id, failures)?;
        if is_last {
            give_up(work, &task, failures, failure)?;
            return Ok(Change::Done);
        }
        let error = remember(work, &task.id, failures, failure)?;
        let policy = match next {
            NextAttempt::After(policy) => policy,
            NextAttempt::Never => RetryPolicy::SOON,
        };
        let retry_at = work.now + policy.rest(failures, work.rng.random());
        let code = failure.code;
        let event = match outcome {
            Outcome::SpawnFailed => EventBody::SpawnFailed { error, failures },
            Outcome::Crashed => {
                let claimer = task.claim_lock.clone();
                EventBody::Crashed {
                    pid: task.worker_pid,
                    claimer,
                    run: Some(run),
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
        Ok(Change::Done)
    }
}

/// Blocks a task whose attempts failed too often.
pub(super) fn give_up(
    work: &mut Work<'_>,
    task: &Task,
    failures: u32,
    failure: &Failure,
) -> Result<(), Error> {
    let status = super::step(task, &Step::GiveUp, "given up")?;
    work.put(&task.id, &status, None)?;
    let error = remember(work, &task.id, failures, failure)?;
    let event = match failure.outcome {
        Outcome::SpawnFailed => EventBody::SpawnAutoBlocked { failures, error },
        outcome => EventBody::GaveUp {
            failures,
            error,
            outcome,
        },
    };
    work.log(&task.id, &event)
}

/// Keeps the error of the last attempt on the task, cut to its maximum length.
fn remember(
    work: &Work<'_>,
    task: &TaskId,
    failures: u32,
    failure: &Failure,
) -> Result<String, Error> {
    let error: String = failure.error.chars().take(ERROR_CHARS).collect();
    tasks::set_failures(work.conn, task, failures, Some(&error))?;
    Ok(error)
}

/// Returns true if the last attempts that count were all protocol violations. Attempts before the
/// failures of the task were reset do not count.
fn violates_again_and_again(work: &Work<'_>, task: &TaskId, failures: u32) -> Result<bool, Error> {
    let limit = backoff::PROTOCOL_VIOLATIONS;
    if failures < limit {
        return Ok(false);
    }
    let sql = "SELECT count(*) FROM ( \
                   SELECT outcome FROM runs \
                   WHERE task_id = ?1 AND outcome NOT IN ('deferred', 'interrupted', 'reclaimed') \
                   ORDER BY id DESC LIMIT ?2) \
               WHERE outcome = 'protocol'";
    let violations: u32 = row::one(work.conn, sql, (task.as_str(), limit))?;
    Ok(violations == limit)
}

impl CarryOut for InterruptRun {
    /// Closes a run that was interrupted from outside. Its task may start again at once, unless a
    /// worker had started in it and the attempt before was cut short in the same way: then it is
    /// deferred, so that no task ends its runs for ever. A run that ends before its worker starts
    /// tells of the server and not of the task.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let (run, error) = (self.run, self.error.as_deref());
        let open = open_run(work, run)?;
        let task = work.task(&open.task)?;
        if error.is_none() && was_cut_short_twice(work, run, &task.id)? {
            let reason = "its runs end again and again before their workers do".to_owned();
            let met = None;
            return DeferRun { run, reason, met }.carry_out(work, actor);
        }
        let end = End {
            error,
            ..End::default()
        };
        work.close_run(&task.id, run, Outcome::Interrupted, &end)?;
        release(work, &task, None, &EventBody::Interrupted { run })?;
        Ok(Change::Done)
    }
}

/// Returns true if a worker had started in the open run of a task, and in its last run too, and that
/// one was interrupted or deferred.
fn was_cut_short_twice(work: &Work<'_>, open: RunId, task: &TaskId) -> Result<bool, Error> {
    let sql = "SELECT last.outcome IN ('interrupted', 'deferred') \
                   AND last.spawned_at IS NOT NULL AND open.spawned_at IS NOT NULL \
               FROM runs AS last, runs AS open \
               WHERE open.id = ?1 AND last.task_id = ?2 AND last.ended_at IS NOT NULL \
               ORDER BY last.id DESC LIMIT 1";
    Ok(row::find(work.conn, sql, (open.0, task.as_str()))?.unwrap_or_default())
}

/// Makes a task ready for another attempt, after its run has been closed.
pub(super) fn release(
    work: &mut Work<'_>,
    task: &Task,
    not_before: Option<Timestamp>,
    event: &EventBody,
) -> Result<(), Error> {
    let is_review = task.in_review.is_some();
    let status = super::step(task, &Step::Release { is_review }, "tried again")?;
    work.put(&task.id, &status, not_before)?;
    work.log(&task.id, event)?;
    if is_review {
        return Ok(());
    }
    promotion::hold_back(work, &task.id)
}

impl CarryOut for CancelRun {
    /// Cancels the current run of a task, which then waits for a person. Where the run was to judge the
    /// work, that waits for the verdict of one: its lane would claim it anew at once.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        let review = task.in_review.clone().map(|review| Review {
            reviewer: PERSON.to_owned(),
            ..review
        });
        let step = match review {
            Some(_) => Step::Release { is_review: true },
            None => Step::Cancel,
        };
        let status = super::step(&task, &step, "cancelled")?;
        work.note(id, || Inverse::place(&task));
        take_away(work, actor, id)?;
        work.put(id, &status, None)?;
        if review.is_some() {
            tasks::set_review(work.conn, id, review.as_ref())?;
        }
        Ok(Change::Done)
    }
}

impl CarryOut for ReclaimTask {
    /// Takes a running task away from its worker and makes it ready for another attempt.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        let is_review = task.in_review.is_some();
        super::step(&task, &Step::Release { is_review }, "reclaimed")?;
        let open = runs::open_run_of(work.conn, id)?.map(|run| run.id);
        if let Some(run) = self.run.filter(|run| open != Some(*run)) {
            return Err(Refusal::RunNotOpen(run).into());
        }
        reclaim(work, actor, &task, self.reason.as_deref())
    }
}

/// Takes a running task away from its worker and makes it ready for another attempt.
pub(super) fn reclaim(
    work: &mut Work<'_>,
    actor: &Actor,
    task: &Task,
    reason: Option<&str>,
) -> Result<Change, Error> {
    work.note(&task.id, || Inverse::place(task));
    let reason = super::said(reason);
    let end = End {
        error: reason,
        ..End::default()
    };
    work.close_run_of(&task.id, Outcome::Reclaimed, &end)?;
    tasks::forgive(work.conn, &task.id)?;
    let event = EventBody::Reclaimed {
        stale_lock: task.claim_lock.clone(),
        by: Some(actor.name.clone()),
        reason: reason.map(str::to_owned),
    };
    release(work, task, None, &event)?;
    Ok(Change::Done)
}

/// Closes the run of a task that is taken away from its worker, if it has one.
pub(super) fn take_away(work: &mut Work<'_>, actor: &Actor, id: &TaskId) -> Result<(), Error> {
    let closed = work.close_run_of(id, Outcome::Cancelled, &End::default())?;
    let Some(run) = closed else {
        return Ok(());
    };
    tasks::forget_run(work.conn, id)?;
    let by = actor.name.clone();
    work.log(id, &EventBody::Cancelled { run, by })
}

impl CarryOut for AdoptRun {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let run = self.run;
        let open = open_run(work, run)?;
        work.log(&open.task, &EventBody::Adopted { run })?;
        Ok(Change::Done)
    }
}

/// Returns the run, unless it was closed. The events of its task from here on name it.
pub(super) fn open_run(work: &mut Work<'_>, run: RunId) -> Result<OpenRun, Error> {
    let open = runs::open_run_with_id(work.conn, run)?.ok_or(Refusal::RunNotOpen(run))?;
    work.run = Some((open.task.clone(), run));
    Ok(open)
}
