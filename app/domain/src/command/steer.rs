//! The verbs about the board as a whole.

use serde::{Deserialize, Serialize};

use super::{Audited, Change, Count, Verb, texts, verb};
use crate::actor::Authority;
use crate::authority::Act;
use crate::error::Error;
use crate::id::{EventId, TaskId};
use crate::time::{Seconds, Timestamp};

/// Undoes all that the request did which wrote this event. Refused once a task that it touched
/// has changed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Undo {
    /// An event of the request's receipts.
    pub event: EventId,
}

impl Verb for Undo {
    type Answer = Change;

    const ACT: Act = Act::Undo;

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("undo", Some(self.event.to_string())))
    }
}

/// Pauses a lane or the dispatcher: nothing more starts until [`Resume`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// The lane; `None` is the whole dispatcher.
    pub lane: Option<String>,
}

impl Verb for Pause {
    type Answer = Change;

    const ACT: Act = Act::Pause;

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self { lane } = self;
        texts::name("lane", lane.as_mut())
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("pause", self.lane.clone()))
    }
}

/// Resumes a lane or the dispatcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resume {
    /// The lane; `None` is the whole dispatcher. A lane with a pause of its own stays paused.
    pub lane: Option<String>,
}

impl Verb for Resume {
    type Answer = Change;

    const ACT: Act = Act::Pause;

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("resume", self.lane.clone()))
    }
}

/// Holds a lane or a pool until a moment: nothing more starts in it, running workers go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldLane {
    /// The lane or the pool.
    pub lane: String,
    /// The moment.
    pub until: Option<Timestamp>,
    /// The same as a span from now on, which counts before `until`.
    #[serde(rename = "for")]
    pub span: Option<Seconds>,
    /// The reason, for whoever asks.
    pub reason: Option<String>,
}

impl Verb for HoldLane {
    type Answer = Change;

    const ACT: Act = Act::Pause;

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            lane,
            until: _,
            span: _,
            reason,
        } = self;
        texts::name("lane", Some(lane))?;
        texts::reason(reason)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("hold", Some(self.lane.clone())))
    }
}

/// Lets one task of a held lane or pool start now, to see whether others can. A hold by hand is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseLane {
    /// The lane or the pool.
    pub lane: String,
}

impl Verb for ReleaseLane {
    type Answer = Change;

    const ACT: Act = Act::Pause;

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self { lane } = self;
        texts::name("lane", Some(lane))
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("release", Some(self.lane.clone())))
    }
}

/// Promotes every waiting task whose parents are finished to `ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromoteWaiting {}

verb!(PromoteWaiting: Move -> Count);

/// Keeps a task from being started before a moment. The task stays in its column. Without a moment it
/// may start at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnoozeTask {
    /// The task.
    pub task: TaskId,
    /// The moment.
    pub until: Option<Timestamp>,
    /// The same as a span from now on, which counts before `until`.
    #[serde(rename = "for")]
    pub span: Option<Seconds>,
}

verb!(SnoozeTask: Prioritize -> Change, task);
