//! The verbs that keep the records of the board itself.

use serde::{Deserialize, Serialize};

use super::{Audited, Change, Count, Verb, verb};
use crate::actor::RequestKey;
use crate::authority::Act;
use crate::dispatch::Report;
use crate::home::HomeIdentity;
use crate::id::TaskId;
use crate::time::{Seconds, Timestamp};
use crate::workspace::Workspace;

/// Deletes the events of finished tasks that are older than this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetEvents {
    /// Events before this moment are deleted.
    pub before: Timestamp,
}

verb!(ForgetEvents: KeepRecords -> Count);

/// Moves back-offs and leases along after the wall clock was set or nobody could renew a lease.
/// Writes no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowClock {
    /// The amount by which the clock was set forward.
    pub by: Seconds,
    /// The least that every lease lasts from now.
    pub grace: Seconds,
}

verb!(FollowClock: Dispatch -> Change);

/// Records a folder that the dispatcher made for a task and may remove one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordWorkspace(pub Workspace);

verb!(RecordWorkspace: Dispatch -> Change);

/// Records the commit at which a task's branch is now. Writes an event where that is another than the
/// one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteTip {
    /// The task.
    pub task: TaskId,
    /// The commit.
    pub commit: String,
}

verb!(NoteTip: Dispatch -> Change, task);

/// Forgets a folder that the dispatcher had made and has removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetWorkspace {
    /// The folder.
    pub path: String,
}

verb!(ForgetWorkspace: Dispatch -> Change);

/// Records every workspace that was made at the default place of another home at this one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveWorkspaces {
    /// The folder of workspaces in this home.
    pub to: String,
}

verb!(MoveWorkspaces: Dispatch -> Change);

/// Begins to dispatch from a home; pauses the board where that is a copy of the one before, which is
/// then the answer [`Change::Done`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchFrom {
    /// The home.
    pub home: HomeIdentity,
    /// The folder of workspaces in it.
    pub workspaces: String,
}

verb!(DispatchFrom: Dispatch -> Change);

/// Publishes the dispatcher's report. Writes no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishDispatcher(pub Report);

verb!(PublishDispatcher: Dispatch -> Change);

/// Brings the full-text index up to date by one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexTexts;

verb!(IndexTexts: KeepRecords -> Change);

/// Keeps the answer of an idempotent request. Writes no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepAnswer {
    /// The request.
    pub request: RequestKey,
    /// The answer as the door wrote it; `None` where it is too long.
    pub answer: Option<String>,
}

verb!(KeepAnswer: KeepRecords -> Change);

/// Records an act in the audit log that is none of the board's, such as a new token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The act.
    pub action: String,
}

impl Verb for Audit {
    type Answer = Change;

    const ACT: Act = Act::KeepRecords;

    fn audited(&self) -> Option<Audited<'_>> {
        Some((&self.action, None))
    }
}
