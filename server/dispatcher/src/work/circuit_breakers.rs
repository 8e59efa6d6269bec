//! The circuit breakers, one for the machine and one for each lane: open while starts fail for a
//! reason that is not their tasks'. A lane's is closed by one trial: once its back-off is over, one
//! task is started, and the others when that one has shown that it can be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::dispatch::LaneReport;
use domain::id::RunId;
use tokio::time::Instant;

use super::retry::Retry;

/// The longest back-off of the machine: a probe costs little, and whoever has made room does not wait
/// for long. It is also the longest that a trial is watched.
const LONGEST: Duration = Duration::from_secs(15);

/// The longest back-off of a lane: each trial leaves a run and its events on the board, which a person
/// has to read past once the lane is mended.
const LONGEST_OF_LANE: Duration = Duration::from_mins(10);

/// The open circuit breakers: of a lane, or with `None` of everything.
#[derive(Default)]
pub(super) struct CircuitBreakers(BTreeMap<Option<String>, CircuitBreaker>);

struct CircuitBreaker {
    problem: String,
    retry: Retry,
    /// The run that was started last in spite of it.
    trial: Option<RunId>,
}

impl CircuitBreakers {
    /// Opens the breaker of a lane, or of everything, for longer than the last time. Logs a new
    /// problem.
    pub(super) fn put(&mut self, lane: Option<String>, problem: String) {
        let before = self.0.get(&lane);
        if before.is_none_or(|before| before.problem != problem) {
            let lane = lane.as_deref().unwrap_or("every lane");
            tracing::error!(lane, problem, "nothing is started");
        }
        let longest = if lane.is_some() {
            LONGEST_OF_LANE
        } else {
            LONGEST
        };
        let retry = Retry::after(before.map(|before| &before.retry), longest);
        let breaker = CircuitBreaker {
            problem,
            retry,
            trial: None,
        };
        self.0.insert(lane, breaker);
    }

    /// Notes that a lane, or the machine, can start workers.
    pub(super) fn free(&mut self, lane: Option<&str>) {
        if self.0.remove(&lane.map(str::to_owned)).is_some() {
            let lane = lane.unwrap_or("every lane");
            tracing::info!(lane, "workers can be started again");
        }
    }

    /// Takes a run that was started for the trial of its lane, if that is held: until it has ended or
    /// the back-off is over once more, no other is started there.
    pub(super) fn started(&mut self, lane: &str, run: RunId) {
        if let Some(breaker) = self.0.get_mut(&Some(lane.to_owned())) {
            breaker.trial = Some(run);
            breaker.retry.restart_within(LONGEST);
        }
    }

    /// Frees the lane of a trial that has ended for another reason than its lane.
    pub(super) fn ended(&mut self, run: RunId) {
        let of_trial = |breaker: &CircuitBreaker| breaker.trial == Some(run);
        let lane = self.0.iter().find(|(_, breaker)| of_trial(breaker));
        if let Some(lane) = lane.and_then(|(lane, _)| lane.clone()) {
            self.free(Some(&lane));
        }
    }

    /// Frees the lanes whose trials have gone on for a whole back-off: a worker that cannot be started
    /// ends at once.
    pub(super) fn free_tried(&mut self, is_running: impl Fn(RunId) -> bool) {
        let is_tried = |breaker: &CircuitBreaker| {
            breaker.retry.is_due() && breaker.trial.is_some_and(&is_running)
        };
        let tried = self.0.iter().filter(|(_, breaker)| is_tried(breaker));
        let tried: Vec<_> = tried.filter_map(|(lane, _)| lane.clone()).collect();
        for lane in tried {
            self.free(Some(&lane));
        }
    }

    /// The lanes in which one task may be started, to see whether more can.
    pub(super) fn on_trial(&self) -> BTreeSet<String> {
        let due = self.0.iter().filter(|(_, breaker)| breaker.retry.is_due());
        due.filter_map(|(lane, _)| lane.clone()).collect()
    }

    /// Lets all be tried again now: somebody asks for it.
    pub(super) fn end_rests(&mut self) {
        self.0.values_mut().for_each(|breaker| breaker.retry.end());
    }

    /// The lanes that start nothing now. The machine is freed by a probe, a lane by its trial.
    pub(super) fn held(&self) -> BTreeSet<Option<String>> {
        let held = self.0.iter();
        let held = held.filter(|(lane, breaker)| lane.is_none() || !breaker.retry.is_due());
        held.map(|(lane, _)| lane.clone()).collect()
    }

    /// Returns true when the machine is held back and to be probed now.
    pub(super) fn is_probe_due(&self) -> bool {
        self.0
            .get(&None)
            .is_some_and(|breaker| breaker.retry.is_due())
    }

    /// The end of the first back-off, of those that went on `after` this moment. One of a lane that
    /// has ended before stays known until the lane starts a worker.
    pub(super) fn next_try(&self, after: Instant) -> Option<Instant> {
        let ends = self.0.values().map(|breaker| breaker.retry.until());
        ends.filter(|end| *end > after).min()
    }

    /// The machine's fault.
    pub(super) fn fault(&self) -> Option<String> {
        self.0.get(&None).map(|breaker| breaker.problem.clone())
    }

    /// Adds what is wrong with lanes that look well.
    pub(super) fn complete(&self, lanes: &mut [LaneReport]) {
        for lane in lanes.iter_mut().filter(|lane| lane.problem.is_none()) {
            let breaker = self.0.get(&Some(lane.name.clone()));
            let breaker = breaker.filter(|breaker| !breaker.retry.is_due());
            lane.problem = breaker.map(|breaker| breaker.problem.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: RunId = RunId(7);

    /// A lane whose back-off is over.
    fn tried_again() -> CircuitBreakers {
        let mut breakers = CircuitBreakers::default();
        breakers.put(Some("agent".to_owned()), "no such program".to_owned());
        breakers.end_rests();
        breakers
    }

    fn is_held(breakers: &CircuitBreakers) -> bool {
        breakers.held().contains(&Some("agent".to_owned()))
    }

    #[tokio::test]
    async fn a_lane_is_tried_with_one_run_and_freed_when_that_one_ends_for_another_reason() {
        let mut breakers = tried_again();
        assert_eq!(breakers.on_trial(), BTreeSet::from(["agent".to_owned()]));
        breakers.started("agent", RUN);
        assert!(is_held(&breakers));
        breakers.ended(RunId(6));
        assert!(is_held(&breakers));
        breakers.ended(RUN);
        assert!(!is_held(&breakers) && breakers.on_trial().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_outlasts_the_back_off_frees_its_lane() {
        let mut breakers = tried_again();
        breakers.started("agent", RUN);
        breakers.free_tried(|_| true);
        assert!(is_held(&breakers));
        tokio::time::advance(LONGEST).await;
        breakers.free_tried(|_| false);
        assert_eq!(breakers.on_trial().len(), 1);
        breakers.free_tried(|run| run == RUN);
        assert!(!is_held(&breakers) && breakers.on_trial().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_that_stays_broken_is_tried_more_and_more_seldom() {
        let mut breakers = tried_again();
        let begun = Instant::now();
        let mut trials = 0;
        while begun.elapsed() < Duration::from_hours(24) {
            let next = breakers
                .next_try(Instant::now())
                .unwrap_or_else(Instant::now);
            tokio::time::advance(next.saturating_duration_since(Instant::now())).await;
            breakers.started("agent", RUN);
            breakers.put(Some("agent".to_owned()), "no such program".to_owned());
            trials += 1;
        }
        assert!((100..160).contains(&trials), "{trials}");
        breakers.started("agent", RUN);
        tokio::time::advance(LONGEST).await;
        breakers.free_tried(|_| true);
        assert!(
            !is_held(&breakers),
            "a trial that goes on frees its lane soon"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_fails_makes_the_back_off_longer() {
        let mut breakers = tried_again();
        let rest = |breakers: &CircuitBreakers| {
            breakers.next_try(Instant::now()).unwrap() - Instant::now()
        };
        breakers.started("agent", RUN);
        let before = rest(&breakers);
        breakers.put(Some("agent".to_owned()), "no such program".to_owned());
        assert_eq!(rest(&breakers), before * 2);
        breakers.ended(RUN);
        assert!(is_held(&breakers));
    }
}
