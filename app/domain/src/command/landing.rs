//! The verbs of landing: somebody asks for it, and the dispatcher's lander carries it out.

use serde::{Deserialize, Serialize};

use super::{Audited, Change, Verb, texts};
use crate::actor::Authority;
use crate::authority::Act;
use crate::check::CheckEnd;
use crate::error::Error;
use crate::id::{EventId, TaskId};
use crate::landing::{LandingEnd, Method, check_target};
use crate::text::{one_line, printed};

/// Lands the work of a finished task on the branch that it came from.
///
/// The dispatcher does it: one at a time for each repository, with the check run again on the result. A
/// conflict or a red check sends the task back to ready; where something else is in the way the landing
/// waits and says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[cfg_attr(
    feature = "cli",
    command(after_help = "Examples:\n  kanban land t_1a2b3c4d\n  \
        kanban land t_1a2b3c4d --onto release --method rebase --delete-branch")
)]
pub struct LandTask {
    /// The task.
    pub task: TaskId,
    /// The branch that it lands on. Without one, that on which the repository stood when the work began.
    #[serde(default)]
    #[cfg_attr(feature = "cli", arg(long, value_name = "BRANCH"))]
    pub onto: Option<String>,
    /// The method. Without one, as the task or its lane says, else a merge.
    #[serde(default)]
    #[cfg_attr(feature = "cli", arg(long))]
    pub method: Option<Method>,
    /// Delete the task's own branch and its worktree once the work has landed.
    #[serde(default)]
    #[cfg_attr(feature = "cli", arg(long))]
    pub delete_branch: bool,
}

impl Verb for LandTask {
    type Answer = Change;

    const ACT: Act = Act::Land;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            onto,
            method: _,
            delete_branch: _,
        } = self;
        texts::name("branch", onto.as_mut())?;
        onto.as_deref().map_or(Ok(()), check_target)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("land", self.onto.clone()))
    }
}

/// Notes the commit that is about to become the target's, whose check has passed. Refused once the
/// landing is not asked for any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteLanding {
    /// The task.
    pub task: TaskId,
    /// The event that asked for the landing.
    pub request: EventId,
    /// The commit.
    pub result: String,
    /// The commit of the task's branch that it holds.
    pub commit: String,
    /// Its check, where it has one.
    pub check: Option<Box<CheckEnd>>,
}

impl Verb for NoteLanding {
    type Answer = Change;

    const ACT: Act = Act::Dispatch;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            task: _,
            request: _,
            result: _,
            commit: _,
            check,
        } = self;
        if let Some(check) = check {
            texts::clean(&mut check.output, printed);
        }
        Ok(())
    }
}

/// Ends a landing, or lets it wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleLanding {
    /// The task.
    pub task: TaskId,
    /// The event that asked for the landing.
    pub request: EventId,
    /// The branch that it lands on.
    pub onto: String,
    /// The end.
    pub end: LandingEnd,
}

impl Verb for SettleLanding {
    type Answer = Change;

    const ACT: Act = Act::Dispatch;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        match &mut self.end {
            LandingEnd::Landed { kept, .. } => texts::clean_some(kept, one_line),
            LandingEnd::SentBack { check, .. } => texts::clean(&mut check.output, printed),
            LandingEnd::Nothing { reason } => texts::clean(reason, one_line),
            LandingEnd::Waits { problem, .. } => texts::clean(problem, one_line),
        }
        Ok(())
    }
}
