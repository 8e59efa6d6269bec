//! A task, as the database keeps it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::branch::Branch;
use crate::check::Receipt;
use crate::error::Error;
use crate::event::Event;
use crate::id::{CommentId, TaskId};
use crate::landing::{Landing, Method};
use crate::outcome::{StartOn, TaskOutcome};
use crate::review::Review;
use crate::run::Run;
use crate::status::Status;
use crate::time::{Seconds, Timestamp};

/// One task: the columns of table `tasks`, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The title: the work, in a line; trimmed and never blank.
    pub title: String,
    /// The description, as it was written.
    pub body: Option<String>,
    /// The assignee: the name of a lane, or of a profile of the default lane.
    pub assignee: Option<String>,
    /// Its status.
    pub status: Status,
    /// Higher starts sooner; may be negative.
    pub priority: i64,
    /// The name of its creator.
    pub created_by: Option<String>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the first claim.
    pub started_at: Option<Timestamp>,
    /// The time of the last completion; kept when it is reopened.
    pub completed_at: Option<Timestamp>,
    /// The kind of folder that its workers run in.
    pub workspace_kind: WorkspaceKind,
    /// The folder asked for, then the one it got.
    pub workspace_path: Option<String>,
    /// The holder of the claim, as `host:pid`.
    pub claim_lock: Option<String>,
    /// The end of the lease unless it is renewed.
    pub claim_expires: Option<Timestamp>,
    /// A name that groups tasks of one project or customer.
    pub tenant: Option<String>,
    /// The result; its children are told.
    pub result: Option<String>,
    /// Its outcome, once it is finished.
    pub outcome: TaskOutcome,
    /// The key that made its creation repeatable without a second task.
    pub idempotency_key: Option<String>,
    /// The number of attempts that failed in a row: column `spawn_failures`.
    pub failures: u32,
    /// The process id of its worker.
    pub worker_pid: Option<i64>,
    /// The error of the last failed attempt: column `last_spawn_error`.
    pub last_error: Option<String>,
    /// In `todo`: true if it becomes ready by itself once its parents are finished. While it runs:
    /// true if a parent was reopened or added meanwhile, so that it waits again if its run fails.
    pub waiting: bool,
    /// The time of the last change of status.
    pub status_since: Timestamp,
    /// The end of its back-off, before which no attempt is made.
    pub not_before: Option<Timestamp>,
    /// The number of failures in a row that blocks it, where that is not the default.
    pub failure_limit: Option<u32>,
    /// While it is blocked by somebody: the question, or what is missing; empty when they said
    /// nothing. `None` for one that gave up.
    pub block_reason: Option<String>,
    /// The time limit of an attempt, where it is less than the lane's.
    pub max_runtime: Option<Seconds>,
    /// The time by which it is to be finished.
    pub due_at: Option<Timestamp>,
    /// The skills that its workers need: the text of a JSON list of names.
    pub skills: Option<String>,
    /// Its check: a script that has to exit with 0 before it counts as done.
    pub check: Option<String>,
    /// The number of red checks in a row that blocks it, where that is not the lane's.
    pub rework_limit: Option<u32>,
    /// The one who has to approve its work, where that is not the lane's: a person, or a lane.
    pub review: Option<String>,
    /// The method by which its work lands, where that is not the lane's.
    pub land_method: Option<Method>,
    /// The review that its work waits for, or is in.
    pub in_review: Option<Review>,
}

impl Task {
    /// Returns the names of its skills. A text that is no list gives none; a name that is no
    /// skill's is left out.
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

/// The kind of folder that the workers of a task run in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

/// A comment on a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// The task it is about.
    pub task_id: TaskId,
    /// The name of its author.
    pub author: String,
    /// The text; trimmed and never blank.
    pub body: String,
    /// The time of writing.
    pub created_at: Timestamp,
}

/// A task with its comments, events, links and runs, read at one moment.
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
    /// The outcomes on which it starts, of those that are not success.
    pub conditions: BTreeMap<TaskId, StartOn>,
    /// The tasks that depend on it, by id.
    pub children: Vec<TaskId>,
    /// The outcomes on which those start, of those that are not success.
    pub child_conditions: BTreeMap<TaskId, StartOn>,
    /// Its attempts, oldest first.
    pub runs: Vec<Run>,
    /// The receipts of its checks, oldest first.
    pub receipts: Vec<Receipt>,
    /// The branch of its worktree, if it has had one.
    pub branch: Option<Branch>,
    /// The landing of its work that was asked for and has not ended.
    pub landing: Option<Landing>,
}

impl TaskDetail {
    /// Returns true once the branch of the finished task holds another commit than the one that its last
    /// check let pass, or that was approved.
    pub fn has_changed_since_check(&self) -> bool {
        let last = self.receipts.last().map(|receipt| &receipt.check);
        let last = last.filter(|check| check.verdict.is_seal());
        let tip = self.branch.as_ref().and_then(|branch| branch.tip.as_ref());
        let seen = last.and_then(|check| check.git.commit.as_ref());
        self.task.status.is_finished() && tip.zip(seen).is_some_and(|(tip, seen)| tip != seen)
    }

    /// Returns true where it is done and its branch holds work that has not landed.
    pub fn can_land(&self) -> bool {
        let Some(branch) = &self.branch else {
            return false;
        };
        let has_landed = branch.has_landed(self.receipts.last().map(|receipt| &receipt.check));
        let has_work = branch.tip.is_some() && branch.tip != branch.base;
        self.task.status == Status::Done && self.landing.is_none() && has_work && !has_landed
    }

    /// Returns true while a worker is at it: one that the dispatcher started in a lane, or the process of
    /// another program. Whoever claims by hand has neither.
    pub fn has_worker(&self) -> bool {
        let in_lane = |run: &Run| run.ended_at.is_none() && run.lane.is_some();
        self.task.status == Status::Running
            && (self.task.worker_pid.is_some() || self.runs.iter().any(in_lane))
    }
}
