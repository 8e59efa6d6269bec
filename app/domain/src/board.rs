//! The board as it is shown: one summary for each card, and the frames that keep it current.

mod rows;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::check::Verdict;
use crate::event::Event;
use crate::id::{EventId, TaskId};
use crate::outcome::TaskOutcome;
use crate::status::Status;
use crate::time::Timestamp;

/// The content of a card: a task without its long texts, and the counts around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact by itself, and any may go with any other"
)]
pub struct TaskSummary {
    /// Its id.
    pub id: TaskId,
    /// Its rank in the order of creation.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its assignee.
    pub assignee: Option<String>,
    /// Its status.
    pub status: Status,
    /// True while a worker's process runs it. A task claimed by hand has none.
    pub has_worker: bool,
    /// True while its check runs.
    pub is_checking: bool,
    /// The verdict of its last check since it was last started.
    pub checked: Option<Verdict>,
    /// True once its branch holds another commit than the one that its last check saw.
    pub has_changed_since: bool,
    /// True while its work is to land on another branch.
    pub is_landing: bool,
    /// Higher starts sooner.
    pub priority: i64,
    /// The project or customer.
    pub tenant: Option<String>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the first claim.
    pub started_at: Option<Timestamp>,
    /// The time of the last completion.
    pub completed_at: Option<Timestamp>,
    /// The time of the last change of status.
    pub status_since: Timestamp,
    /// The end of its back-off, before which no attempt is made.
    pub not_before: Option<Timestamp>,
    /// The time by which it is to be finished.
    pub due_at: Option<Timestamp>,
    /// The number of attempts that failed in a row.
    pub failures: u32,
    /// The error of the last failed attempt.
    pub last_error: Option<String>,
    /// As [`crate::task::Task::waiting`]; in `ready`, true if another program made it so before its
    /// parents are finished.
    pub waiting: bool,
    /// As [`crate::task::Task::block_reason`].
    pub block_reason: Option<String>,
    /// Its outcome, once it is finished.
    pub outcome: TaskOutcome,
    /// True where it says itself who has to approve its work.
    pub names_reviewer: bool,
    /// The one who is to judge its work, while that waits for a verdict.
    pub reviewer: Option<String>,
    /// True while a parent is finished with another outcome than it asks for: it can never start.
    pub is_dead_end: bool,
    /// The number of tasks it depends on.
    pub parents: u32,
    /// The number of tasks that depend on it.
    pub children: u32,
    /// The number of those that are done.
    pub children_done: u32,
    /// The number of comments.
    pub comments: u32,
}

/// The whole board, and the position in the event log at which it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Every task that was asked for, in the order of [`order`].
    #[serde(with = "rows")]
    pub tasks: Vec<TaskSummary>,
    /// The last event that is contained in it.
    pub cursor: EventId,
    /// The time of reading.
    pub now: Timestamp,
}

/// The events since a cursor, and the tasks they touched as they are now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// The last event of the frame.
    pub cursor: EventId,
    /// The tasks that the events touched, each once.
    pub tasks: Vec<TaskSummary>,
}

/// The order of cards in a column: urgent first, then oldest first, also within one second.
pub fn order(task: &TaskSummary) -> (Reverse<i64>, Timestamp, i64) {
    (Reverse(task.priority), task.created_at, task.number)
}
