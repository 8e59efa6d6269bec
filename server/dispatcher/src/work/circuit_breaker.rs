//! The circuit breaker of the machine: open while starts fail for a reason that is neither their
//! tasks' nor their lane's. A probe closes it. What is a lane's holds the lane, on the board.

use std::time::Duration;

use tokio::time::Instant;

use super::retry::Retry;

/// The longest back-off: a probe costs little, and whoever has made room does not wait for long.
const LONGEST: Duration = Duration::from_secs(15);

/// The breaker; closed by default.
#[derive(Default)]
pub(super) struct CircuitBreaker(Option<(String, Retry)>);

impl CircuitBreaker {
    /// Opens it, for longer than the last time. Logs a new problem.
    pub(super) fn open(&mut self, problem: String) {
        let before = self.0.take();
        if before.as_ref().is_none_or(|(before, _)| *before != problem) {
            tracing::error!(problem, "nothing is started");
        }
        let retry = Retry::after(before.as_ref().map(|(_, retry)| retry), LONGEST);
        self.0 = Some((problem, retry));
    }

    /// Closes it: the machine can start workers.
    pub(super) fn close(&mut self) {
        if self.0.take().is_some() {
            tracing::info!("workers can be started again");
        }
    }

    /// Lets the machine be probed now: somebody asks for it.
    pub(super) fn end_rest(&mut self) {
        if let Some((_, retry)) = &mut self.0 {
            retry.end();
        }
    }

    /// Returns true when the machine is to be probed now.
    pub(super) fn is_probe_due(&self) -> bool {
        self.0.as_ref().is_some_and(|(_, retry)| retry.is_due())
    }

    /// The end of its back-off, if it went on `after` this moment.
    pub(super) fn next_probe(&self, after: Instant) -> Option<Instant> {
        let end = self.0.as_ref().map(|(_, retry)| retry.until());
        end.filter(|end| *end > after)
    }

    /// The machine's fault.
    pub(super) fn fault(&self) -> Option<String> {
        self.0.as_ref().map(|(problem, _)| problem.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_probe_that_fails_makes_the_back_off_longer_up_to_fifteen_seconds() {
        let mut breaker = CircuitBreaker::default();
        let mut rests = Vec::new();
        for _ in 0..5 {
            let now = Instant::now();
            breaker.open("the disk is full".to_owned());
            let next = breaker.next_probe(now).unwrap();
            rests.push((next - now).as_secs());
            assert!(!breaker.is_probe_due());
            tokio::time::advance(next - now).await;
            assert!(breaker.is_probe_due());
        }
        assert_eq!(rests, [2, 4, 8, 15, 15]);
        assert!(breaker.fault().is_some());
        breaker.close();
        assert!(breaker.fault().is_none() && !breaker.is_probe_due());
    }
}
