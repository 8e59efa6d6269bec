//! Why a command was refused.

use serde::{Deserialize, Serialize};

use crate::id::{RunId, TaskId};
use crate::status::Status;
use crate::time::Seconds;

/// A rule that a command broke. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A task needs a title.
    #[error("title is required")]
    BlankTitle,
    /// A comment needs text.
    #[error("body is required")]
    BlankComment,
    /// A comment needs an author.
    #[error("author is required")]
    BlankAuthor,
    /// A subscription needs a platform and a chat.
    #[error("platform and chat id are required")]
    BlankAddress,
    /// There are three kinds of workspace.
    #[error("workspace kind must be one of ['dir', 'scratch', 'worktree'], not '{0}'")]
    UnknownWorkspaceKind(String),
    /// No task has this id.
    #[error("task {0} not found")]
    UnknownTask(String),
    /// A new task names parents that are not on the board.
    #[error("unknown parent task(s): {}", .0.join(", "))]
    UnknownParents(Vec<String>),
    /// A link names tasks that are not on the board.
    #[error("unknown task(s): {}", .0.join(", "))]
    UnknownTasks(Vec<String>),
    /// A task cannot wait for itself.
    #[error("a task cannot depend on itself")]
    SelfLink,
    /// The link would let tasks wait for each other for ever.
    #[error("linking {parent} -> {child} would create a cycle")]
    LinkCycle {
        /// The task to wait for.
        parent: TaskId,
        /// The task that would wait.
        child: TaskId,
    },
    /// A running task is not given to somebody else behind its worker's back.
    #[error("cannot reassign {task}: currently running (claimed); stop it first")]
    RunningReassign {
        /// The task.
        task: TaskId,
    },
    /// Only a claim leads to `running`, and the end states have verbs of their own.
    #[error("task {task} is {status} and cannot be moved to {to} by hand")]
    NoSuchMove {
        /// The task.
        task: TaskId,
        /// Its status.
        status: Status,
        /// Where it was to go.
        to: Status,
    },
    /// The verb does not apply to a task of this status.
    #[error("task {task} is {status}, so it cannot be {verb}")]
    WrongStatus {
        /// The task.
        task: TaskId,
        /// Its status.
        status: Status,
        /// What was asked for, as a participle: `completed`, `claimed`.
        verb: &'static str,
    },
    /// The task cannot start before these parents are finished.
    #[error("task {task} waits for {}", list(.parents))]
    UnfinishedParents {
        /// The task.
        task: TaskId,
        /// The parents that are not finished.
        parents: Vec<TaskId>,
    },
    /// The task rests between two attempts.
    #[error("task {task} rests after a failed attempt for another {remaining}")]
    Resting {
        /// The task.
        task: TaskId,
        /// How long.
        remaining: Seconds,
    },
    /// As many tasks are running as may run.
    #[error("{running} tasks are running and the limit is {limit}")]
    AtCapacity {
        /// How many are running.
        running: u32,
        /// How many may.
        limit: u32,
    },
    /// The worker's run has ended, or the task has been given to another run.
    #[error("this run is no longer the current one, so its worker may change nothing")]
    StaleRun,
    /// No run has this number.
    #[error("run {0} not found")]
    UnknownRun(RunId),
    /// The dispatcher spoke of a run that is not open.
    #[error("run {0} is not open")]
    RunNotOpen(RunId),
    /// What the `shell` lane runs is the task's text, so only a worker of that lane may write it.
    #[error("a worker of another lane may not create tasks for `shell`")]
    NotForShell,
    /// A worker may change its own task only.
    #[error("a worker may change its own task only, not {0}")]
    NotYourTask(TaskId),
    /// The command belongs to people and the dispatcher.
    #[error("a worker may not do this")]
    NotForWorkers,
}

/// What kind of trouble an error is. Every door translates the kind, not the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request makes no sense.
    Invalid,
    /// The credential does not allow it.
    Forbidden,
    /// It is about something that does not exist.
    NotFound,
    /// The board's state does not allow it, now.
    Refused,
    /// Too much is going on; the same request may succeed later.
    Busy,
    /// Our fault.
    Internal,
}

impl ErrorKind {
    /// The status of an HTTP answer that reports such an error.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Refused => 409,
            Self::Internal => 500,
            Self::Busy => 503,
        }
    }
}

impl Error {
    /// What kind of trouble this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BlankTitle
            | Self::BlankComment
            | Self::BlankAuthor
            | Self::BlankAddress
            | Self::UnknownWorkspaceKind(_)
            | Self::UnknownParents(_)
            | Self::UnknownTasks(_)
            | Self::SelfLink
            | Self::LinkCycle { .. } => ErrorKind::Invalid,
            Self::UnknownTask(_) | Self::UnknownRun(_) => ErrorKind::NotFound,
            Self::WrongStatus { .. }
            | Self::NoSuchMove { .. }
            | Self::UnfinishedParents { .. }
            | Self::Resting { .. }
            | Self::AtCapacity { .. }
            | Self::RunningReassign { .. }
            | Self::RunNotOpen(_)
            | Self::StaleRun => ErrorKind::Refused,
            Self::NotYourTask(_) | Self::NotForWorkers | Self::NotForShell => ErrorKind::Forbidden,
        }
    }
}

fn list(ids: &[TaskId]) -> String {
    ids.iter()
        .map(TaskId::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
