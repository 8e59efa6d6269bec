//! The outcome of a finished task, and the condition on which its children start.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::TaskId;
use crate::text::names_of;

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

impl DeadEnd {
    /// The end of the parent, in words.
    fn end(&self) -> &'static str {
        match self.outcome {
            _ if self.was_archived => "was archived",
            TaskOutcome::Success => "ended with success",
            TaskOutcome::Failure => "ended with failure",
        }
    }
}

impl fmt::Display for DeadEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = self.end();
        let Self {
            parent, child, on, ..
        } = self;
        write!(
            f,
            "{parent} {ended}, and {child} starts on its {on}; run {parent} again, remove \
             the link, or start it anyway: `kanban link {parent} {child} --on always`"
        )
    }
}

/// Returns the sentence about links that can no longer be met, which are all of one parent or all of one
/// child.
pub fn dead_ends_in_words(dead_ends: &[DeadEnd]) -> String {
    let Some(first) = dead_ends.first() else {
        return String::new();
    };
    let DeadEnd { parent, on, .. } = first;
    let ended = first.end();
    let of_parent = dead_ends.iter().filter(|it| it.parent == *parent);
    let children: Vec<TaskId> = of_parent.map(|it| it.child.clone()).collect();
    let verb = if children.len() == 1 {
        "starts"
    } else {
        "start"
    };
    let others = match dead_ends.len().saturating_sub(children.len()) {
        0 => String::new(),
        1 => "; another of its parents ended otherwise too".to_owned(),
        count => format!("; {count} more of its parents ended otherwise too"),
    };
    let children = names_of(&children);
    format!("{parent} {ended}, and {children} {verb} on its {on}{others}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_ends_are_told_by_the_parent_that_they_have_in_common() {
        let dead_end = |parent: u32, child: u32| DeadEnd {
            parent: TaskId::from_bits(parent),
            child: TaskId::from_bits(child),
            outcome: TaskOutcome::Failure,
            on: StartOn::Success,
            was_archived: false,
        };
        let words = |links: &[(u32, u32)]| {
            let links: Vec<_> = links.iter().map(|(it, of)| dead_end(*it, *of)).collect();
            dead_ends_in_words(&links)
        };
        assert_eq!(words(&[]), "");
        let one = "t_00000001 ended with failure, and t_00000002 starts on its success";
        assert_eq!(words(&[(1, 2)]), one);
        assert_eq!(
            words(&[(1, 2), (1, 3)]),
            "t_00000001 ended with failure, and t_00000002, t_00000003 start on its success"
        );
        assert_eq!(
            words(&[(1, 2), (4, 2)]),
            [one, "; another of its parents ended otherwise too"].concat()
        );
    }

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
