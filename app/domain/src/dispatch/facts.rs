//! The facts of a task by which [`super::why_not`] explains that it is not running.

use crate::board::TaskSummary;
use crate::id::TaskId;
use crate::outcome::DeadEnd;
use crate::status::Status;
use crate::task::Task;
use crate::time::Timestamp;

/// The facts of a task that the explanation depends on, beside the dispatcher.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its id; `None` asks for any task of its assignee.
    pub id: Option<&'a TaskId>,
    /// Its status.
    pub status: &'a Status,
    /// Its assignee.
    pub assignee: Option<&'a str>,
    /// The one who is to judge its work, while that waits for a verdict.
    pub reviewer: Option<&'a str>,
    /// True if it waits for its parents.
    pub waiting: bool,
    /// The parents that are not finished, where they are known.
    pub unfinished_parents: &'a [TaskId],
    /// The parents that ended with another outcome than it asks for, where they are known.
    pub dead_ends: &'a [DeadEnd],
    /// True if there is one.
    pub is_dead_end: bool,
    /// The end of its back-off.
    pub not_before: Option<Timestamp>,
    /// The number of attempts that failed in a row.
    pub failures: u32,
    /// The error of the last one.
    pub last_error: Option<&'a str>,
    /// The question that it was blocked with.
    pub block_reason: Option<&'a str>,
}

impl<'a> Facts<'a> {
    /// The facts of a task, with its parents that are not finished and those that keep it from starting
    /// for ever.
    pub fn of_task(
        task: &'a Task,
        unfinished_parents: &'a [TaskId],
        dead_ends: &'a [DeadEnd],
    ) -> Self {
        Self {
            id: Some(&task.id),
            status: &task.status,
            assignee: task.assignee.as_deref(),
            reviewer: task.in_review.as_ref().map(|it| it.reviewer.as_str()),
            // Another program may have made it ready all the same.
            waiting: match task.status {
                Status::Ready => !unfinished_parents.is_empty() || !dead_ends.is_empty(),
                _ => task.waiting,
            },
            unfinished_parents,
            dead_ends,
            is_dead_end: !dead_ends.is_empty(),
            not_before: task.not_before,
            failures: task.failures,
            last_error: task.last_error.as_deref(),
            block_reason: task.block_reason.as_deref(),
        }
    }

    /// Returns the facts that all ready tasks of an assignee share that are not in back-off.
    pub fn of_ready(assignee: Option<&'a str>) -> Self {
        Self {
            id: None,
            status: &Status::Ready,
            assignee,
            reviewer: None,
            waiting: false,
            unfinished_parents: &[],
            dead_ends: &[],
            is_dead_end: false,
            not_before: None,
            failures: 0,
            last_error: None,
            block_reason: None,
        }
    }
}

impl<'a> From<&'a TaskSummary> for Facts<'a> {
    fn from(card: &'a TaskSummary) -> Self {
        Self {
            id: Some(&card.id),
            status: &card.status,
            assignee: card.assignee.as_deref(),
            reviewer: card.reviewer.as_deref(),
            waiting: card.waiting,
            unfinished_parents: &[],
            dead_ends: &[],
            is_dead_end: card.is_dead_end,
            not_before: card.not_before,
            failures: card.failures,
            last_error: card.last_error.as_deref(),
            block_reason: card.block_reason.as_deref(),
        }
    }
}
