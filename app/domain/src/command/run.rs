//! The verbs of dispatchers and supervisors: what becomes of a run.

use serde::{Deserialize, Serialize};

use super::{Change, Count, Renewed, Verb, texts, verb};
use crate::actor::Authority;
use crate::authority::Act;
use crate::backoff::RetryPolicy;
use crate::branch::Branch;
use crate::check::CheckEnd;
use crate::error::Error;
use crate::hold::Cause;
use crate::id::{RunId, TaskId};
use crate::run::{Outcome, ProcessIdentity};
use crate::text::{one_line, printed};
use crate::time::{Seconds, Timestamp};

/// Renews the lease for the supervisor, which is alive. Says nothing of the worker's progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewLease {
    /// The task.
    pub task: TaskId,
    /// The new length of the lease, from now.
    pub ttl: Seconds,
}

verb!(RenewLease: Heartbeat -> Renewed, task);

/// Records the process of a run's supervisor. Refused once the run is closed, so that a
/// supervisor that comes too late starts no worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachSupervisor {
    /// The run.
    pub run: RunId,
    /// The supervisor's process.
    pub process: ProcessIdentity,
}

verb!(AttachSupervisor: Supervise -> Change, run);

/// Records that the worker of a run was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSpawn {
    /// The run.
    pub run: RunId,
    /// The process id of the worker.
    pub worker_pid: i64,
    /// Its working directory.
    pub workspace: String,
    /// The start of its output in the task's log, in bytes.
    pub log_start: Option<u64>,
}

verb!(RecordSpawn: Supervise -> Change, run);

/// Records the workspace of a run that was claimed by hand. Writes no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceRun {
    /// The run.
    pub run: RunId,
    /// The folder.
    pub workspace: String,
}

verb!(PlaceRun: Dispatch -> Change, run);

/// Records that the worker of a run is gone. Does not settle the task; the run may be closed.
/// If it is open, the commands of the same request close it as of that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordExit {
    /// The run.
    pub run: RunId,
    /// The time of the exit, if known.
    pub ended_at: Option<Timestamp>,
    /// The worker's exit code, if it exited by itself.
    pub code: Option<i32>,
    /// The end of its output in the task's log, in bytes; `None` when the log was rotated.
    pub log_end: Option<u64>,
    /// The commit at which it left the branch of its task.
    pub commit: Option<String>,
}

verb!(RecordExit: Supervise -> Change, run);

/// Records the branch of a run's task before git makes it: what is not recorded is not the task's, and
/// its workers do not continue it. Writes no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordBranch {
    /// The run.
    pub run: RunId,
    /// The branch.
    pub branch: Branch,
}

verb!(RecordBranch: Supervise -> Change, run);

/// Records that the check of a run has begun. Refused once the run is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginCheck {
    /// The run.
    pub run: RunId,
}

verb!(BeginCheck: Supervise -> Change, run);

/// Writes the receipt of a run's check. One that has not passed closes the run, and its task is worked
/// on again, or blocked after too many in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleCheck {
    /// The run.
    pub run: RunId,
    /// The check.
    pub check: CheckEnd,
    /// The number of red checks in a row that blocks the task; `None` is
    /// [`REWORK_LIMIT`](crate::check::REWORK_LIMIT).
    pub limit: Option<u32>,
}

impl Verb for SettleCheck {
    type Answer = Change;

    const ACT: Act = Act::Supervise;

    fn run(&self) -> Option<RunId> {
        Some(self.run)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        texts::clean(&mut self.check.output, printed);
        texts::clean_some(&mut self.check.git.git_problem, one_line);
        for file in &mut self.check.git.files {
            texts::clean(&mut file.path, one_line);
            texts::clean_some(&mut file.old_path, one_line);
        }
        Ok(())
    }
}

/// Closes a run as failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailRun {
    /// The run.
    pub run: RunId,
    /// The kind and the error of the failure.
    pub failure: Failure,
    /// The number of failures in a row that blocks the task, unless the task has its own;
    /// `None` is [`FAILURE_LIMIT`](super::FAILURE_LIMIT).
    pub limit: Option<u32>,
    /// The back-off before the next attempt.
    #[serde(default)]
    pub next: NextAttempt,
    /// The rule by which failures of different tasks are their lane's; `None` for a lane whose program
    /// is the task's own.
    #[serde(default)]
    pub breaker: Option<Breaker>,
}

impl Verb for FailRun {
    type Answer = Change;

    const ACT: Act = Act::Dispatch;

    fn run(&self) -> Option<RunId> {
        Some(self.run)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            run: _,
            failure,
            limit: _,
            next: _,
            breaker: _,
        } = self;
        let Failure {
            outcome: _,
            code: _,
            error,
            proposed,
        } = failure;
        texts::clean(error, printed);
        texts::clean_some(proposed, printed);
        Ok(())
    }
}

/// Defers a run: a dependency is temporarily unavailable. Does not count as a failure. With what it
/// has met, its pool is held; else the task backs off, longer each time in a row, and is blocked
/// after too many deferrals or too long a wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeferRun {
    /// The run.
    pub run: RunId,
    /// The dependency that is missing.
    pub reason: String,
    /// The limit of its lane that it has met, if it has.
    #[serde(default)]
    pub met: Option<Met>,
}

impl Verb for DeferRun {
    type Answer = Change;

    const ACT: Act = Act::Dispatch;

    fn run(&self) -> Option<RunId> {
        Some(self.run)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            run: _,
            reason,
            met: _,
        } = self;
        texts::clean(reason, printed);
        Ok(())
    }
}

/// Closes a run that was interrupted from outside. Does not count as a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterruptRun {
    /// The run.
    pub run: RunId,
    /// The cause, in a sentence, if known.
    pub error: Option<String>,
}

impl Verb for InterruptRun {
    type Answer = Change;

    const ACT: Act = Act::Dispatch;

    fn run(&self) -> Option<RunId> {
        Some(self.run)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self { run: _, error } = self;
        texts::clean_some(error, printed);
        Ok(())
    }
}

/// Records that a restarted dispatcher adopted a living run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptRun {
    /// The run.
    pub run: RunId,
}

verb!(AdoptRun: Dispatch -> Change, run);

/// Takes back every claim whose lease has expired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseStaleClaims;

verb!(ReleaseStaleClaims: Dispatch -> Count);

/// Takes back the claim of another program whose worker is gone. Does not count as a failure;
/// does nothing if the task is claimed otherwise by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCrashed {
    /// The task.
    pub task: TaskId,
    /// The claimer, as `host:pid`.
    pub lock: String,
    /// The process id of the worker.
    pub worker_pid: i64,
}

verb!(ReleaseCrashed: Dispatch -> Change, task);

/// The next attempt after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NextAttempt {
    /// Made after a back-off by this policy.
    After(RetryPolicy),
    /// Made only once a person has mended something.
    Never,
}

impl Default for NextAttempt {
    fn default() -> Self {
        Self::After(RetryPolicy::SOON)
    }
}

/// A limit of its lane that a run has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// The cause for its pool to be held.
    pub cause: Cause,
    /// The end of that hold.
    pub until: HoldUntil,
}

/// The end of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldUntil {
    /// The moment that the worker named.
    Moment(Timestamp),
    /// A minute from now, longer each time in a row, up to half an hour.
    Growing,
    /// The word of a person.
    Released,
}

/// The rule by which failures of different tasks are their lane's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// The number of tasks that fail alike.
    pub failures: u32,
    /// The time within which they do.
    pub within: Seconds,
    /// The longest run of a worker that fails early.
    pub early: Seconds,
}

impl Breaker {
    /// Three within two minutes, each in its first 30 s.
    pub const USUAL: Self = Self {
        failures: 3,
        within: Seconds(120),
        early: Seconds(30),
    };
}

/// The failure of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The class of failure.
    pub outcome: Outcome,
    /// The worker's exit code, where it exited by itself.
    pub code: Option<i32>,
    /// The error, in a sentence.
    pub error: String,
    /// The last output of a worker that reported nothing: a person may accept it as the result.
    pub proposed: Option<String>,
}
