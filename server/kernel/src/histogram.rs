//! A histogram of durations.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the buckets, in microseconds: from a tenth of a millisecond, which a write
/// takes, to ten seconds, after which a listener is cut.
const BOUNDS_US: [u64; 11] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 10_000_000,
];

/// Counts of durations by bucket. A duration above every bound is in the total alone.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

impl Histogram {
    /// Counts one more duration.
    pub fn observe(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// Returns each bound, in microseconds, with the number of durations up to it.
    pub fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> {
        let counts = self.buckets.iter().map(|it| it.load(Ordering::Relaxed));
        BOUNDS_US.into_iter().zip(counts.scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        }))
    }

    /// Returns the number of durations, and their sum in microseconds.
    pub fn total(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.count), read(&self.sum_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_up_to_every_bound_that_it_keeps() {
        let histogram = Histogram::default();
        for us in [100, 101, 20_000_000] {
            histogram.observe(Duration::from_micros(us));
        }
        let counts: Vec<_> = histogram.cumulative().collect();
        assert_eq!(counts[..2], [(100, 1), (250, 2)]);
        assert_eq!(counts.last(), Some(&(10_000_000, 2)));
        assert_eq!(histogram.total(), (3, 20_000_201));
    }
}
