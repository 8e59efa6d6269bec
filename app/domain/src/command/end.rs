//! The verbs that complete, block and unblock a task.

use serde::{Deserialize, Serialize};

use super::{Audited, Change, Verb, texts};
use crate::actor::Authority;
use crate::authority::Act;
use crate::error::Error;
use crate::id::TaskId;
use crate::outcome::TaskOutcome;
use crate::text::printed;

/// Completes a task. Tasks that waited for it become ready. A worker whose task has a check reports by
/// this that it has finished: the task is completed once its check has passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompleteTask {
    /// The task.
    pub task: TaskId,
    /// Its outcome; without one that which its worker reported before its check, else success.
    #[serde(default)]
    pub outcome: Option<TaskOutcome>,
    /// The result, for the tasks that depend on it.
    pub result: Option<String>,
    /// A summary of the run for people; also the result where there is none.
    pub summary: Option<String>,
    /// Metadata of the run for programs: the text of a JSON object.
    pub metadata: Option<String>,
    /// True to finish it without its check, which only a person may.
    #[serde(default)]
    pub unchecked: bool,
}

impl Verb for CompleteTask {
    type Answer = Change;

    const ACT: Act = Act::Complete;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            outcome: _,
            result,
            summary,
            metadata: _,
            unchecked: _,
        } = self;
        texts::clean_some(result, printed);
        texts::clean_some(summary, printed);
        Ok(())
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("complete", None))
    }
}

/// Blocks a task until a person has answered. A reason is also kept as a comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockTask {
    /// The task.
    pub task: TaskId,
    /// The question, or what is missing.
    pub reason: Option<String>,
}

impl Verb for BlockTask {
    type Answer = Change;

    const ACT: Act = Act::Block;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self { task: _, reason } = self;
        texts::reason(reason)
    }
}

/// Unblocks a task: to `ready`, or to `todo` where it still waits for a parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnblockTask {
    /// The task.
    pub task: TaskId,
}

impl Verb for UnblockTask {
    type Answer = Change;

    const ACT: Act = Act::Unblock;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("unblock", None))
    }
}
