//! What came of a look at the board, for those who asked for one.

use domain::dispatch::WhyNot;
use domain::id::TaskId;

/// What one look at the board changed, or would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// How many claims were taken back because their lease had run out.
    pub reclaimed: usize,
    /// How many waiting tasks were made ready.
    pub promoted: usize,
    /// What was started, in that order.
    pub spawned: Vec<Spawned>,
    /// Ready tasks that nobody was told to do.
    pub skipped_unassigned: Vec<TaskId>,
    /// Tasks whose worker had vanished.
    pub crashed: Vec<TaskId>,
    /// Tasks that had failed too often and were blocked.
    pub auto_blocked: Vec<TaskId>,
    /// The other ready tasks that were not started, and why.
    pub skipped: Vec<Skipped>,
}

/// A task that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spawned {
    /// The task.
    pub task: TaskId,
    /// Who works on it.
    pub assignee: String,
    /// Where; empty when that was not found out because nothing was to be changed.
    pub workspace: String,
}

/// A ready task that was not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The task.
    pub task: TaskId,
    /// Who was told to do it.
    pub assignee: String,
    /// Why nobody does.
    pub why: WhyNot,
}
