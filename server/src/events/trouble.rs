//! The back-off while the board cannot be read: ask less and less often, and say it once.

use std::time::Duration;

/// The first back-off.
const FIRST: Duration = Duration::from_millis(50);

/// The longest back-off: so late a listener hears that the board can be read again.
const LONGEST: Duration = Duration::from_secs(5);

/// A row of failures, while it lasts.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    last_rest: Option<Duration>,
}

impl Trouble {
    /// Records another failure and returns the back-off before the next attempt.
    pub(super) fn rest(&mut self, error: &kernel::Error) -> Duration {
        let rest = match self.last_rest {
            None => {
                tracing::warn!(%error, "events cannot be read; who listens has to wait");
                FIRST
            }
            Some(last) => {
                tracing::debug!(%error, "events still cannot be read");
                (last * 2).min(LONGEST)
            }
        };
        self.last_rest = Some(rest);
        rest
    }

    /// It has gone well.
    pub(super) fn is_over(&mut self) {
        if self.last_rest.take().is_some() {
            tracing::warn!("events can be read again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_some_seconds_and_start_again_after_a_success() {
        let mut trouble = Trouble::default();
        let rests: Vec<_> = (0..9)
            .map(|_| trouble.rest(&kernel::Error::Internal).as_millis())
            .collect();
        assert_eq!(rests, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        trouble.is_over();
        assert_eq!(trouble.rest(&kernel::Error::Internal), FIRST);
    }
}
