//! How long a task rests between two attempts.

use crate::time::Seconds;

/// The first rest.
const FIRST: Seconds = Seconds(5);
/// The longest rest: 15 minutes.
const LONGEST: Seconds = Seconds(900);

/// The rest after the `failures`-th failure in a row: 5 s, doubling up to 15 minutes, of which a
/// share chosen by `jitter` is kept.
///
/// "Equal jitter" of Amazon's "Exponential Backoff And Jitter": half the span is certain, the other
/// half is spread, so that tasks which failed together do not return together and none returns at
/// once. `jitter` is any number; only its value modulo the span counts.
pub fn rest(failures: u32, jitter: u64) -> Seconds {
    let doublings = failures.saturating_sub(1).min(16);
    let span = FIRST.0.saturating_mul(1 << doublings).min(LONGEST.0);
    let half = span / 2;
    let spread = i64::try_from(jitter % u64::try_from(span - half + 1).unwrap_or(1)).unwrap_or(0);
    Seconds(half + spread)
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
}
