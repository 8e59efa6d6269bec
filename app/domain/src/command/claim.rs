//! The verbs by which people and workers claim a task, keep it and give it back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Audited, Change, LEASE, Renewed, Verb, texts, verb};
use crate::actor::Authority;
use crate::authority::Act;
use crate::dispatch::Slot;
use crate::error::Error;
use crate::id::{RunId, RunToken, TaskId};
use crate::task::Task;
use crate::time::{Seconds, Timestamp};

/// A claim that was granted.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The run that it opened.
    pub run: RunId,
    /// The run's token, which the worker authenticates with.
    pub token: RunToken,
    /// The task as it is now.
    pub task: Task,
}

/// Claims a ready task and opens a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimTask {
    /// The task.
    pub task: TaskId,
    /// The claimer, as `host:pid`.
    pub lock: String,
    /// The length of the lease.
    pub ttl: Seconds,
    /// The lane that will start the worker; `None` for a person.
    pub lane: Option<String>,
    /// Checks beyond status and parents.
    pub policy: ClaimPolicy,
}

impl Verb for ClaimTask {
    type Answer = Box<Claimed>;

    const ACT: Act = Act::Claim;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            lock,
            ttl: _,
            lane,
            policy: _,
        } = self;
        texts::name("claimer", Some(lock))?;
        texts::name("lane", lane.as_mut())
    }
}

/// Records a heartbeat of the worker: it makes progress. Renews the lease too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Heartbeat {
    /// The task.
    pub task: TaskId,
    /// The new length of the lease, from now.
    #[serde(default = "usual_lease")]
    pub ttl: Seconds,
}

fn usual_lease() -> Seconds {
    LEASE
}

verb!(Heartbeat: Heartbeat -> Renewed, task);

/// Puts a running task off until a moment, for a limit that its worker has met, and holds the lane with
/// all that share its account. Does not count as a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeferTask {
    /// The task.
    pub task: TaskId,
    /// The moment.
    pub until: Option<Timestamp>,
    /// The same as a span from now on, which counts before `until`.
    #[serde(rename = "for")]
    pub span: Option<Seconds>,
    /// The limit, in a sentence.
    pub reason: Option<String>,
}

impl Verb for DeferTask {
    type Answer = Change;

    const ACT: Act = Act::Defer;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            until: _,
            span: _,
            reason,
        } = self;
        texts::reason(reason)
    }
}

/// Cancels the current run of a task. The task goes to `todo` and stays there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CancelRun {
    /// The task.
    pub task: TaskId,
}

verb!(CancelRun: Cancel -> Change, task);

/// Takes a running task away from its worker, makes it ready for another attempt, and resets
/// its failures: a person has looked at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[cfg_attr(
    feature = "cli",
    command(after_help = "Examples:\n  kanban reclaim t_1a2b3c4d --reason 'it loops'")
)]
pub struct ReclaimTask {
    /// The task.
    pub task: TaskId,
    /// Refuses unless this is its current run.
    #[cfg_attr(feature = "cli", arg(long))]
    pub run: Option<RunId>,
    /// The reason, for whoever reads the event.
    #[cfg_attr(feature = "cli", arg(long))]
    pub reason: Option<String>,
}

impl Verb for ReclaimTask {
    type Answer = Change;

    const ACT: Act = Act::Move;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            run: _,
            reason,
        } = self;
        texts::reason(reason)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("reclaim", self.reason.clone()))
    }
}

/// The checks of a claim beyond the task's status and parents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a condition by itself, and any may go with any other"
)]
pub struct ClaimPolicy {
    /// The maximum number of open runs on the whole board.
    pub global_cap: Option<u32>,
    /// The maximum number of open runs in the lane.
    pub lane_cap: Option<u32>,
    /// True to refuse a task in back-off.
    pub respects_rest: bool,
    /// True to refuse while the dispatcher or the lane is paused, or the lane or its pool is held.
    pub respects_pause: bool,
    /// The pool of the lane, if it is in one.
    #[serde(default)]
    pub pool: Option<String>,
    /// True where a check decides whether the task is done.
    #[serde(default)]
    pub has_check: bool,
    /// True if the work lands by itself once it is done.
    #[serde(default)]
    pub lands: bool,
    /// The one for whom work that waits for a verdict is claimed; `None` is the lane.
    pub reviewer: Option<String>,
    /// The reviewer of the lane's tasks that name none.
    pub review: Option<String>,
    /// The runs whose processes may still be alive, and their slots. Those that are closed by then
    /// keep their tasks from being claimed and count against the caps.
    pub unfinished_runs: BTreeMap<RunId, Slot>,
}
