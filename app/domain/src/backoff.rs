//! Back-off: the delays between attempts and deliveries, and the limits of their number.

use serde::{Deserialize, Serialize};

use crate::time::Seconds;

/// The maximum number of deferrals in a row: runs that ended for want of a dependency.
pub const DEFERRALS: u32 = 20;

/// The longest time that deferrals in a row may take: 6 hours.
pub const DEFERRED_FOR: Seconds = Seconds(6 * 3_600);

/// The maximum number of protocol violations in a row: exits with code 0 and no report.
pub const PROTOCOL_VIOLATIONS: u32 = 3;

/// The growth of the back-off after failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// The back-off after the first failure.
    pub first: Seconds,
    /// The factor by which it grows with each further one.
    pub factor: u32,
    /// The longest back-off.
    pub longest: Seconds,
    /// The part of it that chance takes away, in percent at most.
    pub jitter: u32,
}

impl RetryPolicy {
    /// 5 s, doubling up to 15 minutes, of which half is certain.
    pub const SOON: Self = Self {
        first: Seconds(5),
        factor: 2,
        longest: Seconds(900),
        jitter: 50,
    };

    /// A minute, doubling up to 15, of which nine tenths are certain: for workers that depend on a
    /// service. Five attempts last a quarter of an hour, which outlasts a short outage.
    pub const LATER: Self = Self {
        first: Seconds(60),
        jitter: 10,
        ..Self::SOON
    };

    /// The back-off after the `failures`-th failure in a row.
    pub fn rest(&self, failures: u32, jitter: u64) -> Seconds {
        let span = grown(self.first.0, failures, self.factor, self.longest.0);
        with_jitter(span, self.jitter, jitter)
    }
}

/// The time between two probes of a hold whose end nobody named: a minute, doubling up to half an
/// hour. A single run goes first, so chance takes nothing away.
pub fn hold(times: u32) -> Seconds {
    Seconds(grown(60, times, 2, 1_800))
}

/// The back-off after the `deferrals`-th deferral in a row: 300 s as in the original, doubling up
/// to twenty minutes, of which `jitter` may take a tenth.
pub fn deferral(deferrals: u32, jitter: u64) -> Seconds {
    with_jitter(grown(300, deferrals, 2, 1_200), 10, jitter)
}

/// The longest back-off of a task. One that seems longer was written while the clock stood ahead.
pub const LONGEST: Seconds = Seconds(3_600);

/// The maximum number of attempts at a delivery: with [`redelivery`], about a day.
pub const DELIVERY_ATTEMPTS: u32 = 20;

/// The longest back-off of an address, unless it asks for more. A delivery that fails by itself
/// backs off longer, so that it does not hold up the others.
pub const PLACE_REST: Seconds = Seconds(60);

/// The back-off after the `attempts`-th attempt at a delivery: 5 s, doubling up to 2 hours, of
/// which half is certain and `jitter` chooses the rest.
pub fn redelivery(attempts: u32, jitter: u64) -> Seconds {
    with_jitter(grown(5, attempts, 2, 7_200), 50, jitter)
}

/// Returns the `times`-th term of a row that starts with `first` and grows by `factor` up to `longest`.
fn grown(first: i64, times: u32, factor: u32, longest: i64) -> i64 {
    let mut span = first.min(longest);
    // A row that grows at all is at its longest by then.
    for _ in 1..times.min(64) {
        span = span.saturating_mul(factor.into()).min(longest);
    }
    span
}

/// `span` without up to `share` percent of it, so that tasks which failed together do not return
/// together and none returns at once ("equal jitter" of Amazon's "Exponential Backoff And Jitter").
/// `jitter` is any number; only its value modulo that share counts.
fn with_jitter(span: i64, share: u32, jitter: u64) -> Seconds {
    let choices = (span.saturating_mul(share.into()) / 100).unsigned_abs() + 1;
    let less = i64::try_from(jitter % choices).unwrap_or_default();
    Seconds(span - less)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_rest_is_between_half_its_span_and_its_span(failures in 0u32..=u32::MAX, jitter: u64) {
            let span = (5i64 << failures.saturating_sub(1).min(16)).min(900);
            let Seconds(rest) = RetryPolicy::SOON.rest(failures, jitter);
            prop_assert!(span / 2 <= rest && rest <= span, "{rest} outside of {span}");
        }
    }

    #[test]
    fn news_is_tried_for_about_a_day() {
        let total: i64 = (1..DELIVERY_ATTEMPTS)
            .map(|attempts| redelivery(attempts, 0).0)
            .sum();
        assert!((12..=30).contains(&(total / 3_600)), "{total} s");
    }

    #[test]
    fn rests_double_up_to_fifteen_minutes() {
        let longest = |failures| {
            (0..2_000)
                .map(|jitter| RetryPolicy::SOON.rest(failures, jitter).0)
                .max()
                .unwrap()
        };
        assert_eq!(
            [1, 2, 3, 4, 8, 9, 40].map(longest),
            [5, 10, 20, 40, 640, 900, 900]
        );
    }

    #[test]
    fn five_attempts_that_depend_on_a_service_outlast_a_short_outage() {
        let rest = |failures| RetryPolicy::LATER.rest(failures, u64::MAX).0;
        let rests: i64 = (1..5).map(rest).sum();
        assert!(rests >= 13 * 60, "{rests} s");
        assert!((54..=60).contains(&rest(1)));
    }

    #[test]
    fn a_policy_grows_as_it_says_and_never_for_ever() {
        let policy = RetryPolicy {
            first: Seconds(100),
            factor: 3,
            longest: Seconds(400),
            jitter: 0,
        };
        let rest = |policy: &RetryPolicy, failures| policy.rest(failures, 7).0;
        let rests = [0, 1, 2, 3, 4, 5, u32::MAX].map(|failures| rest(&policy, failures));
        assert_eq!(rests, [100, 100, 300, 400, 400, 400, 400]);
        let constant = RetryPolicy {
            factor: 1,
            ..policy
        };
        assert_eq!(rest(&constant, u32::MAX), 100);
        assert_eq!(
            [1, 2, 6, 7].map(|times| hold(times).0),
            [60, 120, 1_800, 1_800]
        );
    }

    #[test]
    fn deferrals_double_up_to_twenty_minutes_and_keep_nine_tenths() {
        let bounds = |deferrals| {
            let rests: Vec<_> = (0..2_000)
                .map(|jitter| deferral(deferrals, jitter).0)
                .collect();
            (*rests.iter().min().unwrap(), *rests.iter().max().unwrap())
        };
        assert_eq!(bounds(1), (270, 300));
        assert_eq!(bounds(2), (540, 600));
        assert_eq!(bounds(3), (1_080, 1_200));
        assert_eq!(bounds(20), (1_080, 1_200));
    }
}
