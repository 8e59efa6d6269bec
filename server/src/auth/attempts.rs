//! The rate limit on wrong tokens and logged refusals, by address.
//!
//! A token of 256 bits is not guessed at any rate. What this keeps down is the noise: a program with
//! an old token that tries for ever fills no log and keeps no processor busy. The right token is
//! never made to wait, so that no such program locks out the others on its machine.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The burst: the number of wrong tokens answered as such before the first is put off.
const BURST: u32 = 20;

/// The time until one more is answered as such.
const REFILL: Duration = Duration::from_secs(3);

/// The most addresses that are remembered. Behind a proxy there is one, on this machine there are
/// two.
const MAX_ADDRESSES: usize = 4_096;

/// The wrong tokens of late.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<Option<IpAddr>, Instant>>);

impl Attempts {
    /// Counts a wrong token. How long to wait, where there were too many.
    pub(super) fn count(&self, origin: Option<IpAddr>, now: Instant) -> Option<Duration> {
        // The "generic cell rate algorithm": each attempt moves a mark by `REFILL`, and the mark may
        // run ahead of the clock by a whole burst.
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.len() >= MAX_ADDRESSES {
            marks.retain(|_, mark| now < *mark);
        }
        if marks.len() >= MAX_ADDRESSES && !marks.contains_key(&origin) {
            return Some(REFILL);
        }
        let mark = marks.entry(origin).or_insert(now);
        let moved = (*mark).max(now) + REFILL;
        let ahead = moved.duration_since(now);
        let excess = ahead.saturating_sub(REFILL * BURST);
        if excess > Duration::ZERO {
            return Some(excess);
        }
        *mark = moved;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn too_many_wrong_tokens_are_put_off_until_time_has_passed() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..BURST {
            assert_eq!(attempts.count(Some(address(1)), now), None);
        }
        assert_eq!(attempts.count(Some(address(1)), now), Some(REFILL));
        assert_eq!(attempts.count(Some(address(1)), now + REFILL), None);
        assert!(attempts.count(Some(address(1)), now + REFILL).is_some());
    }

    #[test]
    fn one_address_is_not_put_off_for_another() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..=BURST {
            attempts.count(Some(address(1)), now);
        }
        assert_eq!(attempts.count(Some(address(2)), now), None);
        assert_eq!(attempts.count(None, now), None);
    }

    #[test]
    fn whoever_is_put_off_does_not_wait_longer_for_having_tried() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..BURST * 10 {
            attempts.count(Some(address(1)), now);
        }
        assert_eq!(attempts.count(Some(address(1)), now), Some(REFILL));
    }

    #[test]
    fn a_burst_is_forgiven_once_all_of_it_is_over() {
        let (attempts, mut now) = (Attempts::default(), Instant::now());
        for _ in 0..3 {
            for _ in 0..BURST {
                assert_eq!(attempts.count(Some(address(1)), now), None);
            }
            now += REFILL * BURST;
        }
    }

    #[test]
    fn no_more_addresses_are_remembered_than_have_a_place() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let most = u32::try_from(MAX_ADDRESSES).unwrap();
        for number in 0..most {
            assert_eq!(attempts.count(Some(address(number)), now), None);
        }
        assert_eq!(attempts.count(Some(address(most)), now), Some(REFILL));
        assert_eq!(
            attempts.count(Some(address(0)), now),
            None,
            "it has a place"
        );
        let later = now + REFILL * 2;
        assert_eq!(attempts.count(Some(address(most)), later), None);
        assert_eq!(attempts.0.lock().unwrap().len(), 1);
    }
}
