//! The verdicts on work that is done: a person or a second lane judges exactly that run.

use serde::{Deserialize, Serialize};

use super::{Audited, Change, Verb, texts};
use crate::actor::Authority;
use crate::authority::Act;
use crate::error::Error;
use crate::id::{RunId, TaskId};

/// Approves the work that waits for a review: its task is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[cfg_attr(
    feature = "cli",
    command(after_help = "Examples:\n  kanban approve t_1a2b3c4d\n  \
        kanban approve t_1a2b3c4d --run 7 --note 'well done'")
)]
pub struct ApproveTask {
    /// The task.
    pub task: TaskId,
    /// The run that was judged: refused once the work is that of another. Without one, the last.
    #[serde(default)]
    #[cfg_attr(feature = "cli", arg(long))]
    pub run: Option<RunId>,
    /// The commit that was judged: refused once the board has seen its branch at another.
    #[serde(default)]
    #[cfg_attr(feature = "cli", arg(long))]
    pub commit: Option<String>,
    /// Words for whoever comes after.
    #[serde(default)]
    #[cfg_attr(feature = "cli", arg(long))]
    pub note: Option<String>,
}

impl Verb for ApproveTask {
    type Answer = Change;

    const ACT: Act = Act::Review;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            run: _,
            commit: _,
            note,
        } = self;
        texts::reason(note)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("approve", None))
    }
}

/// Asks for changes to the work that waits for a review: it is worked on again, with these words at the
/// top of its context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[cfg_attr(
    feature = "cli",
    command(after_help = "Examples:\n  kanban request-changes t_1a2b3c4d 'the date is missing'")
)]
pub struct RequestChanges {
    /// The task.
    pub task: TaskId,
    /// The changes, for the next attempt.
    pub reason: String,
    /// The run that was judged: refused once the work is that of another. Without one, the last.
    #[serde(default)]
    #[cfg_attr(feature = "cli", arg(long))]
    pub run: Option<RunId>,
    /// The commit that was judged: refused once the board has seen its branch at another.
    #[serde(default)]
    #[cfg_attr(feature = "cli", arg(long))]
    pub commit: Option<String>,
}

impl Verb for RequestChanges {
    type Answer = Change;

    const ACT: Act = Act::Review;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            reason,
            run: _,
            commit: _,
        } = self;
        let mut words = Some(std::mem::take(reason));
        texts::reason(&mut words)?;
        *reason = words.unwrap_or_default();
        if reason.trim().is_empty() {
            return Err(Error::NoReason);
        }
        Ok(())
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("request changes", None))
    }
}
