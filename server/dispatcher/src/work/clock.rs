//! The wall clock, which may be set while back-offs and leases go by it.

use domain::actor::Actor;
use domain::command::{FollowClock, LEASE};
use domain::dispatch::SILENCE;
use domain::time::Seconds;

use super::Work;
use crate::error::Error;

/// The smallest jump of the wall clock that counts as set by hand, in seconds. What keeps it in
/// step with the world moves it by less than a thousandth.
const SET: i64 = 5;

impl Work {
    /// Shifts back-offs and leases with a clock that was set; returns true when it was. Runs first
    /// in a tick: the rest goes by the clock.
    pub(super) async fn follow_clock(&mut self) -> Result<bool, Error> {
        let ahead = self.kernel.clock_ahead();
        let by = ahead - self.clock_ahead;
        if by.0.abs() < SET {
            return Ok(false);
        }
        tracing::warn!(
            seconds = by.0,
            "the clock was set, or the machine slept; rests and leases go with it"
        );
        let grace = Seconds(0);
        self.move_times(by, grace).await?;
        self.clock_ahead = ahead;
        // By the new time, what was last said is long ago, or yet to come.
        self.health.say_it_again();
        Ok(true)
    }

    /// Lets every claim last for a while when no dispatcher was there: nobody may have taken its
    /// renewals, and nobody has seen whether the clock was set meanwhile.
    pub(super) async fn come_back(&mut self) -> Result<(), Error> {
        let dispatch = self.kernel.dispatch().await?;
        let Some(last) = dispatch.reported_at else {
            return Ok(());
        };
        if !(-SET..=SILENCE.0).contains(&dispatch.now.seconds_since(last)) {
            self.move_times(Seconds(0), LEASE).await?;
        }
        Ok(())
    }

    async fn move_times(&self, by: Seconds, grace: Seconds) -> Result<(), Error> {
        let follow = FollowClock { by, grace };
        self.kernel.execute(&Actor::dispatcher(), follow).await?;
        Ok(())
    }
}
