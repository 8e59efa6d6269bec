//! The rules that a command can break, and the kind of error each one is.

use serde::{Deserialize, Serialize};

use crate::actor::Authority;
use crate::authority::{Act, Grant};
use crate::hold::Cause;
use crate::id::{DeliveryId, EventId, RunId, SubscriptionId, TaskId};
use crate::news::{KINDS, PLATFORMS};
use crate::outcome::DeadEnd;
use crate::status::Status;
use crate::text::{first_of, names_of};
use crate::time::{Seconds, Timestamp};

/// A rule that a command broke. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A task needs a title.
    #[error("title is required")]
    BlankTitle,
    /// No program could be given such a text as an argument.
    #[error("text must not contain the character NUL")]
    NulInText,
    /// Changes are those of a branch.
    #[error(
        "{0} has no branch: the board has made no worktree for it; its workspace is of kind worktree \
         where that is wanted"
    )]
    NoBranch(TaskId),
    /// Nobody knows where the work came from.
    #[error(
        "nobody knows on which branch {0} is to land: its repository stood on none when the work began; \
         name one with --onto"
    )]
    NoTarget(TaskId),
    /// Git would not take it for the name of a branch.
    #[error("{0:?} is no name of a branch; use letters, digits and the characters . _ / -")]
    BadBranch(String),
    /// The workers of that task change it.
    #[error("{0} is the branch of a task; name one of yours")]
    BranchOfATask(String),
    /// Work lands as one of two methods says.
    #[error("unknown method {0:?}; use merge or rebase")]
    UnknownMethod(String),
    /// A landing that has come so far cannot be stopped.
    #[error("the work of {0} is landing just now; look again in a moment")]
    IsLanding(TaskId),
    /// The landing was taken back, or its task was changed.
    #[error("the work of {0} is not to land any more")]
    NoLanding(TaskId),
    /// Git does not tell.
    #[error("the changes of {task} cannot be shown: {reason}")]
    NoChanges {
        /// The task.
        task: TaskId,
        /// The reason, in a sentence.
        reason: String,
    },
    /// Skills are given to programs as arguments.
    #[error("{0:?} is no name of a skill; use letters, digits and the characters . _ / : @ + -")]
    BadSkill(String),
    /// An idempotency key stands for one request.
    #[error(
        "the request with the Idempotency-Key {0:?} was carried out before, or is being carried out, \
         and its answer is not known; look at what it was to change"
    )]
    Repeated(String),
    /// A name is one line of characters that can be seen.
    #[error("{field} must be one line without hidden characters, but holds U+{code:04X}; leave it out", code = u32::from(*.found))]
    HiddenInName {
        /// The field: `assignee`, `tenant`.
        field: &'static str,
        /// The first character that is not allowed.
        found: char,
    },
    /// A text that people read as a whole has a bound.
    #[error("{field} must have at most {most} characters, but has {found}")]
    TooLong {
        /// The field: `title`, `assignee`.
        field: &'static str,
        /// The maximum number of characters.
        most: usize,
        /// The number of characters given.
        found: usize,
    },
    /// A comment needs text.
    #[error("body is required")]
    BlankComment,
    /// A comment needs an author.
    #[error("author is required")]
    BlankAuthor,
    /// A subscription needs a platform and a chat.
    #[error("platform and chat id are required")]
    BlankAddress,
    /// Nothing can be sent to this platform.
    #[error("unknown platform {0:?}; the platforms are {platforms}", platforms = PLATFORMS.join(", "))]
    UnknownPlatform(String),
    /// There is no such kind of news.
    #[error("unknown kind {0:?}; the kinds are {kinds}", kinds = KINDS.join(", "))]
    UnknownNews(String),
    /// Quiet hours are two times of day, and perhaps a time zone.
    #[error("{0:?} are no quiet hours; write them like 22:00-07:00 Europe/Berlin")]
    BadQuietHours(String),
    /// No board-level subscription has this id.
    #[error("subscription {0} not found")]
    UnknownSubscription(SubscriptionId),
    /// No delivery that was given up has this id.
    #[error("no delivery {0} was given up")]
    UnknownDelivery(DeliveryId),
    /// There are three kinds of workspace.
    #[error("workspace kind must be one of ['dir', 'scratch', 'worktree'], not '{0}'")]
    UnknownWorkspaceKind(String),
    /// A link has one of three conditions.
    #[error("a child starts on success, on failure or always, not on '{0}'")]
    UnknownCondition(String),
    /// A task has one of two outcomes.
    #[error("an outcome is success or failure, not '{0}'")]
    UnknownOutcome(String),
    /// No task has this id.
    #[error("task {0} not found")]
    UnknownTask(String),
    /// A new task names parents that are not on the board.
    #[error("unknown parent task(s): {}", first_of(.0, .0.len()))]
    UnknownParents(Vec<String>),
    /// A link names tasks that are not on the board.
    #[error("unknown task(s): {}", first_of(.0, .0.len()))]
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
    /// A running task is not reassigned while its worker has it.
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
        /// The status asked for.
        to: Status,
    },
    /// The verb does not apply to a task of this status.
    #[error("task {task} is {status}, so it cannot be {verb}")]
    WrongStatus {
        /// The task.
        task: TaskId,
        /// Its status.
        status: Status,
        /// The participle of the verb: `completed`, `claimed`.
        verb: &'static str,
    },
    /// The task cannot start before these parents are finished.
    #[error("task {task} waits for {}", names_of(.parents))]
    UnfinishedParents {
        /// The task.
        task: TaskId,
        /// The parents that are not finished.
        parents: Vec<TaskId>,
    },
    /// A parent ended with another outcome than the one on which the task starts.
    #[error("{0}")]
    DeadEnd(Box<DeadEnd>),
    /// The task is in back-off.
    #[error("task {task} starts in {remaining} at the earliest")]
    Resting {
        /// The task.
        task: TaskId,
        /// The time left.
        remaining: Seconds,
    },
    /// A second worker would meet the processes of the first.
    #[error("task {task} cannot be taken yet: the processes of its last run have not ended")]
    Leaving {
        /// The task.
        task: TaskId,
    },
    /// All slots are busy.
    #[error("{running} tasks are running and the limit is {limit}")]
    AtCapacity {
        /// The number of open runs.
        running: u32,
        /// The cap.
        limit: u32,
    },
    /// The dispatcher or the lane is paused.
    #[error("{} is paused", .lane.as_ref().map_or_else(|| "the dispatcher".to_owned(), |lane| format!("lane {lane}")))]
    Paused {
        /// The lane; `None` is the whole dispatcher.
        lane: Option<String>,
    },
    /// The lane or its pool is held.
    #[error("{lane} is held: {}", .cause.words())]
    Held {
        /// The lane or the pool.
        lane: String,
        /// The cause.
        cause: Cause,
        /// The moment of the probe.
        until: Option<Timestamp>,
    },
    /// A hold has an end.
    #[error("a hold needs a moment to come, within ten years; a pause has no end")]
    HoldWithoutEnd,
    /// Only a worker of a lane meets limits.
    #[error("no worker of a lane is at work on task {0}")]
    NoWorker(TaskId),
    /// Nothing that a check starts may end its run.
    #[error("the check of task {0} runs, so nobody finishes, blocks or defers it in its name")]
    Checking(TaskId),
    /// Whoever a check is to judge does not set it.
    #[error("only a person sets the check, the reviewer or the landing method of a task")]
    NotYourCheck,
    /// A run that reviews ends with a verdict.
    #[error(
        "this run reviews task {0}; end it with `kanban approve {0}` or `kanban request-changes {0} \
         \"<what>\"`"
    )]
    IsReview(TaskId),
    /// Only work that is done can be judged.
    #[error("task {task} is {status} and waits for no review")]
    NotInReview {
        /// The task.
        task: TaskId,
        /// Its status.
        status: Status,
    },
    /// The worker of a run does not judge its own work.
    #[error("only whoever reviews task {0} gives a verdict, and not the worker that did it")]
    NotYourReview(TaskId),
    /// Nobody approves their own work.
    #[error("task {task} was worked on by {name}, who does not approve it; somebody else has to")]
    OwnWork {
        /// The task.
        task: TaskId,
        /// The name.
        name: String,
    },
    /// The verdict is about other work than what is there.
    #[error("task {0} has moved on since; look at it again")]
    MovedOn(TaskId),
    /// The work waits for a verdict.
    #[error(
        "task {0} waits for a review; approve it, ask for changes, or finish it without \
         (`--unchecked`)"
    )]
    AwaitsReview(TaskId),
    /// A reviewer may not change the work.
    #[error(
        "the work on task {0} is not as it was when this review began; put it back as it was, or leave it \
         to a person: `kanban block {0} \"…\"`"
    )]
    ReviewerChanged(TaskId),
    /// It runs the text of the task.
    #[error("the lane shell runs the text of a task and can judge none; name another, or a person")]
    ShellReview,
    /// A worker has to know what to change.
    #[error("say what is to be changed")]
    NoReason,
    /// A task with a check is done once it has passed.
    #[error(
        "task {0} has a check, which follows the worker of a lane; only a person finishes it without \
         (`--unchecked`), and not with the token of a run"
    )]
    HasCheck(TaskId),
    /// Lanes have names.
    #[error("a lane has a name")]
    BlankLane,
    /// Nothing would ever start by this name.
    #[error("there is no lane {lane}; there are: {known}")]
    UnknownLane {
        /// The name given.
        lane: String,
        /// The names that there are.
        known: String,
    },
    /// Only an act of a person through one of the doors can be undone.
    #[error("event {0} tells of nothing that can be undone")]
    NothingToUndo(EventId),
    /// The task was changed after the act to be undone.
    #[error("task {task} has changed since, so this cannot be undone")]
    ChangedSince {
        /// The task.
        task: TaskId,
    },
    /// Metadata is read by programs, which expect named particulars.
    #[error("metadata must be a JSON object")]
    BadMetadata,
    /// The worker's run has ended, or the task has been given to another run.
    #[error("this run is no longer the current one, so its worker may change nothing")]
    StaleRun,
    /// The worker's run has ended, and the board remembers how.
    #[error("run {run} of task {task} is over ({outcome}), so its worker may change nothing more")]
    RunOver {
        /// The run.
        run: RunId,
        /// Its task.
        task: TaskId,
        /// The run's outcome.
        outcome: String,
    },
    /// No run has this number.
    #[error("run {0} not found")]
    UnknownRun(RunId),
    /// The dispatcher named a run that is not open.
    #[error("run {0} is not open")]
    RunNotOpen(RunId),
    /// The `shell` lane runs the task's text, so only a worker of that lane may write it.
    #[error("a worker of another lane may not create tasks for `shell`")]
    NotForShell,
    /// A chat user who is not trusted may subscribe only their own chat.
    #[error("a chat subscribes itself and no other; leave that to its own people")]
    OtherChat,
    /// The `shell` lane runs the task's text, so it is not written or started anew from a chat.
    #[error("what `shell` runs is not written or started anew in a chat")]
    ShellFromChat,
    /// A folder may hold what a worker runs, so a chat does not name one.
    #[error("the folder of a task is not named in a chat; leave out the path of --workspace")]
    FolderFromChat,
    /// Only users whom the configuration calls trusted may do it.
    #[error("in a chat, only somebody whom kanban.toml trusts may {0}")]
    NotForChat(Act),
    /// No chat may do it.
    #[error(
        "a chat cannot {0}; that is done on the page, or only in a terminal on the board's machine"
    )]
    NeverFromChat(Act),
    /// A worker may change its own task only.
    #[error("a worker may change its own task only, not {0}")]
    NotYourTask(TaskId),
    /// The command belongs to people and the dispatcher.
    #[error(
        "a worker may not {0}; it may read the board, comment, create tasks, and report on its own"
    )]
    NotForWorkers(Act),
}

/// The kind of an error. Every door translates the kind, not the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request makes no sense.
    Invalid,
    /// The request does not have the form that was asked for.
    Malformed,
    /// The credential does not allow it.
    Forbidden,
    /// It is about something that does not exist.
    NotFound,
    /// The state of the board does not allow it now.
    Refused,
    /// The server is overloaded; the same request may succeed later.
    Busy,
    /// A defect of ours.
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
            Self::Malformed => 422,
            Self::Internal => 500,
            Self::Busy => 503,
        }
    }
}

impl Authority {
    /// Builds the refusal of an act that is not granted.
    pub const fn refusal(&self, act: Act) -> Error {
        let (_, [_, trusted, _]) = act.row();
        match (self, trusted) {
            (Self::Full | Self::Run(_), _) => Error::NotForWorkers(act),
            (Self::Chat { .. }, Grant::Never) => Error::NeverFromChat(act),
            (Self::Chat { .. }, _) => Error::NotForChat(act),
        }
    }
}

impl Error {
    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BlankTitle
            | Self::NulInText
            | Self::HiddenInName { .. }
            | Self::TooLong { .. }
            | Self::BlankComment
            | Self::BlankAuthor
            | Self::BlankAddress
            | Self::UnknownPlatform(_)
            | Self::UnknownNews(_)
            | Self::BadQuietHours(_)
            | Self::UnknownWorkspaceKind(_)
            | Self::ShellReview
            | Self::NoReason
            | Self::NoTarget(_)
            | Self::BadBranch(_)
            | Self::BranchOfATask(_)
            | Self::UnknownMethod(_)
            | Self::UnknownCondition(_)
            | Self::UnknownOutcome(_)
            | Self::UnknownParents(_)
            | Self::UnknownTasks(_)
            | Self::SelfLink
            | Self::BadMetadata
            | Self::BadSkill(_)
            | Self::BlankLane
            | Self::UnknownLane { .. }
            | Self::HoldWithoutEnd
            // No status of the task would make it possible.
            | Self::NoSuchMove { .. }
            | Self::LinkCycle { .. } => ErrorKind::Invalid,
            Self::UnknownTask(_)
            | Self::NoBranch(_)
            | Self::UnknownRun(_)
            | Self::UnknownSubscription(_)
            | Self::UnknownDelivery(_) => ErrorKind::NotFound,
            Self::WrongStatus { .. }
            | Self::UnfinishedParents { .. }
            | Self::DeadEnd(_)
            | Self::Resting { .. }
            | Self::Leaving { .. }
            | Self::AtCapacity { .. }
            | Self::RunningReassign { .. }
            | Self::Paused { .. }
            | Self::Held { .. }
            | Self::NoWorker(_)
            | Self::HasCheck(_)
            | Self::IsReview(_)
            | Self::NotInReview { .. }
            | Self::OwnWork { .. }
            | Self::MovedOn(_)
            | Self::AwaitsReview(_)
            | Self::ReviewerChanged(_)
            | Self::NoChanges { .. }
            | Self::IsLanding(_)
            | Self::NoLanding(_)
            | Self::Checking(_)
            | Self::NothingToUndo(_)
            | Self::ChangedSince { .. }
            | Self::RunNotOpen(_)
            | Self::RunOver { .. }
            | Self::Repeated(_)
            | Self::StaleRun => ErrorKind::Refused,
            Self::NotYourTask(_)
            | Self::NotYourCheck
            | Self::NotYourReview(_)
            | Self::NotForWorkers(_)
            | Self::NotForShell
            | Self::ShellFromChat
            | Self::OtherChat
            | Self::FolderFromChat
            | Self::NotForChat(_)
            | Self::NeverFromChat(_) => ErrorKind::Forbidden,
        }
    }
}
