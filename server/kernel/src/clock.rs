//! The source of the time: the only place that asks the operating system for it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use domain::time::{Seconds, Timestamp};

/// A clock: the system's, or one that a test moves by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<ManualClock>>);

#[derive(Debug)]
struct ManualClock {
    now: AtomicI64,
    /// The amount by which it was set forward, in all.
    set: AtomicI64,
}

/// The origin of the steady clock.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock {
    /// Returns a clock that stands at `now` until it is moved.
    pub fn standing_at(now: Timestamp) -> Self {
        let (now, set) = (AtomicI64::new(now.0), AtomicI64::new(0));
        Self(Some(Arc::new(ManualClock { now, set })))
    }

    /// Moves a standing clock and all its clones; the system's clock does not move.
    pub fn advance(&self, span: Seconds) {
        if let Some(clock) = &self.0 {
            clock.now.fetch_add(span.0, Ordering::SeqCst);
        }
    }

    /// Sets a standing clock forward, while no time passes.
    pub fn set_forward(&self, span: Seconds) {
        if let Some(clock) = &self.0 {
            clock.set.fetch_add(span.0, Ordering::SeqCst);
        }
        self.advance(span);
    }

    /// Returns the lead of this clock over one that nobody can set, counted from any moment: it
    /// changes when the clock is set, or when the machine has slept.
    pub fn ahead(&self) -> Seconds {
        if let Some(clock) = &self.0 {
            Seconds(clock.set.load(Ordering::SeqCst))
        } else {
            let steady = i64::try_from(START.elapsed().as_secs()).unwrap_or(i64::MAX);
            Seconds(system_time().0.saturating_sub(steady))
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(clock) => Timestamp(clock.now.load(Ordering::SeqCst)),
            None => system_time(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
fn system_time() -> Timestamp {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX))
}
