//! The back-off of a card between two attempts: `domain::backoff`, said again.

use super::Card;

/// The earliest and the latest value of something that is left to chance.
pub(crate) type Span = (i64, i64);

const DEFERRALS: u32 = 20;
const DEFERRED_FOR: i64 = 6 * 3_600;

/// The back-off after this many failures in a row.
pub(super) fn after_failure(failures: u32) -> Span {
    doubled(5, failures, 900, 2)
}

/// The `times`-th of spans that double from `first` to `longest`; a share of it is left to chance.
fn doubled(first: i64, times: u32, longest: i64, share: i64) -> Span {
    let span = (first << times.saturating_sub(1).min(20)).min(longest);
    (span * (share - 1) / share, span)
}

pub(super) fn plus((a, b): Span, (c, d): Span) -> Span {
    (a + c, b + d)
}

impl Card {
    pub(super) fn next_deferral(&self) -> Span {
        doubled(300, self.deferrals + 1, 1_200, 10)
    }

    pub(super) fn deferred_for_once_more(&self) -> Span {
        plus(self.deferred_for, self.next_deferral())
    }

    /// Returns true if one more deferral is certainly too many, or too long in all.
    pub(super) fn is_put_off_too_often(&self) -> bool {
        self.deferrals >= DEFERRALS || self.deferred_for_once_more().0 > DEFERRED_FOR
    }

    pub(super) fn is_perhaps_put_off_too_often(&self) -> bool {
        self.deferred_for_once_more().1 > DEFERRED_FOR
    }

    pub(super) fn end_deferrals(&mut self) {
        (self.deferrals, self.deferred_for) = (0, (0, 0));
    }

    /// The next attempt is the first again.
    pub(super) fn forgive(&mut self) {
        (self.failures, self.rework) = (0, 0);
        self.end_deferrals();
    }
}
