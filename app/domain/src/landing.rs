//! Landing: the work of a task goes from its own branch into the one that it came from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::check::CheckEnd;
use crate::error::Error;
use crate::id::EventId;
use crate::task::Task;
use crate::time::{Seconds, Timestamp};

/// The number of times in a row that a landing may send a task back before a person has to look, where
/// its lane has no other bound for red checks.
pub const SENT_BACK_LIMIT: u32 = 3;

/// The pause before what is in the way of a landing is looked at again.
pub const TRY_AGAIN: Seconds = Seconds(60);

/// The longest name of a branch, in characters.
const LONGEST_BRANCH: usize = 200;

/// The way in which commits get into a branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By a commit that merges both.
    #[default]
    Merge,
    /// Rewritten on top of it, one by one.
    Rebase,
}

impl Method {
    /// Its name in SQL, in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
        }
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Self::Merge, Self::Rebase]
            .into_iter()
            .find(|method| method.as_str() == name)
            .ok_or_else(|| Error::UnknownMethod(name.to_owned()))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The name in which a lane asks for the landings of its work.
pub const BY_LANE: &str = "kanban.toml";

/// A landing that was asked for and has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Landing {
    /// The branch that the work is to land on; `None` where nobody has named one.
    pub onto: Option<String>,
    /// The method; `None` leaves that to the task and its lane.
    pub method: Option<Method>,
    /// True if the task's own branch is to be deleted once it has landed.
    pub delete_branch: bool,
    /// The name of whoever asked for it.
    pub by: String,
    /// The time at which it was asked for.
    pub asked_at: Timestamp,
    /// The reason why it waits, in a sentence.
    pub problem: Option<String>,
    /// The event that asks for it: whoever undoes that takes it back.
    pub request: EventId,
    /// The commit that is about to become the target's, once its check has passed.
    pub result: Option<String>,
    /// The commit of the task's branch that this holds.
    pub commit: Option<String>,
}

impl Landing {
    /// Returns the method by which the work of `task` lands: that of the request, else that of the task,
    /// else that of its lane.
    pub fn method_for(&self, task: &Task, lane: Method) -> Method {
        self.method.or(task.land_method).unwrap_or(lane)
    }
}

/// The end of a landing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LandingEnd {
    /// The target holds the work.
    Landed {
        /// The commit of the task's branch.
        commit: String,
        /// The commit that the target was at before, where that is still known.
        before: Option<String>,
        /// The commit that holds the work on the target.
        result: String,
        /// The reason why the task's branch was not deleted, although that was asked for.
        kept: Option<String>,
    },
    /// A conflict, or a check that did not pass on the result: the task is worked on again.
    SentBack {
        /// The check, or the attempt to merge.
        check: Box<CheckEnd>,
        /// The number of times in a row that blocks the task; `None` is [`SENT_BACK_LIMIT`].
        limit: Option<u32>,
    },
    /// There was nothing to land, which the lane could not know.
    Nothing {
        /// That, in a sentence.
        reason: String,
    },
    /// Something is in the way that is not the task's fault.
    Waits {
        /// It, in a sentence.
        problem: String,
        /// The time of the next try.
        until: Timestamp,
    },
}

/// Checks the name of a branch that work is to land on, by the rules of git-check-ref-format(1). The
/// branches of tasks are not among them: workers change those.
///
/// # Errors
/// Fails with the reason in a sentence.
pub fn check_target(name: &str) -> Result<(), Error> {
    let bad = |character: char| {
        character.is_control() || character.is_whitespace() || "~^:?*[\\".contains(character)
    };
    let is_bad_part = |part: &str| {
        part.is_empty() || part.starts_with('.') || part.strip_suffix(".lock").is_some()
    };
    let is_name = name.chars().count() <= LONGEST_BRANCH
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && name != "HEAD"
        && !name.contains(bad)
        && !name.split('/').any(is_bad_part);
    if !is_name {
        return Err(Error::BadBranch(name.to_owned()));
    }
    if name.starts_with("kanban/") {
        return Err(Error::BranchOfATask(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_method_is_that_of_the_request_then_of_the_task_then_of_the_lane() {
        use Method::{Merge, Rebase};

        let landing = |method| Landing {
            onto: None,
            method,
            delete_branch: false,
            by: "alice".to_owned(),
            asked_at: fixture::NOW,
            problem: None,
            request: EventId(1),
            result: None,
            commit: None,
        };
        for (request, task, lane, expected) in [
            (Some(Merge), Some(Rebase), Rebase, Merge),
            (Some(Rebase), Some(Merge), Merge, Rebase),
            (None, Some(Rebase), Merge, Rebase),
            (None, Some(Merge), Rebase, Merge),
            (None, None, Rebase, Rebase),
            (None, None, Merge, Merge),
        ] {
            let mut of = fixture::task(1);
            of.land_method = task;
            assert_eq!(landing(request).method_for(&of, lane), expected);
        }
    }

    #[test]
    fn work_lands_on_what_git_takes_for_the_name_of_a_branch() {
        for name in ["main", "feature/a.b", "größe", "v1.2"] {
            check_target(name).unwrap();
        }
        let long = "a".repeat(201);
        for name in [
            "", "-f", "a..b", "a b", "a~1", "a/", "/a", "a//b", ".a", "a/.b", "a.lock", "a.", "@",
            "a@{1}", "HEAD", "a\nb", "a:b", "refs*", &long,
        ] {
            let refused = check_target(name).unwrap_err();
            assert!(matches!(refused, Error::BadBranch(_)), "{name}");
        }
        let refused = check_target("kanban/t_1").unwrap_err();
        assert!(matches!(refused, Error::BranchOfATask(_)));
    }
}
