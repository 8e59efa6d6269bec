//! The status of a task, which is its column on the board.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The status of a task, which is also the column of its card.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Status {
    /// An idea. Nothing automatic moves a task out of here.
    Triage,
    /// Accepted, but not to be started: it waits for its parents, or for a person.
    Todo,
    /// The dispatcher may claim it.
    Ready,
    /// A worker has claimed it: exactly one run is open.
    Running,
    /// Its work is done and waits for a verdict.
    Review,
    /// It needs a person. Nothing automatic moves a task out of here.
    Blocked,
    /// Finished, with a result.
    Done,
    /// Put away. Counts as finished for the tasks that depend on it.
    Archived,
    /// A status of a later version of the original; kept as it is, shown among [`Status::Todo`].
    Other(Box<str>),
}

impl Status {
    /// The statuses of the board, in the order of its columns.
    pub const ALL: [Self; 8] = [
        Self::Triage,
        Self::Todo,
        Self::Ready,
        Self::Running,
        Self::Review,
        Self::Blocked,
        Self::Done,
        Self::Archived,
    ];

    /// The columns that a board always shows. [`Self::Review`] is one more where anything uses it;
    /// archived tasks are shown on request only.
    pub const COLUMNS: [Self; 6] = [
        Self::Triage,
        Self::Todo,
        Self::Ready,
        Self::Running,
        Self::Blocked,
        Self::Done,
    ];

    /// The name in the database, in JSON, on the command line and in CSS.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Triage => "triage",
            Self::Todo => "todo",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Review => "review",
            Self::Blocked => "blocked",
            Self::Done => "done",
            Self::Archived => "archived",
            Self::Other(name) => name,
        }
    }

    /// The status with this name, if it is one of the board's.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The column that a task of this status hangs in.
    #[must_use]
    pub fn column(&self) -> Self {
        match self {
            Self::Other(_) => Self::Todo,
            known => known.clone(),
        }
    }

    /// Returns true for a task that goes on only when a person unblocks it: one that is blocked, or that
    /// a later version of the original has put off.
    pub fn is_held_back(&self) -> bool {
        match self {
            Self::Blocked => true,
            Self::Other(name) => &**name == "scheduled",
            _ => false,
        }
    }

    /// Returns true if a task that depends on one of this status need not wait for it.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Done | Self::Archived)
    }
}

impl From<String> for Status {
    fn from(name: String) -> Self {
        Self::from_name(&name).unwrap_or_else(|| Self::Other(name.into_boxed_str()))
    }
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.as_str().to_owned()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_name(status.as_str()), Some(status.clone()));
            assert_eq!(Status::from(String::from(status.clone())), status);
        }
    }

    #[test]
    fn a_status_of_another_version_survives_and_hangs_in_todo() {
        let scheduled = Status::from("scheduled".to_owned());
        assert_eq!(String::from(scheduled.clone()), "scheduled");
        assert_eq!(scheduled.column(), Status::Todo);
        assert!(!scheduled.is_finished());
    }
}
