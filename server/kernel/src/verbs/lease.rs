//! Leases: renewing them, and ending claims that no longer hold.

use domain::actor::Actor;
use domain::command::{Count, Heartbeat, ReleaseStaleClaims, RenewLease, Renewed};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use rusqlite::Connection;

use super::{CarryOut, Work, attempt, check};
use crate::error::Error;
use crate::row::{self, Columns, HAS_UNMET_LINK, columns};
use crate::runs::{self, End};
use crate::tasks;

impl CarryOut for Heartbeat {
    /// Records a heartbeat of the worker, and renews its lease.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Renewed, Error> {
        lengthen(work, &self.task, self.ttl, Some(work.now))
    }
}

impl CarryOut for RenewLease {
    /// Renews the lease of the current run to `ttl` from now.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Renewed, Error> {
        lengthen(work, &self.task, self.ttl, None)
    }
}

fn lengthen(
    work: &mut Work<'_>,
    id: &TaskId,
    ttl: Seconds,
    sign_of_life: Option<Timestamp>,
) -> Result<Renewed, Error> {
    let task = work.task(id)?;
    let run = runs::open_run_of(work.conn, id)?.ok_or_else(|| Refusal::WrongStatus {
        task: id.clone(),
        status: task.status,
        verb: "kept alive",
    })?;
    let lease_expires = work.now + ttl;
    let sign_of_life = sign_of_life.map(|at| at.0);
    runs::change(
        work.conn,
        run.id,
        "UPDATE runs SET lease_expires = ?2, heartbeat_at = coalesce(?3, heartbeat_at) \
         WHERE id = ?1",
        (run.id.0, lease_expires.0, sign_of_life),
    )?;
    work.conn
        .prepare_cached(
            "UPDATE tasks SET claim_expires = ?2, \
                 last_heartbeat_at = coalesce(?3, last_heartbeat_at) \
             WHERE id = ?1",
        )?
        .execute((id.as_str(), lease_expires.0, sign_of_life))?;
    Ok(Renewed { lease_expires })
}

/// A claim that no longer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleClaim {
    /// Its run; `None` where another program claimed the task.
    pub run: Option<RunId>,
    /// The task.
    pub task: TaskId,
    /// The status of the task; `None` when another program deleted it.
    pub status: Option<Status>,
    /// True if it has a parent that is not finished, for which it waits once it is free.
    pub waits: bool,
}

columns! {
    StaleClaim { run, task, status, waits }
}

impl StaleClaim {
    /// Returns the outcome of its run. A program that took the task out of `running` has reported
    /// it by the new status: a worker that reports its end to another program has not lost its
    /// task.
    pub fn outcome(&self) -> Outcome {
        match self.status {
            Some(Status::Done) => Outcome::Completed,
            Some(Status::Blocked) => Outcome::Blocked,
            _ => Outcome::Reclaimed,
        }
    }

    /// Returns true if its task may start again.
    pub fn frees_task(&self) -> bool {
        self.status == Some(Status::Running)
    }
}

/// The end of the lease of a running task. Another program renews its own claim on the task only.
pub(crate) const LEASE_END: &str =
    "max(coalesce(run.lease_expires, 0), coalesce(CAST(tasks.claim_expires AS INTEGER), 0))";

/// Returns the claims that no longer hold: another program took the task out of `running`, or away,
/// or the lease has expired without a supervisor. If there is a supervisor, the dispatcher knows
/// better if the run is alive, also after the machine has slept through the lease.
pub(crate) fn stale_claims(conn: &Connection, now: Timestamp) -> Result<Vec<StaleClaim>, Error> {
    let sql = format!(
        "SELECT {} FROM ( \
             SELECT run.id AS run, run.task_id AS task, tasks.status AS status, \
                 {HAS_UNMET_LINK} AS waits \
             FROM runs AS run INDEXED BY idx_runs_open \
             LEFT JOIN tasks ON tasks.id = run.task_id \
             WHERE run.ended_at IS NULL \
               AND (tasks.status IS NOT 'running' OR run.pid IS NULL AND {LEASE_END} < ?1) \
             UNION ALL \
             SELECT NULL, tasks.id, tasks.status, {HAS_UNMET_LINK} \
             FROM tasks INDEXED BY idx_tasks_status \
             LEFT JOIN runs AS run ON run.task_id = tasks.id AND run.ended_at IS NULL \
             WHERE tasks.status = 'running' AND run.id IS NULL AND {LEASE_END} < ?1) \
         ORDER BY run, task",
        StaleClaim::columns()
    );
    row::all(conn, &sql, [now.0])
}

impl CarryOut for ReleaseStaleClaims {
    /// Closes the runs whose claims no longer hold, and counts those that did not end by themselves.
    /// Each of their tasks that is still running may start again without back-off: nobody has reported
    /// a failure.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Count, Error> {
        let mut count = 0;
        for stale in stale_claims(work.conn, work.now)? {
            let outcome = stale.outcome();
            if let Some(run) = stale.run {
                if outcome == Outcome::Completed {
                    check::passed_over(work, run)?;
                }
                work.close_run(&stale.task, run, outcome, &End::default())?;
            }
            if outcome == Outcome::Reclaimed {
                count += 1;
            }
            if !stale.frees_task() {
                tasks::forget_run(work.conn, &stale.task)?;
                continue;
            }
            let task = work.task(&stale.task)?;
            let event = EventBody::Reclaimed {
                stale_lock: task.claim_lock.clone(),
                by: None,
                reason: None,
            };
            attempt::release(work, &task, None, &event)?;
        }
        Ok(Count(count))
    }
}
