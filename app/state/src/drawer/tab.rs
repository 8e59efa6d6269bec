//! The tabs of the open task.

use domain::status::Status;
use serde::{Deserialize, Serialize};

use super::Reading;

/// A tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// Its subject, and what is to be done now.
    Overview,
    /// The output of its workers.
    Log,
    /// Its changes in its repository.
    Changes,
    /// The receipts of its checks.
    Evidence,
    /// Its history, its comments and who is told of it.
    Activity,
}

impl Tab {
    /// Every tab, in the order of the page.
    pub const ALL: [Self; 5] = [
        Self::Overview,
        Self::Log,
        Self::Changes,
        Self::Evidence,
        Self::Activity,
    ];

    /// Its name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Log => "log",
            Self::Changes => "changes",
            Self::Evidence => "evidence",
            Self::Activity => "activity",
        }
    }

    /// Its name on the page.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Log => "Log",
            Self::Changes => "Changes",
            Self::Evidence => "Evidence",
            Self::Activity => "Activity",
        }
    }

    /// The key that opens it, always the same one whichever tabs there are.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Overview => "1",
            Self::Log => "2",
            Self::Changes => "3",
            Self::Evidence => "4",
            Self::Activity => "5",
        }
    }

    /// The tab with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.as_str() == name)
    }

    /// Returns true where a task has something to show in it.
    pub fn is_filled(self, reading: &Reading) -> bool {
        match self {
            Self::Overview | Self::Activity => true,
            Self::Log => reading.log.is_some() || reading.detail.task.status == Status::Running,
            Self::Changes => reading.detail.branch.is_some(),
            Self::Evidence => !reading.detail.receipts.is_empty(),
        }
    }

    /// The tab with which a task opens: the log while it runs.
    pub fn first(reading: &Reading) -> Self {
        match reading.detail.task.status {
            Status::Running => Self::Log,
            _ => Self::Overview,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawer::Log;
    use crate::fixture::reading;

    #[test]
    fn a_tab_is_there_where_it_has_something() {
        let mut reading = reading(1, Vec::new());
        let filled = |reading: &Reading| Tab::ALL.map(|tab| tab.is_filled(reading));
        assert_eq!(filled(&reading), [true, false, false, false, true]);
        reading.log = Some(Log {
            text: String::new(),
            size_bytes: 0,
            is_truncated: false,
            path: String::new(),
        });
        assert_eq!(filled(&reading), [true, true, false, false, true]);
    }

    #[test]
    fn a_running_task_opens_with_its_log_even_before_it_has_printed_anything() {
        let mut reading = reading(1, Vec::new());
        assert_eq!(Tab::first(&reading), Tab::Overview);
        reading.detail.task.status = Status::Running;
        assert_eq!(Tab::first(&reading), Tab::Log);
        assert!(Tab::Log.is_filled(&reading));
    }

    #[test]
    fn every_tab_is_found_by_its_name() {
        for tab in Tab::ALL {
            assert_eq!(Tab::named(tab.as_str()), Some(tab));
        }
        assert_eq!(Tab::named("elsewhere"), None);
    }
}
