//! The age at which a card counts as stale.

use domain::board::TaskSummary;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};

/// The staleness of a task: an age in its column that is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Staleness {
    /// No.
    #[default]
    Fresh,
    /// Somebody may want to look.
    Amber,
    /// Somebody should.
    Red,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Staleness {
    /// By the thresholds of the original, but counted from when the task came to where it is: a task
    /// that was made a week ago is not stale in the minute in which it becomes ready.
    pub fn of(task: &TaskSummary, now: Timestamp) -> Self {
        let Some((amber, red)) = thresholds(&task.status) else {
            return Self::Fresh;
        };
        match Seconds(now.seconds_since(task.status_since)) {
            since if since >= red => Self::Red,
            since if since >= amber => Self::Amber,
            _ => Self::Fresh,
        }
    }

    /// The name in CSS.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Fresh => None,
            Self::Amber => Some("amber"),
            Self::Red => Some("red"),
        }
    }
}

fn thresholds(status: &Status) -> Option<(Seconds, Seconds)> {
    let (amber, red) = match status {
        Status::Running => (10 * MINUTE, HOUR),
        Status::Ready | Status::Review | Status::Blocked => (HOUR, DAY),
        Status::Todo => (7 * DAY, 30 * DAY),
        Status::Triage | Status::Done | Status::Archived | Status::Other(_) => return None,
    };
    Some((Seconds(amber), Seconds(red)))
}

#[cfg(test)]
mod tests {
    use domain::fixture::NOW;

    use super::*;
    use crate::fixture::with_status;

    fn after(status: Status, seconds: i64) -> Staleness {
        Staleness::of(&with_status(1, status), NOW + Seconds(seconds))
    }

    #[test]
    fn thresholds_are_those_of_the_original_and_inclusive() {
        for (status, amber, red) in [
            (Status::Running, 600, 3_600),
            (Status::Ready, 3_600, 86_400),
            (Status::Blocked, 3_600, 86_400),
            (Status::Todo, 604_800, 2_592_000),
        ] {
            assert_eq!(after(status.clone(), amber - 1), Staleness::Fresh);
            assert_eq!(after(status.clone(), amber), Staleness::Amber);
            assert_eq!(after(status.clone(), red - 1), Staleness::Amber);
            assert_eq!(after(status, red), Staleness::Red);
        }
    }

    #[test]
    fn ideas_and_finished_tasks_never_grow_stale() {
        for status in [Status::Triage, Status::Done, Status::Archived] {
            assert_eq!(after(status, i64::MAX / 2), Staleness::Fresh);
        }
    }
}
