//! Moments and spans, in whole seconds, as the database and the HTTP API have them.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// A moment: seconds since 1970-01-01 00:00 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Seconds from `earlier` to this moment; negative when the clock was set back between them.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A span of whole seconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seconds(pub i64);

impl Add<Seconds> for Timestamp {
    type Output = Self;

    fn add(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Seconds> for Timestamp {
    type Output = Self;

    fn sub(self, span: Seconds) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add for Seconds {
    type Output = Self;

    fn add(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for Seconds {
    type Output = Self;

    fn sub(self, span: Self) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl fmt::Display for Seconds {
    /// The two largest units that say something: `42s`, `3m 5s`, `2h 10m`, `5d 3h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.max(0);
        let (days, hours, minutes, seconds) = (
            total / 86_400,
            total / 3_600 % 24,
            total / 60 % 60,
            total % 60,
        );
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{seconds}s"),
            (0, 0, _) if seconds == 0 => write!(f, "{minutes}m"),
            (0, 0, _) => write!(f, "{minutes}m {seconds}s"),
            (0, _, 0) => write!(f, "{hours}h"),
            (0, _, _) => write!(f, "{hours}h {minutes}m"),
            (_, 0, _) => write!(f, "{days}d"),
            _ => write!(f, "{days}d {hours}h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_as_its_two_largest_units() {
        let said = [0, 42, 60, 185, 3_600, 7_800, 86_400, 443_000].map(|s| Seconds(s).to_string());
        assert_eq!(
            said,
            ["0s", "42s", "1m", "3m 5s", "1h", "2h 10m", "1d", "5d 3h"]
        );
    }

    #[test]
    fn moments_at_the_edge_of_the_clock_do_not_overflow() {
        assert_eq!(Timestamp(i64::MAX) + Seconds(1), Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MIN).seconds_since(Timestamp(1)), i64::MIN);
        assert_eq!(Seconds(i64::MAX) + Seconds(1), Seconds(i64::MAX));
        assert_eq!(Seconds(i64::MIN) - Seconds(1), Seconds(i64::MIN));
    }
}
