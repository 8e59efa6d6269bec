//! A task, as the database keeps it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event::Event;
use crate::id::{CommentId, TaskId};
use crate::run::Run;
use crate::status::Status;
use crate::time::{Seconds, Timestamp};

/// One task: the columns of table `tasks`, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// What is to be done, in a line; trimmed and never blank.
    pub title: String,
    /// The whole story, as it was written.
    pub body: Option<String>,
    /// Who works on it: the name of a lane, or of a profile of the default lane.
    pub assignee: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// Higher starts sooner; may be negative.
    pub priority: i64,
    /// Who put it on the board.
    pub created_by: Option<String>,
    /// When it was put on the board.
    pub created_at: Timestamp,
    /// When it was claimed for the first time.
    pub started_at: Option<Timestamp>,
    /// When it was last completed; kept when it is reopened.
    pub completed_at: Option<Timestamp>,
    /// What kind of folder its workers run in.
    pub workspace_kind: WorkspaceKind,
    /// The folder asked for, then the one it got.
    pub workspace_path: Option<String>,
    /// Who holds the claim, as `host:pid`.
    pub claim_lock: Option<String>,
    /// When the claim ends unless it is renewed.
    pub claim_expires: Option<Timestamp>,
    /// A name that groups tasks of one project or customer.
    pub tenant: Option<String>,
    /// What came out of it; its children are told.
    pub result: Option<String>,
    /// The key that made its creation repeatable without a second task.
    pub idempotency_key: Option<String>,
    /// Attempts that failed in a row: column `spawn_failures`.
    pub failures: u32,
    /// The process that works on it now.
    pub worker_pid: Option<i64>,
    /// Why the last attempt failed: column `last_spawn_error`.
    pub last_error: Option<String>,
    /// In `todo`: whether it becomes ready by itself once its parents are finished. While it runs:
    /// whether a parent was reopened or added meanwhile, so that it waits again if its run fails.
    pub waiting: bool,
    /// Since when it has its status.
    pub status_since: Timestamp,
    /// Until when it rests before the next attempt.
    pub not_before: Option<Timestamp>,
    /// After how many failures in a row it is blocked, where that is not the default.
    pub failure_limit: Option<u32>,
    /// While it is blocked by somebody: the question, or what is missing; empty when they said
    /// nothing. `None` for one that gave up.
    pub block_reason: Option<String>,
    /// How long an attempt may run, where that is less than its lane allows.
    pub max_runtime: Option<Seconds>,
    /// What its workers are to be able to do: the text of a JSON list of names.
    pub skills: Option<String>,
}

impl Task {
    /// The names of its skills. What is no list in the file is none, and what is no name is left out.
    pub fn skills(&self) -> Vec<String> {
        let json = self.skills.as_deref().unwrap_or_default();
        let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
        names.into_iter().filter(|name| is_skill(name)).collect()
    }
}

/// Returns true for the name of a skill. It becomes an argument of programs, so it must not look like a
/// flag.
pub fn is_skill(name: &str) -> bool {
    name.starts_with(char::is_alphanumeric)
        && name
            .chars()
            .all(|it| it.is_alphanumeric() || "._/:@+-".contains(it))
}

/// What kind of folder the workers of a task run in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceKind {
    /// A folder of its own below the home folder.
    #[default]
    Scratch,
    /// A folder that the task names.
    Dir,
    /// A git worktree.
    Worktree,
}

impl WorkspaceKind {
    /// The name in the database, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scratch => "scratch",
            Self::Dir => "dir",
            Self::Worktree => "worktree",
        }
    }
}

impl FromStr for WorkspaceKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "scratch" => Ok(Self::Scratch),
            "dir" => Ok(Self::Dir),
            "worktree" => Ok(Self::Worktree),
            other => Err(Error::UnknownWorkspaceKind(other.to_owned())),
        }
    }
}

impl fmt::Display for WorkspaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something said about a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: CommentId,
    /// The task it is about.
    pub task_id: TaskId,
    /// Who said it.
    pub author: String,
    /// What was said; trimmed and never blank.
    pub body: String,
    /// When.
    pub created_at: Timestamp,
}

/// Everything that is known of one task, read at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDetail {
    /// The task itself.
    pub task: Task,
    /// Its comments, oldest first.
    pub comments: Vec<Comment>,
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// The tasks it depends on, by id.
    pub parents: Vec<TaskId>,
    /// The tasks that depend on it, by id.
    pub children: Vec<TaskId>,
    /// Its attempts, oldest first.
    pub runs: Vec<Run>,
}
