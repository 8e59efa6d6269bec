//! The outcome of a finished task, and the condition on which its children start.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::TaskId;

/// The outcome of a finished task. A test that found the bug is finished, with the outcome *failure*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// It came to what was asked for.
    #[default]
    Success,
    /// It was worked on to its end, and that is a negative one.
    Failure,
}

impl TaskOutcome {
    /// Its name in SQL, in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }

    /// Returns true for the one that an event or a list leaves out.
    pub fn is_success(&self) -> bool {
        *self == Self::Success
    }
}

impl FromStr for TaskOutcome {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Self::Success, Self::Failure]
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
            .ok_or_else(|| Error::UnknownOutcome(name.to_owned()))
    }
}

impl fmt::Display for TaskOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The condition of a link: the outcome of the parent on which the child starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum StartOn {
    /// On success.
    #[default]
    Success,
    /// On failure.
    Failure,
    /// On either.
    Always,
}

impl StartOn {
    /// Its name in SQL, in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Always => "always",
        }
    }

    /// Returns true if a child starts on this outcome.
    pub fn is_met_by(self, outcome: TaskOutcome) -> bool {
        match self {
            Self::Success => outcome == TaskOutcome::Success,
            Self::Failure => outcome == TaskOutcome::Failure,
            Self::Always => true,
        }
    }

    /// Returns true for the one that an event or a list leaves out.
    pub fn is_success(&self) -> bool {
        *self == Self::Success
    }
}

impl FromStr for StartOn {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Self::Success, Self::Failure, Self::Always]
            .into_iter()
            .find(|on| on.as_str() == name)
            .ok_or_else(|| Error::UnknownCondition(name.to_owned()))
    }
}

impl fmt::Display for StartOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Splits a parent as it is named, `t_1a2b3c4d` or `t_1a2b3c4d:failure`. What follows the colon and is no
/// condition belongs to the name, which then is that of no task.
pub fn named_parent(text: &str) -> (&str, StartOn) {
    let split = text.rsplit_once(':');
    split
        .and_then(|(name, on)| Some((name, on.parse().ok()?)))
        .unwrap_or((text, StartOn::default()))
}

/// A link whose child can never start: its parent is finished, with another outcome than it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadEnd {
    /// The parent.
    pub parent: TaskId,
    /// Its child.
    pub child: TaskId,
    /// The outcome of the parent.
    pub outcome: TaskOutcome,
    /// The outcome on which the child starts.
    pub on: StartOn,
    /// True for a parent that was archived before it ended, which counts as success.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_archived: bool,
}

impl fmt::Display for DeadEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            parent,
            child,
            outcome,
            on,
            was_archived,
        } = self;
        let ended = match was_archived {
            true => "was archived".to_owned(),
            false => format!("ended with {outcome}"),
        };
        write!(
            f,
            "{parent} {ended}, and {child} starts on its {on}; run {parent} again, remove \
             the link, or start it anyway: `kanban link {parent} {child} --on always`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_named_with_a_condition_or_without() {
        for (text, expected) in [
            ("t_1a", ("t_1a", StartOn::Success)),
            ("t_1a:success", ("t_1a", StartOn::Success)),
            ("t_1a:failure", ("t_1a", StartOn::Failure)),
            ("t_1a:always", ("t_1a", StartOn::Always)),
            ("t_1a:failed", ("t_1a:failed", StartOn::Success)),
            ("a:b:always", ("a:b", StartOn::Always)),
            ("", ("", StartOn::Success)),
        ] {
            assert_eq!(named_parent(text), expected);
        }
    }

    #[test]
    fn a_condition_is_met_by_the_outcome_of_its_name_or_by_any() {
        use TaskOutcome::{Failure, Success};
        for (on, outcome, expected) in [
            (StartOn::Success, Success, true),
            (StartOn::Success, Failure, false),
            (StartOn::Failure, Success, false),
            (StartOn::Failure, Failure, true),
            (StartOn::Always, Success, true),
            (StartOn::Always, Failure, true),
        ] {
            assert_eq!(on.is_met_by(outcome), expected);
        }
    }
}
