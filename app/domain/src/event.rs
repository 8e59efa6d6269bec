//! The events of the board, as they are logged and sent to every listener.

use serde::{Deserialize, Serialize};

use crate::hold::Cause;
use crate::id::{EventId, ReceiptId, RunId, TaskId};
use crate::outcome::{StartOn, TaskOutcome};
use crate::run::Outcome;
use crate::status::Status;
use crate::time::Timestamp;

/// One line of the event log.
///
/// The kind stays text and the payload stays JSON: a log also holds what other versions wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Its position in the log of the whole board.
    pub id: EventId,
    /// The task it is about.
    pub task_id: TaskId,
    /// Its kind, as named by [`EventBody::kind`].
    pub kind: String,
    /// The data that belongs to the kind.
    pub payload: Option<serde_json::Value>,
    /// The time of the event.
    pub created_at: Timestamp,
}

/// The body of an event as the kernel logs it: the kind, and the payload with its keys in order.
///
/// The kinds and keys are those of the original up to `Edited`, then our own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(
    missing_docs,
    reason = "the fields are the payload's keys and are named by the contract"
)]
pub enum EventBody {
    /// The task was created.
    Created {
        assignee: Option<String>,
        status: Status,
        parents: Vec<TaskId>,
        tenant: Option<String>,
    },
    /// Its parents are finished, so it left `todo` by itself.
    Ready,
    /// The task was claimed.
    Claimed { lock: String, expires: Timestamp },
    /// The lease of its run expired, or somebody took the task away from its worker.
    Reclaimed {
        stale_lock: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Its worker vanished. There is no run if another program had started the worker.
    Crashed {
        pid: Option<i64>,
        claimer: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
    },
    /// Its worker could not be started.
    SpawnFailed { error: String, failures: u32 },
    /// Its worker failed to start too often.
    SpawnAutoBlocked { failures: u32, error: String },
    /// It was completed; by a person also without its check. The length is in characters.
    Completed {
        result_len: usize,
        #[serde(skip_serializing_if = "TaskOutcome::is_success")]
        outcome: TaskOutcome,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unchecked: bool,
    },
    /// It was blocked: it needs a person.
    Blocked { reason: Option<String> },
    /// It was unblocked.
    Unblocked,
    /// It was archived.
    Archived,
    /// It was assigned to somebody else, or to nobody.
    Assigned { assignee: Option<String> },
    /// A parent was added, or the outcome on which it starts was changed.
    Linked {
        parent: TaskId,
        child: TaskId,
        #[serde(skip_serializing_if = "StartOn::is_success")]
        on: StartOn,
    },
    /// A parent was removed.
    Unlinked { parent: TaskId, child: TaskId },
    /// Its priority was changed.
    Priority { priority: i64 },
    /// Its title or body was changed.
    Edited,
    /// A comment was added; the author as given, the length in characters before trimming.
    Commented { author: String, len: usize },
    /// It was moved by hand.
    Status { status: Status },
    /// The worker of a run was started.
    Spawned {
        run: RunId,
        lane: String,
        pid: i64,
        workspace: String,
    },
    /// A run failed and another will follow.
    AttemptFailed {
        run: RunId,
        outcome: Outcome,
        code: Option<i32>,
        error: String,
        failures: u32,
        retry_at: Timestamp,
    },
    /// The worker of a run reports that it has finished: the check comes next.
    Reported { run: RunId, result_len: usize },
    /// The check of a run has begun.
    CheckStarted { run: RunId },
    /// The check of a run has passed.
    CheckPassed { run: RunId, receipt: ReceiptId },
    /// The check of a run has not passed: the task is worked on again.
    CheckFailed {
        run: RunId,
        receipt: ReceiptId,
        error: String,
        rework: u32,
    },
    /// Its work is done and waits for a verdict of this reviewer.
    ReviewRequested {
        run: Option<RunId>,
        reviewer: String,
        result_len: usize,
    },
    /// Its work was approved.
    Approved {
        run: Option<RunId>,
        receipt: ReceiptId,
        by: String,
    },
    /// Changes to its work were asked for.
    ChangesRequested {
        run: Option<RunId>,
        receipt: ReceiptId,
        by: String,
        reason: String,
        rounds: u32,
    },
    /// Its branch holds another commit than the one that its check saw.
    BranchMoved { commit: String },
    /// Its work is to land on this branch; without one somebody has to name it.
    LandingRequested { onto: Option<String>, by: String },
    /// Its landing waits.
    LandingWaits { problem: String },
    /// Its landing has ended: there was nothing to land.
    LandingEnded { reason: String },
    /// Its landing has sent it back: a conflict, or a red check.
    LandingFailed {
        onto: String,
        receipt: ReceiptId,
        error: String,
        sent_back: u32,
    },
    /// Its work has landed as this commit; the branch is kept for this reason, although it was to be
    /// deleted.
    Landed {
        onto: String,
        commit: String,
        receipt: ReceiptId,
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
    /// Runs failed too often.
    GaveUp {
        failures: u32,
        error: String,
        outcome: Outcome,
    },
    /// A run was ended because its task was taken away.
    Cancelled { run: RunId, by: String },
    /// A run was deferred: a dependency is temporarily unavailable. It does not count as a failure.
    /// Without a moment it waits for a person.
    Deferred {
        run: RunId,
        until: Option<Timestamp>,
        reason: String,
    },
    /// Its run met a limit of its lane, so the lane or its pool is held.
    LaneHeld {
        lane: String,
        cause: Cause,
        until: Option<Timestamp>,
        reason: String,
    },
    /// Its run was the probe of a held lane or pool, and others start again.
    LaneReleased { lane: String },
    /// A run was interrupted from outside and does not count as a failure.
    Interrupted { run: RunId },
    /// A restarted dispatcher found the worker of a run alive.
    Adopted { run: RunId },
    /// A parent was reopened, so it left `ready` by itself.
    Demoted { reason: String, parent: TaskId },
    /// A parent was reopened or added while it runs; it goes on, and waits again if its run fails.
    Marked { reason: String, parent: TaskId },
    /// All its parents are finished again, or none any more.
    Unmarked { parent: TaskId },
    /// It is not started before this moment, or at once again.
    Snoozed { until: Option<Timestamp> },
    /// The request that wrote this event was undone.
    Undone { event: EventId },
}

impl EventBody {
    /// The kind as it stands in the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Ready => "ready",
            Self::Claimed { .. } => "claimed",
            Self::Reclaimed { .. } => "reclaimed",
            Self::Crashed { .. } => "crashed",
            Self::SpawnFailed { .. } => "spawn_failed",
            Self::SpawnAutoBlocked { .. } => "spawn_auto_blocked",
            Self::Completed { .. } => "completed",
            Self::Blocked { .. } => "blocked",
            Self::Unblocked => "unblocked",
            Self::Archived => "archived",
            Self::Assigned { .. } => "assigned",
            Self::Linked { .. } => "linked",
            Self::Unlinked { .. } => "unlinked",
            Self::Priority { .. } => "priority",
            Self::Edited => "edited",
            Self::Commented { .. } => "commented",
            Self::Status { .. } => "status",
            Self::Spawned { .. } => "spawned",
            Self::AttemptFailed { .. } => "attempt_failed",
            Self::Reported { .. } => "reported",
            Self::CheckStarted { .. } => "check_started",
            Self::CheckPassed { .. } => "check_passed",
            Self::CheckFailed { .. } => "check_failed",
            Self::ReviewRequested { .. } => "review_requested",
            Self::Approved { .. } => "approved",
            Self::ChangesRequested { .. } => "changes_requested",
            Self::BranchMoved { .. } => "branch_moved",
            Self::LandingRequested { .. } => "landing_requested",
            Self::LandingWaits { .. } => "landing_waits",
            Self::LandingEnded { .. } => "landing_ended",
            Self::LandingFailed { .. } => "landing_failed",
            Self::Landed { .. } => "landed",
            Self::GaveUp { .. } => "gave_up",
            Self::Cancelled { .. } => "cancelled",
            Self::Deferred { .. } => "deferred",
            Self::LaneHeld { .. } => "lane_held",
            Self::LaneReleased { .. } => "lane_released",
            Self::Interrupted { .. } => "interrupted",
            Self::Adopted { .. } => "adopted",
            Self::Demoted { .. } => "demoted",
            Self::Marked { .. } => "marked",
            Self::Unmarked { .. } => "unmarked",
            Self::Snoozed { .. } => "snoozed",
            Self::Undone { .. } => "undone",
        }
    }
}
