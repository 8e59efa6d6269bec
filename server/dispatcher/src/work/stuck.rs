//! The runs that could be neither watched nor settled.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::dispatch::{Place, Stuck};
use domain::id::RunId;
use tokio::time::Instant;

use super::retry::Retry;
use crate::error::Error;

/// The longest back-off of one run: whoever has mended something does not wait for long.
const LONGEST: Duration = Duration::from_mins(1);

/// Those runs, and when each is tried again.
#[derive(Default)]
pub(super) struct StuckRuns(BTreeMap<RunId, StuckRun>);

struct StuckRun {
    /// Its slot, where known.
    place: Option<Place>,
    error: String,
    retry: Retry,
}

impl StuckRuns {
    /// Records that a run is stuck, with a longer back-off than the last time. Logs a new problem.
    pub(super) fn put(&mut self, run: RunId, place: Option<Place>, error: &Error) {
        let error = error.to_string();
        let before = self.0.remove(&run);
        if before.as_ref().is_none_or(|before| before.error != error) {
            tracing::error!(run.id = %run, error, "a run is stuck");
        }
        let retry = Retry::after(before.as_ref().map(|before| &before.retry), LONGEST);
        let stuck = StuckRun {
            place: place.or(before.and_then(|before| before.place)),
            error,
            retry,
        };
        self.0.insert(run, stuck);
    }

    /// Notes that a run goes its way.
    pub(super) fn free(&mut self, run: RunId) {
        if self.0.remove(&run).is_some() {
            tracing::info!(run.id = %run, "a run is not stuck any more");
        }
    }

    /// Lets all be tried again now: somebody asks for it.
    pub(super) fn end_rests(&mut self) {
        self.0.values_mut().for_each(|stuck| stuck.retry.end());
    }

    /// Returns true while the back-off of a run lasts.
    pub(super) fn is_resting(&self, run: RunId) -> bool {
        let stuck = self.0.get(&run);
        stuck.is_some_and(|stuck| !stuck.retry.is_due())
    }

    /// The time of the first retry.
    pub(super) fn next_try(&self) -> Option<Instant> {
        self.0.values().map(|stuck| stuck.retry.until()).min()
    }

    /// All of them.
    pub(super) fn runs(&self) -> impl Iterator<Item = RunId> {
        self.0.keys().copied()
    }

    /// The slots they take.
    pub(super) fn places(&self) -> impl Iterator<Item = (RunId, Place)> {
        let known = |(run, stuck): (&RunId, &StuckRun)| Some((*run, stuck.place.clone()?));
        self.0.iter().filter_map(known)
    }

    /// The report of each whose task is known.
    pub(super) fn reports(&self) -> Vec<Stuck> {
        let report = |(run, stuck): (&RunId, &StuckRun)| {
            Some(Stuck {
                run: *run,
                place: stuck.place.clone()?,
                error: stuck.error.clone(),
            })
        };
        self.0.iter().filter_map(report).collect()
    }

    /// The problem, in a sentence.
    pub(super) fn problem(&self) -> Option<String> {
        let (run, StuckRun { place, error, .. }) = self.0.first_key_value()?;
        let of = place.as_ref().map(|place| format!(" of {}", place.task));
        let of = of.unwrap_or_default();
        let more = match self.0.len() {
            1 => String::new(),
            2 => "; 1 more is".to_owned(),
            all => format!("; {} more are", all - 1),
        };
        Some(format!("run {run}{of} is stuck: {error}{more}"))
    }
}

#[cfg(test)]
mod tests {
    use domain::id::TaskId;

    use super::*;

    #[test]
    fn what_is_stuck_is_left_alone_for_longer_each_time_and_a_minute_at_most() {
        let mut stuck = StuckRuns::default();
        let run = RunId(7);
        let mut rests = Vec::new();
        for _ in 0..7 {
            stuck.put(run, None, &Error::Stopped);
            assert!(stuck.is_resting(run));
            assert_eq!(stuck.next_try(), Some(stuck.0[&run].retry.until()));
            rests.push(stuck.0[&run].retry.rest().as_secs());
            stuck.end_rests();
        }
        assert_eq!(rests, [2, 4, 8, 16, 32, 60, 60]);
        assert!(!stuck.is_resting(run));
        stuck.free(run);
        assert_eq!(stuck.next_try(), None);
    }

    #[test]
    fn the_first_that_is_stuck_is_named_and_the_others_are_counted() {
        let mut stuck = StuckRuns::default();
        assert_eq!(stuck.problem(), None);
        let (task, lane) = (TaskId::from_bits(1), None);
        stuck.put(RunId(7), Some(Place { task, lane }), &Error::Stopped);
        let alone = "run 7 of t_00000001 is stuck: the dispatcher has stopped";
        assert_eq!(stuck.problem().as_deref(), Some(alone));
        // What it takes up may not be known any more when it is tried again.
        stuck.put(RunId(7), None, &Error::Stopped);
        stuck.put(RunId(8), None, &Error::Stopped);
        let both = format!("{alone}; 1 more is");
        assert_eq!(stuck.problem(), Some(both));
        assert_eq!(stuck.reports().len(), 1);
    }
}
