//! The commands of the board. Every door builds these; the kernel alone carries them out.
//!
//! A verb is one struct. Beside its arguments stands, as [`Verb`], what everybody has to know of it.

mod claim;
mod end;
mod landing;
mod news;
mod outbox;
mod review;
mod run;
mod steer;
mod task;
mod texts;
mod upkeep;

use serde::{Deserialize, Serialize};

use crate::actor::Authority;
use crate::authority::Act;
use crate::error::Error;
use crate::id::{CommentId, EventId, RunId, TaskId};
use crate::time::{Seconds, Timestamp};

pub use claim::{CancelRun, ClaimPolicy, ClaimTask, Claimed, DeferTask, Heartbeat, ReclaimTask};
pub use end::{BlockTask, CompleteTask, UnblockTask};
pub use landing::{LandTask, NoteLanding, SettleLanding};
pub use news::{
    DropDelivery, RetryDelivery, SetQuietHours, Subscribe, SubscribeBoard, Unsubscribe,
    UnsubscribeBoard,
};
pub use outbox::{RecordDelivered, RecordUndelivered, TakeMessage};
pub use review::{ApproveTask, RequestChanges};
pub use run::{
    AdoptRun, AttachSupervisor, BeginCheck, Breaker, DeferRun, FailRun, Failure, HoldUntil,
    InterruptRun, Met, NextAttempt, PlaceRun, RecordBranch, RecordExit, RecordSpawn,
    ReleaseCrashed, ReleaseStaleClaims, RenewLease, SettleCheck,
};
pub use steer::{HoldLane, Pause, PromoteWaiting, ReleaseLane, Resume, SnoozeTask, Undo};
pub use task::{
    ArchiveTask, AssignTask, CommentOnTask, CreateTask, EditTask, LimitTask, LinkTasks, MoveTask,
    SetPriority, UnlinkTasks,
};
pub use upkeep::{
    Audit, DispatchFrom, FollowClock, ForgetEvents, ForgetWorkspace, IndexTexts, KeepAnswer,
    MoveWorkspaces, NoteTip, PublishDispatcher, RecordWorkspace,
};

/// The lane that runs the text of a task as a script.
pub const SHELL: &str = "shell";

/// The default length of a lease.
pub const LEASE: Seconds = Seconds(900);

/// The default number of failures in a row that blocks a task.
pub const FAILURE_LIMIT: u32 = 5;

/// The maximum number of changes in one bulk request.
pub const MAX_CHANGES: usize = 1_000;

/// The action of an entry in the audit log, and what tells it from another of its kind.
pub type Audited<'a> = (&'a str, Option<String>);

/// A change of the board, with all that doors and kernel have to know of it.
pub trait Verb: Into<Command> {
    /// The answer to whoever gives it.
    type Answer: TryFrom<Answer>;

    /// The act, of which the table of grants says who may.
    const ACT: Act;

    /// The task that it is about, if it is about one.
    fn task(&self) -> Option<&TaskId> {
        None
    }

    /// The run that it is about, if it is about one.
    fn run(&self) -> Option<RunId> {
        None
    }

    /// Checks and cleans the texts that `by` brings. Takes a struct apart field by field, so that a
    /// new text cannot be missed.
    ///
    /// # Errors
    /// Fails if a name holds a hidden character, or a text one that no program could be given.
    fn accept(&mut self, by: &Authority) -> Result<(), Error> {
        let _ = by;
        Ok(())
    }

    /// The entry in the audit log; `None` for a verb that starts nothing: neither the task itself,
    /// nor one that depends on it, nor text written in it.
    fn audited(&self) -> Option<Audited<'_>> {
        None
    }
}

/// Declares a verb that brings no text and leaves no entry in the audit log: its act, its answer,
/// and the field that names what it is about.
macro_rules! verb {
    ($verb:ident: $act:ident -> $answer:ty) => {
        impl Verb for $verb {
            type Answer = $answer;
            const ACT: Act = Act::$act;
        }
    };
    ($verb:ident: $act:ident -> $answer:ty, task) => {
        impl Verb for $verb {
            type Answer = $answer;
            const ACT: Act = Act::$act;

            fn task(&self) -> Option<&TaskId> {
                Some(&self.task)
            }
        }
    };
    ($verb:ident: $act:ident -> $answer:ty, run) => {
        impl Verb for $verb {
            type Answer = $answer;
            const ACT: Act = Act::$act;

            fn run(&self) -> Option<RunId> {
                Some(self.run)
            }
        }
    };
}
use verb;

/// Gives a macro the list of all verbs, by those who use them.
#[macro_export]
macro_rules! every_verb {
    ($list:ident) => {
        $list! {
            Board(BoardVerb) {
                CreateTask, EditTask, AssignTask, SetPriority, LimitTask, MoveTask, ArchiveTask,
                LinkTasks, UnlinkTasks, CommentOnTask, CompleteTask, ApproveTask, RequestChanges,
                LandTask, BlockTask, UnblockTask,
                Heartbeat, CancelRun, ReclaimTask, Undo, Pause, Resume, PromoteWaiting,
                SnoozeTask, DeferTask, HoldLane, ReleaseLane,
                Subscribe, Unsubscribe, SubscribeBoard, UnsubscribeBoard, SetQuietHours,
                RetryDelivery, DropDelivery,
            }
            Run(RunVerb) {
                ClaimTask, RenewLease, AttachSupervisor, RecordSpawn, PlaceRun, RecordBranch, RecordExit,
                BeginCheck, SettleCheck, NoteLanding, SettleLanding,
                FailRun, DeferRun,
                InterruptRun, AdoptRun, ReleaseStaleClaims, ReleaseCrashed,
            }
            Outbox(OutboxVerb) { RecordDelivered, RecordUndelivered, TakeMessage, }
            Upkeep(UpkeepVerb) {
                ForgetEvents, FollowClock, RecordWorkspace, ForgetWorkspace, MoveWorkspaces,
                NoteTip,
                DispatchFrom, PublishDispatcher, IndexTexts, KeepAnswer, Audit,
            }
        }
    };
}

macro_rules! commands {
    ($($group:ident($verbs:ident) { $($verb:ident,)* })*) => {
        $(
            #[doc = concat!("See [`Command::", stringify!($group), "`].")]
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(rename_all = "snake_case")]
            #[expect(missing_docs, reason = "each stands at its struct")]
            pub enum $verbs {
                $($verb($verb),)*
            }

            $(
                impl From<$verb> for Command {
                    fn from(verb: $verb) -> Self {
                        Self::$group($verbs::$verb(verb))
                    }
                }
            )*
        )*

        impl Command {
            /// The act of its verb.
            pub const fn act(&self) -> Act {
                match self {
                    $($(Self::$group($verbs::$verb(_)) => <$verb as Verb>::ACT,)*)*
                }
            }

            /// See [`Verb::task`].
            pub fn task(&self) -> Option<&TaskId> {
                match self {
                    $($(Self::$group($verbs::$verb(verb)) => Verb::task(verb),)*)*
                }
            }

            /// See [`Verb::run`].
            pub fn run(&self) -> Option<RunId> {
                match self {
                    $($(Self::$group($verbs::$verb(verb)) => Verb::run(verb),)*)*
                }
            }

            /// See [`Verb::accept`].
            ///
            /// # Errors
            /// As there.
            pub fn accept(&mut self, by: &Authority) -> Result<(), Error> {
                match self {
                    $($(Self::$group($verbs::$verb(verb)) => Verb::accept(verb, by),)*)*
                }
            }

            /// See [`Verb::audited`].
            pub fn audited(&self) -> Option<Audited<'_>> {
                match self {
                    $($(Self::$group($verbs::$verb(verb)) => Verb::audited(verb),)*)*
                }
            }
        }
    };
}
every_verb!(commands);

/// A change to the board: any verb, by whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A verb for people, workers and chats; every door offers these.
    Board(BoardVerb),
    /// A verb of whoever runs tasks: dispatchers, supervisors, and those who claim by hand, for whom
    /// a door fills in the caps of the machine.
    Run(RunVerb),
    /// A verb of the notifier.
    Outbox(OutboxVerb),
    /// A verb by which the program keeps its records.
    Upkeep(UpkeepVerb),
}

/// The outcome of a command.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt<A = Answer> {
    /// The events that it wrote, in order; none when nothing changed.
    pub events: Vec<EventId>,
    /// The answer to the caller.
    pub answer: A,
}

/// The answer to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was carried out.
    Done,
    /// There was nothing to do.
    Unchanged,
}

/// The task that was created, or found under its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Created {
    /// Its id.
    pub task: TaskId,
    /// True if it was created by this command.
    pub is_new: bool,
}

/// The lease that was renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Renewed {
    /// Its new end.
    pub lease_expires: Timestamp,
}

/// The comment that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Commented {
    /// Its id.
    pub comment: CommentId,
}

/// The number of tasks, claims or events that were changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Count(pub usize);

macro_rules! answers {
    ($($(#[$attribute:meta])* $variant:ident($answer:ty),)*) => {
        /// The answer to any verb.
        #[derive(Clone, Debug, Serialize)]
        #[serde(untagged)]
        #[expect(missing_docs, reason = "each stands at its type")]
        pub enum Answer {
            $($(#[$attribute])* $variant($answer),)*
        }

        $(
            impl From<$answer> for Answer {
                fn from(answer: $answer) -> Self {
                    Self::$variant(answer)
                }
            }

            impl TryFrom<Answer> for $answer {
                type Error = Answer;

                fn try_from(answer: Answer) -> Result<Self, Answer> {
                    match answer {
                        Answer::$variant(answer) => Ok(answer),
                        other => Err(other),
                    }
                }
            }
        )*
    };
}
answers! {
    Change(Change),
    Created(Created),
    // It holds a secret.
    #[serde(skip)]
    Claimed(Box<Claimed>),
    Renewed(Renewed),
    Commented(Commented),
    Count(Count),
}

impl Answer {
    /// Returns true when nothing was changed.
    pub const fn is_nothing(&self) -> bool {
        matches!(
            self,
            Self::Change(Change::Unchanged) | Self::Created(Created { is_new: false, .. })
        )
    }
}
