//! The board as it is shown: one summary for each card, and the frames that keep it current.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::{EventId, TaskId};
use crate::status::Status;
use crate::time::Timestamp;

/// What a card shows: a task without its long texts, and the counts around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// Its name.
    pub id: TaskId,
    /// Its place in the order in which tasks were put on the board.
    pub number: i64,
    /// What is to be done.
    pub title: String,
    /// Who works on it.
    pub assignee: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// Whether a worker's process is busy with it. Of a task that was claimed by hand there is none.
    pub has_worker: bool,
    /// Higher starts sooner.
    pub priority: i64,
    /// The project or customer.
    pub tenant: Option<String>,
    /// When it was put on the board.
    pub created_at: Timestamp,
    /// When it was first claimed.
    pub started_at: Option<Timestamp>,
    /// When it was last completed.
    pub completed_at: Option<Timestamp>,
    /// Since when it has its status.
    pub status_since: Timestamp,
    /// Until when it rests before the next attempt.
    pub not_before: Option<Timestamp>,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// As [`crate::task::Task::waiting`]; in `ready`, whether another program made it so before its
    /// parents are finished.
    pub waiting: bool,
    /// As [`crate::task::Task::block_reason`].
    pub block_reason: Option<String>,
    /// How many tasks it depends on.
    pub parents: u32,
    /// How many tasks depend on it.
    pub children: u32,
    /// How many of those are done.
    pub children_done: u32,
    /// How many comments it has.
    pub comments: u32,
}

/// The whole board, and the position in the event log up to which it is true.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Every task that was asked for, in the order of [`order`].
    pub tasks: Vec<TaskSummary>,
    /// The last event that is contained in it.
    pub cursor: EventId,
    /// When it was read.
    pub now: Timestamp,
}

/// What happened since a cursor: the events, and the tasks they touched as they are now.
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
