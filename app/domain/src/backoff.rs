//! How long a task rests between two attempts, and how often.

use crate::time::Seconds;

/// How often in a row a task may be put off because something it needs is not to be had.
pub const DEFERRALS: u32 = 20;

/// How long a task may rest for that in all: 6 hours.
pub const DEFERRED_FOR: Seconds = Seconds(6 * 3_600);

/// How often in a row a worker may exit as if all were well and report nothing.
pub const PROTOCOL_VIOLATIONS: u32 = 3;

/// The rest after the `failures`-th failure in a row: 5 s, doubling up to 15 minutes, of which half
/// is certain and `jitter` chooses the rest.
pub fn rest(failures: u32, jitter: u64) -> Seconds {
    with_jitter(doubled(5, failures, 900), 2, jitter)
}

/// The rest of a task whose workers depend on a service: a minute, doubling up to 15, of which `jitter`
/// may take a tenth. Five attempts last a quarter of an hour, which a short outage does not.
pub fn long_rest(failures: u32, jitter: u64) -> Seconds {
    with_jitter(doubled(60, failures, 900), 10, jitter)
}

/// The rest after a task was put off for the `deferrals`-th time in a row: 300 s as in the original,
/// doubling up to twenty minutes, of which `jitter` may take a tenth.
pub fn deferral(deferrals: u32, jitter: u64) -> Seconds {
    with_jitter(doubled(300, deferrals, LONGEST.0), 10, jitter)
}

/// The longest rest of a task: that of [`deferral`]. One that seems longer was written while the clock
/// stood ahead.
pub const LONGEST: Seconds = Seconds(1_200);

/// How often a piece of news is tried: with [`redelivery`], for about a day.
pub const DELIVERY_ATTEMPTS: u32 = 20;

/// How long a place rests at most between two attempts, unless it asks for more. What cannot be
/// delivered alone rests longer, so that it does not hold up the rest.
pub const PLACE_REST: Seconds = Seconds(60);

/// The rest after the `attempts`-th attempt to deliver something: 5 s, doubling up to 2 hours, of
/// which half is certain and `jitter` chooses the rest.
pub fn redelivery(attempts: u32, jitter: u64) -> Seconds {
    with_jitter(doubled(5, attempts, 7_200), 2, jitter)
}

/// The `times`-th span of a row that starts with `first` and doubles up to `longest`.
fn doubled(first: i64, times: u32, longest: i64) -> i64 {
    let doublings = times.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(longest)
}

/// `span` without up to a `share`-th of it, so that tasks which failed together do not return
/// together and none returns at once ("equal jitter" of Amazon's "Exponential Backoff And Jitter").
/// `jitter` is any number; only its value modulo that share counts.
fn with_jitter(span: i64, share: i64, jitter: u64) -> Seconds {
    let choices = (span - span * (share - 1) / share).unsigned_abs() + 1;
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
            let Seconds(rest) = rest(failures, jitter);
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
                .map(|jitter| rest(failures, jitter).0)
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
        let rests: i64 = (1..5).map(|failures| long_rest(failures, u64::MAX).0).sum();
        assert!(rests >= 13 * 60, "{rests} s");
        assert!((54..=60).contains(&long_rest(1, 7).0));
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
