//! The identity of a concern.

use std::fmt;
use std::str::FromStr;

use domain::id::{DeliveryId, TaskId};
use domain::inbox::{Concern, Need};

/// A task needs a person once at a time, and so does a lane; each piece of news that reached nobody does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConcernId {
    /// The task.
    Task(TaskId),
    /// The piece of news.
    Delivery(DeliveryId),
    /// The held lane or pool.
    Lane(String),
    /// The task whose landing waits.
    Landing(TaskId),
}

/// The beginning of a lane's id, which is neither a task's nor a number.
const LANE: &str = "lane-";

/// The beginning of a landing's id.
const LANDING: &str = "landing-";

impl ConcernId {
    /// The id of a concern.
    pub fn of(concern: &Concern) -> Self {
        Self::of_need(&concern.need, &concern.task)
    }

    /// The id of the concern that a task has with this need.
    pub fn of_need(need: &Need, task: &TaskId) -> Self {
        match need {
            Need::Landing { .. } => Self::Landing(task.clone()),
            Need::Undelivered { delivery, .. } => Self::Delivery(*delivery),
            Need::Held { lane, .. } => Self::Lane(lane.clone()),
            Need::Answer { .. }
            | Need::GaveUp { .. }
            | Need::Review { .. }
            | Need::DeadEnd { .. } => Self::Task(task.clone()),
        }
    }
}

impl fmt::Display for ConcernId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(task) => f.write_str(task.as_str()),
            Self::Delivery(delivery) => write!(f, "{delivery}"),
            Self::Lane(lane) => write!(f, "{LANE}{lane}"),
            Self::Landing(task) => write!(f, "{LANDING}{task}"),
        }
    }
}

/// Reads what [`ConcernId`] displays.
impl FromStr for ConcernId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(lane) = text.strip_prefix(LANE) {
            return Ok(Self::Lane(lane.to_owned()));
        }
        if let Some(Ok(task)) = text.strip_prefix(LANDING).map(str::parse) {
            return Ok(Self::Landing(task));
        }
        match text.parse() {
            Ok(task) => Ok(Self::Task(task)),
            Err(_) => text
                .parse()
                .map(|number| Self::Delivery(DeliveryId(number))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back() {
        for id in [
            ConcernId::Task(TaskId::from_bits(7)),
            ConcernId::Delivery(DeliveryId(7)),
            ConcernId::Lane("t_00000007".to_owned()),
            ConcernId::Landing(TaskId::from_bits(7)),
        ] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert!("elsewhere".parse::<ConcernId>().is_err());
    }
}
