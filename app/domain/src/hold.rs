//! Holds: a lane, or a pool of lanes that share an account, starts nothing until a moment, for a
//! reason that is not its tasks'. When the moment has come, one run goes first, the probe, and the
//! others once it lasts.

use serde::{Deserialize, Serialize};

use crate::id::{RunId, TaskId};
use crate::time::{Seconds, Timestamp};

/// The time that a probe has to last until others may start.
pub const PROBE_LASTS: Seconds = Seconds(60);

/// The longest time until which a hold by a worker's words may last: a weekly limit and a day.
pub const LONGEST_HOLD: Seconds = Seconds(8 * 86_400);

/// The time after the end of a hold for which another one counts as the next in its row.
pub const REMEMBERED: Seconds = Seconds(1_800);

/// The cause of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Too many requests.
    RateLimited,
    /// The budget of the account is spent.
    Quota,
    /// The service is in trouble, or cannot be reached.
    Overloaded,
    /// Nobody is logged in, or the account may not do it.
    Unauthorized,
    /// Attempts at different tasks fail alike and early, or the program does not start.
    Failing,
    /// A person wants it so.
    ByHand,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 6] = [
        Self::RateLimited,
        Self::Quota,
        Self::Overloaded,
        Self::Unauthorized,
        Self::Failing,
        Self::ByHand,
    ];

    /// Its name in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Quota => "quota",
            Self::Overloaded => "overloaded",
            Self::Unauthorized => "unauthorized",
            Self::Failing => "failing",
            Self::ByHand => "by_hand",
        }
    }

    /// Returns the cause with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }

    /// The cause in words, as they stand after a colon.
    pub const fn words(self) -> &'static str {
        match self {
            Self::RateLimited => "rate limit",
            Self::Quota => "quota used up",
            Self::Overloaded => "service overloaded",
            Self::Unauthorized => "not logged in",
            Self::Failing => "workers fail alike",
            Self::ByHand => "held by hand",
        }
    }

    /// Returns true where only a person can mend it.
    pub const fn needs_person(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Failing)
    }
}

/// A hold of a lane or a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LaneHold {
    /// The lane or the pool.
    pub name: String,
    /// Its cause.
    pub cause: Cause,
    /// The words of the worker, or of the person.
    pub reason: Option<String>,
    /// The person who holds it.
    pub by: Option<String>,
    /// The task whose run met it, if one did.
    pub task: Option<TaskId>,
    /// The time of its beginning.
    pub since: Timestamp,
    /// The moment of the probe; `None` until a person releases it.
    pub until: Option<Timestamp>,
    /// The run that goes first, while it is open, and the time of its start.
    pub probe: Option<Probe>,
    /// The number of ready tasks that wait for it.
    #[serde(default)]
    pub waiting: u32,
}

/// The run that goes first once the moment of a hold has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Probe {
    /// The run.
    pub run: RunId,
    /// The time of its start.
    pub since: Timestamp,
}

/// The number of runs that a hold lets start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lets {
    /// None: its moment has not come, or its probe has not lasted yet.
    None,
    /// One, as its probe.
    Probe,
    /// Any number: it is over.
    All,
}

impl LaneHold {
    /// The number of runs that it lets start now.
    pub fn lets(&self, now: Timestamp) -> Lets {
        // One that a worker met and that seems longer was read while the clock stood ahead.
        let latest = now + LONGEST_HOLD;
        let is_held =
            |until: Timestamp| until > now && (self.cause == Cause::ByHand || until <= latest);
        if self.until.is_none_or(is_held) {
            return Lets::None;
        }
        match self.probe {
            // A clock that was set back says nothing of how long it has lasted.
            Some(probe) if (0..PROBE_LASTS.0).contains(&now.seconds_since(probe.since)) => {
                Lets::None
            }
            None if self.cause != Cause::ByHand => Lets::Probe,
            _ => Lets::All,
        }
    }

    /// The next moment at which it lets more start by itself; `None` where that takes a person, or has
    /// come.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let lasts = self.probe.map(|probe| probe.since + PROBE_LASTS);
        let moments = [self.until, lasts.filter(|_| self.until.is_some())];
        moments.into_iter().flatten().find(|moment| *moment > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn hold(cause: Cause, until: Option<i64>, probe: Option<i64>) -> LaneHold {
        LaneHold {
            name: "claude".to_owned(),
            cause,
            reason: None,
            by: None,
            task: None,
            since: NOW + Seconds(-600),
            until: until.map(|seconds| NOW + Seconds(seconds)),
            probe: probe.map(|seconds| Probe {
                run: RunId(1),
                since: NOW + Seconds(seconds),
            }),
            waiting: 0,
        }
    }

    #[test]
    fn one_probe_goes_first_and_the_others_once_it_lasts() {
        use Cause::{ByHand, Quota};
        for (cause, until, probe, expected) in [
            (Quota, Some(1), None, Lets::None),
            (Quota, Some(0), None, Lets::Probe),
            (Quota, Some(-9), Some(-9), Lets::None),
            (Quota, Some(-90), Some(-59), Lets::None),
            (Quota, Some(-90), Some(-60), Lets::All),
            (Quota, Some(-90), Some(7_200), Lets::All),
            (Quota, Some(LONGEST_HOLD.0), None, Lets::None),
            (Quota, Some(LONGEST_HOLD.0 + 1), None, Lets::Probe),
            (ByHand, Some(LONGEST_HOLD.0 + 1), None, Lets::None),
            (Quota, None, None, Lets::None),
            (Quota, None, Some(-90), Lets::None),
            (Quota, Some(1), Some(-90), Lets::None),
            (ByHand, Some(1), None, Lets::None),
            (ByHand, Some(0), None, Lets::All),
        ] {
            let found = hold(cause, until, probe).lets(NOW);
            assert_eq!(found, expected, "{cause:?} {until:?} {probe:?}");
        }
    }

    #[test]
    fn the_next_change_is_its_moment_and_then_that_of_a_probe_that_lasts() {
        let next = |until, probe| {
            let next = hold(Cause::Quota, until, probe).next_change(NOW);
            next.map(|next| next.seconds_since(NOW))
        };
        assert_eq!(next(Some(7), None), Some(7));
        assert_eq!(next(Some(-7), None), None);
        assert_eq!(next(Some(-7), Some(-7)), Some(53));
        assert_eq!(next(Some(-90), Some(-90)), None);
        assert_eq!(next(None, Some(-7)), None);
    }
}
