//! The rate limit of a chat: people cannot read more, and platforms throttle a faster sender.

use crate::time::{Seconds, Timestamp};

/// The maximum number of messages to a chat in a minute. News beyond that waits for the next minute
/// and is sent together.
const MESSAGES_A_MINUTE: u32 = 3;

const MINUTE: Seconds = Seconds(60);

/// The messages that a chat was sent in the current minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// The time of the first message of the current minute.
    pub since: Timestamp,
    /// The number of messages in it.
    pub messages: u32,
}

impl Pace {
    /// Returns the number of the `waiting` pieces of news that go into the next message: one, or
    /// all if one by one they would exceed the rate limit.
    pub fn fold(self, now: Timestamp, waiting: usize) -> usize {
        let room = MESSAGES_A_MINUTE.saturating_sub(self.current(now).messages);
        if u32::try_from(waiting).is_ok_and(|waiting| waiting <= room) {
            waiting.min(1)
        } else {
            waiting
        }
    }

    /// Returns the pace after a message with `told` pieces of news. A folded one uses up the
    /// minute.
    #[must_use]
    pub fn after(self, now: Timestamp, told: usize) -> Self {
        let current = self.current(now);
        let messages = match told {
            0 | 1 => current.messages + 1,
            _ => MESSAGES_A_MINUTE,
        };
        Self {
            messages,
            ..current
        }
    }

    /// Returns the time until which nothing may be sent, if the rate limit is reached.
    pub fn rest(self) -> Option<Timestamp> {
        (self.messages >= MESSAGES_A_MINUTE).then_some(self.since + MINUTE)
    }

    /// The minute that `now` is in.
    fn current(self, now: Timestamp) -> Self {
        // A clock that was set back begins a new minute too.
        if (0..MINUTE.0).contains(&now.seconds_since(self.since)) {
            self
        } else {
            Self {
                since: now,
                messages: 0,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    #[test]
    fn a_few_messages_go_one_by_one_and_then_it_is_enough_for_the_minute() {
        let mut pace = Pace::default();
        for second in 0..3 {
            assert_eq!(pace.rest(), None);
            let now = NOW + Seconds(second);
            assert_eq!(pace.fold(now, 1), 1);
            pace = pace.after(now, 1);
        }
        assert_eq!(pace.rest(), Some(NOW + MINUTE));
        assert_eq!(pace.after(NOW + MINUTE, 1).rest(), None);
    }

    #[test]
    fn a_flood_is_folded_into_one_message_which_is_enough_for_the_minute() {
        let pace = Pace::default();
        assert_eq!((pace.fold(NOW, 3), pace.fold(NOW, 4)), (1, 4));
        let after = pace.after(NOW, 4);
        assert_eq!(after.rest(), Some(NOW + MINUTE));
        assert_eq!(after.fold(NOW + MINUTE, 2), 1);
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        let pace = Pace::default().after(NOW, 9);
        assert_eq!(pace.after(Timestamp(0), 1).rest(), None);
    }
}
