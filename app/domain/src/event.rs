//! What happened, as it is written down and told to everybody who listens.

use serde::{Deserialize, Serialize};

use crate::id::{EventId, RunId, TaskId};
use crate::run::Outcome;
use crate::status::Status;
use crate::time::Timestamp;

/// One line of the event log.
///
/// The kind stays text and the payload stays JSON: a log also holds what other versions wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its position in the log of the whole board.
    pub id: EventId,
    /// The task it is about.
    pub task_id: TaskId,
    /// What kind of thing happened, as [`EventBody::kind`] names it.
    pub kind: String,
    /// The particulars.
    pub payload: Option<serde_json::Value>,
    /// When.
    pub created_at: Timestamp,
}

/// What the kernel writes into the event log: the kind, and the payload with its keys in order.
///
/// The kinds and keys are those of the original up to `Edited`, then our own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(
    missing_docs,
    reason = "the fields are the payload's keys and are named by the contract"
)]
pub enum EventBody {
    /// The task was put on the board.
    Created {
        assignee: Option<String>,
        status: Status,
        parents: Vec<TaskId>,
        tenant: Option<String>,
    },
    /// Its parents are finished, so it left `todo` by itself.
    Ready,
    /// Somebody claimed it.
    Claimed { lock: String, expires: Timestamp },
    /// The lease of its run ran out, or somebody took the task away from its worker.
    Reclaimed {
        stale_lock: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Its worker vanished. Where another program had started that, there is no run.
    Crashed {
        pid: Option<i64>,
        claimer: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
    },
    /// Its worker could not be started.
    SpawnFailed { error: String, failures: u32 },
    /// Its worker could not be started too often.
    SpawnAutoBlocked { failures: u32, error: String },
    /// It is done. The length is in characters.
    Completed { result_len: usize },
    /// It needs a person.
    Blocked { reason: Option<String> },
    /// Somebody let it go on.
    Unblocked,
    /// Somebody put it away.
    Archived,
    /// Somebody gave it to somebody else, or to nobody.
    Assigned { assignee: Option<String> },
    /// It waits for one task more.
    Linked { parent: TaskId, child: TaskId },
    /// It waits for one task fewer.
    Unlinked { parent: TaskId, child: TaskId },
    /// It starts sooner or later than before.
    Priority { priority: i64 },
    /// What it says was changed.
    Edited,
    /// Somebody said something; the author as given, the length in characters before trimming.
    Commented { author: String, len: usize },
    /// Somebody moved it.
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
    /// Runs failed too often.
    GaveUp {
        failures: u32,
        error: String,
        outcome: Outcome,
    },
    /// A run was ended because its task was taken away.
    Cancelled { run: RunId, by: String },
    /// A run ended because something it needs is not to be had now; it does not count.
    Deferred {
        run: RunId,
        until: Timestamp,
        reason: String,
    },
    /// A run ended through no fault of its own and does not count.
    Interrupted { run: RunId },
    /// A restarted dispatcher found the worker of a run alive.
    Adopted { run: RunId },
    /// A parent was reopened, so it left `ready` by itself.
    Demoted { reason: String, parent: TaskId },
    /// A parent was reopened or added while it runs; it goes on, and waits again if its run fails.
    Marked { reason: String, parent: TaskId },
    /// All its parents are finished again, or none any more.
    Unmarked { parent: TaskId },
    /// What the request did that wrote this event was taken back.
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
            Self::GaveUp { .. } => "gave_up",
            Self::Cancelled { .. } => "cancelled",
            Self::Deferred { .. } => "deferred",
            Self::Interrupted { .. } => "interrupted",
            Self::Adopted { .. } => "adopted",
            Self::Demoted { .. } => "demoted",
            Self::Marked { .. } => "marked",
            Self::Unmarked { .. } => "unmarked",
            Self::Undone { .. } => "undone",
        }
    }
}
