//! The events that wake a supervisor.

use std::time::Duration;

use domain::command::LEASE;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use crate::error::Error;

/// A lease is renewed at a third of its length, so that two renewals may fail before it runs out.
const LEASE_SHARES: u64 = 3;

/// The interval at which we check that the run may go on. A check reads one row.
const LOOK: Duration = Duration::from_secs(1);

/// The time we wait for our own SIGTERM when the worker has died of one. A shutdown of the machine,
/// or of the service, sends it to both, in any order.
const TOLD_TOO: Duration = Duration::from_secs(1);

/// An event that wakes the supervisor.
pub(super) enum Event {
    /// A child of ours ended: the worker, or something that it left to us.
    ChildEnded,
    /// The run is over, whatever the worker thinks.
    ToldToStop,
    /// It is time to look whether the run may go on.
    TimeToLook,
    /// It is time to renew the lease.
    LeaseIsDue,
}

pub(super) struct Events {
    pub(super) child_ended: Signal,
    told_to_stop: Signal,
    look_is_due: Interval,
    lease_is_due: Interval,
}

impl Events {
    pub(super) fn listen() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::system("listen to signals"));
        let every = |period| {
            let mut interval = interval_at(Instant::now() + period, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        Ok(Self {
            child_ended: listen(SignalKind::child())?,
            told_to_stop: listen(SignalKind::terminate())?,
            look_is_due: every(LOOK),
            lease_is_due: every(Duration::from_secs(LEASE.0.unsigned_abs() / LEASE_SHARES)),
        })
    }

    pub(super) async fn next(&mut self) -> Event {
        tokio::select! {
            // Being told to stop often shows together with the end of the worker, which was told as
            // well. That end is no failure.
            biased;
            _ = self.told_to_stop.recv() => Event::ToldToStop,
            _ = self.child_ended.recv() => Event::ChildEnded,
            _ = self.look_is_due.tick() => Event::TimeToLook,
            _ = self.lease_is_due.tick() => Event::LeaseIsDue,
        }
    }

    /// Returns true when we get the SIGTERM as well, now that the worker did.
    pub(super) async fn told_too(&mut self) -> bool {
        timeout(TOLD_TOO, self.told_to_stop.recv()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn being_told_to_stop_goes_before_the_end_of_the_worker_that_was_told_as_well() {
        use rustix::process::{Signal, getpid, kill_process};
        // Both signals are there when we look; without an order either may be seen first.
        for _ in 0..20 {
            let mut events = Events::listen().unwrap();
            let mut seen = signal(SignalKind::terminate()).unwrap();
            kill_process(getpid(), Signal::CHILD).unwrap();
            kill_process(getpid(), Signal::TERM).unwrap();
            seen.recv().await;
            assert!(matches!(events.next().await, Event::ToldToStop));
        }
    }
}
