//! The time of the next tick, if nothing wakes the dispatcher before.

use std::time::Duration;

use domain::time::{Seconds, Timestamp};
use kernel::{Kernel, Look};
use tokio::time::Instant;

use super::Work;
use crate::run::watched::Watched;

/// The moment at which a look began, by both clocks. What falls due after it may have been passed over
/// as not due yet, so another look has to be taken at it.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    at: Instant,
    pub(super) by_clock: Timestamp,
}

impl Begun {
    pub(super) fn now(kernel: &Kernel) -> Self {
        Self {
            at: Instant::now(),
            by_clock: kernel.now(),
        }
    }
}

impl Work {
    /// The time of the next tick: when something falls due that the one that began then has not seen
    /// due. A back-off that is over matters only where there is room.
    pub(super) fn next_look(&self, begun: Begun, look: &Look, has_room: bool) -> Instant {
        let now = Instant::now();
        let at = |moment: Timestamp| {
            let seconds = moment.seconds_since(self.kernel.now()).max(1);
            now + Duration::from_secs(seconds.unsigned_abs())
        };
        let rest = look.next_rest_end.filter(|_| has_room);
        let holds = self.holds.iter();
        let holds = holds.filter_map(|hold| hold.next_change(begun.by_clock));
        let lanes = self.settings.lanes.all();
        let hours = lanes.filter_map(|lane| lane.opens_at(begun.by_clock));
        let openings = holds.chain(hours).filter(|_| has_room);
        // A lease holds to the end of its last second.
        let lease = look.next_lease_end.map(|end| end + Seconds(1));
        let hurries = self.watched.values().filter_map(Watched::deadline);
        let moments = hurries.chain(rest.map(at)).chain(lease.map(at));
        let moments = moments.chain(openings.map(at));
        let tries = [
            self.unrecoverable.next_try(),
            self.breaker.next_probe(begun.at),
            self.landers.next_try(),
        ];
        let earliest = moments.chain(tries.into_iter().flatten()).min();
        let latest = now + self.config.interval();
        earliest.map_or(latest, |earliest| earliest.min(latest))
    }
}

#[cfg(test)]
mod tests {
    use domain::actor::Actor;
    use domain::command::{FailRun, HoldLane, NextAttempt, SHELL};
    use kernel::Clock;

    use super::super::fixture::{work, work_by};
    use super::*;
    use crate::run::exit_verdict::not_started;

    #[tokio::test]
    async fn a_breaker_whose_rest_ends_during_a_look_is_tried_by_the_next_one_at_once() {
        let (_folder, mut work) = work();
        work.breaker.open("no handle is left".to_owned());
        let begun = Begun::now(&work.kernel);
        work.breaker.end_rest();
        let look = work.kernel.look(begun.by_clock).await.unwrap();
        let next_look = work.next_look(begun, &look, true);
        assert!(next_look <= Instant::now());
    }

    #[tokio::test]
    async fn the_moment_of_a_hold_is_looked_at_where_there_is_room() {
        let (_folder, mut work) = work();
        let hold = HoldLane {
            lane: SHELL.to_owned(),
            until: None,
            span: Some(Seconds(20)),
            reason: None,
        };
        work.kernel
            .execute(&Actor::full("ada"), hold)
            .await
            .unwrap();
        work.holds = work.kernel.dispatch().await.unwrap().holds;
        let now = Instant::now();
        let next_look = async |has_room| {
            let begun = Begun::now(&work.kernel);
            let look = work.kernel.look(begun.by_clock).await.unwrap();
            work.next_look(begun, &look, has_room) - now
        };
        assert!(next_look(true).await <= Duration::from_secs(21));
        assert!(next_look(false).await >= work.config.interval());
    }

    #[tokio::test]
    async fn a_task_whose_back_off_ends_during_a_look_is_looked_at_a_second_later() {
        let clock = Clock::standing_at(Timestamp(1_800_000_000));
        let (_folder, work) = work_by(clock.clone());
        let claimed = work.claimed().await;
        let fail = FailRun {
            run: claimed.run,
            failure: not_started("no such file".to_owned()),
            limit: None,
            next: NextAttempt::default(),
            breaker: None,
        };
        let dispatcher = Actor::dispatcher();
        work.kernel.execute(&dispatcher, fail).await.unwrap();
        let begun = Begun::now(&work.kernel);
        clock.advance(Seconds(60));
        let next_look = async |begun: Begun| {
            let look = work.kernel.look(begun.by_clock).await.unwrap();
            work.next_look(begun, &look, true)
        };
        let now = Instant::now();
        assert!(next_look(begun).await <= Instant::now() + Duration::from_secs(1));
        // The next look sees that it can start.
        let begun = Begun::now(&work.kernel);
        assert!(next_look(begun).await >= now + work.config.interval());
    }
}
