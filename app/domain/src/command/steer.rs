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
