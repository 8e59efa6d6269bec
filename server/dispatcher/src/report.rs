//! The report of a tick, for those who asked for one.

use domain::dispatch::WhyNot;
use domain::id::TaskId;
use domain::time::Timestamp;

/// The changes that one tick made, or would make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// The number of claims taken back because their lease had run out.
    pub reclaimed: usize,
    /// The number of waiting tasks made ready.
    pub promoted: usize,
    /// The runs started, in that order.
    pub spawned: Vec<Spawned>,
    /// The tasks of `skipped` without an assignee.
    pub skipped_unassigned: Vec<TaskId>,
    /// Tasks whose worker had vanished.
    pub crashed: Vec<TaskId>,
    /// Tasks that had failed too often and were blocked.
    pub auto_blocked: Vec<TaskId>,
    /// Ready tasks that were not started, and why.
    pub skipped: Vec<Skipped>,
    /// The tasks of `skipped` that start at a known moment; only a dry run looks for them.
    pub foreseen: Vec<Foreseen>,
}

/// A start that waits for a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// The task.
    pub task: TaskId,
    /// Its assignee.
    pub assignee: String,
    /// The moment.
    pub at: Timestamp,
}

/// A task that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spawned {
    /// The task.
    pub task: TaskId,
    /// Its assignee.
    pub assignee: String,
    /// Its workspace; empty in a dry run that would have to create it.
    pub workspace: String,
}

/// A ready task that was not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The task.
    pub task: TaskId,
    /// Its assignee, if it has one.
    pub assignee: Option<String>,
    /// The reason why it does not start.
    pub why: WhyNot,
}
