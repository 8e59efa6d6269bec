//! The back-off of something that failed.

use std::time::Duration;

use tokio::time::Instant;

/// The first back-off: long enough for a busy file or a full disk to pass.
const SHORTEST: Duration = Duration::from_secs(2);

/// The back-off between two attempts, twice as long as the one before.
#[derive(Debug)]
pub(super) struct Retry {
    rest: Duration,
    until: Instant,
}

impl Retry {
    /// The back-off after a failure that followed the back-off `before`, at most `longest`.
    pub(super) fn after(before: Option<&Self>, longest: Duration) -> Self {
        let rest = before.map_or(SHORTEST, |before| longest.min(before.rest * 2));
        let until = Instant::now() + rest;
        Self { rest, until }
    }

    /// Its length.
    #[cfg(test)]
    pub(super) fn rest(&self) -> Duration {
        self.rest
    }

    /// Its end.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Returns true once it is over.
    pub(super) fn is_due(&self) -> bool {
        self.until <= Instant::now()
    }

    /// Ends it now.
    pub(super) fn end(&mut self) {
        self.until = Instant::now();
    }
}
