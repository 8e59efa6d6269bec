//! The runs that could be neither watched nor settled.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::dispatch::{Slot, UnrecoverableRun};
use domain::id::RunId;
use tokio::time::Instant;

use super::retry::Retry;
use crate::error::Error;

/// The longest back-off of one run: whoever has mended something does not wait for long.
const LONGEST: Duration = Duration::from_mins(1);

/// Those runs, and when each is tried again.
#[derive(Default)]
pub(super) struct UnrecoverableRuns(BTreeMap<RunId, Unrecoverable>);

struct Unrecoverable {
    /// Its slot, where known.
    slot: Option<Slot>,
    error: String,
    retry: Retry,
}

impl UnrecoverableRuns {
    /// Records that a run cannot be recovered, with a longer back-off than the last time. Logs a new problem.
    pub(super) fn put(&mut self, run: RunId, slot: Option<Slot>, error: &Error) {
        let error = error.to_string();
        let before = self.0.remove(&run);
        if before.as_ref().is_none_or(|before| before.error != error) {
            tracing::error!(run.id = %run, error, "a run cannot be recovered");
        }
        let retry = Retry::after(before.as_ref().map(|before| &before.retry), LONGEST);
        let unrecoverable_runs = Unrecoverable {
            slot: slot.or(before.and_then(|before| before.slot)),
            error,
            retry,
        };
        self.0.insert(run, unrecoverable_runs);
    }

    /// Notes that a run goes its way.
    pub(super) fn free(&mut self, run: RunId) {
        if self.0.remove(&run).is_some() {
            tracing::info!(run.id = %run, "a run was recovered");
        }
    }

    /// Lets all be tried again now: somebody asks for it.
    pub(super) fn end_rests(&mut self) {
        self.0.values_mut().for_each(|one| one.retry.end());
    }

    /// Returns true while the back-off of a run lasts.
    pub(super) fn is_resting(&self, run: RunId) -> bool {
        let unrecoverable_runs = self.0.get(&run);
        unrecoverable_runs.is_some_and(|one| !one.retry.is_due())
    }

    /// The time of the first retry.
    pub(super) fn next_try(&self) -> Option<Instant> {
        self.0.values().map(|one| one.retry.until()).min()
    }

    /// All of them.
    pub(super) fn runs(&self) -> impl Iterator<Item = RunId> {
        self.0.keys().copied()
    }

    /// The slots they take.
    pub(super) fn slots(&self) -> impl Iterator<Item = (RunId, Slot)> {
        let known = |(run, one): (&RunId, &Unrecoverable)| Some((*run, one.slot.clone()?));
        self.0.iter().filter_map(known)
    }

    /// The report of each whose task is known.
    pub(super) fn reports(&self) -> Vec<UnrecoverableRun> {
        let report = |(run, one): (&RunId, &Unrecoverable)| {
            Some(UnrecoverableRun {
                run: *run,
                slot: one.slot.clone()?,
                error: one.error.clone(),
            })
        };
        self.0.iter().filter_map(report).collect()
    }

    /// The problem, in a sentence.
    pub(super) fn problem(&self) -> Option<String> {
        let (run, Unrecoverable { slot, error, .. }) = self.0.first_key_value()?;
        let of = slot.as_ref().map(|slot| format!(" of {}", slot.task));
        let of = of.unwrap_or_default();
        let more = match self.0.len() {
            1 => String::new(),
            2 => "; nor can 1 more".to_owned(),
            all => format!("; nor can {} more", all - 1),
        };
        Some(format!("run {run}{of} cannot be recovered: {error}{more}"))
    }
}

#[cfg(test)]
mod tests {
    use domain::id::TaskId;

    use super::*;

    #[test]
    fn what_is_stuck_is_left_alone_for_longer_each_time_and_a_minute_at_most() {
        let mut unrecoverable_runs = UnrecoverableRuns::default();
        let run = RunId(7);
        let mut rests = Vec::new();
        for _ in 0..7 {
            unrecoverable_runs.put(run, None, &Error::Stopped);
            assert!(unrecoverable_runs.is_resting(run));
            assert_eq!(
                unrecoverable_runs.next_try(),
                Some(unrecoverable_runs.0[&run].retry.until())
            );
            rests.push(unrecoverable_runs.0[&run].retry.rest().as_secs());
            unrecoverable_runs.end_rests();
        }
        assert_eq!(rests, [2, 4, 8, 16, 32, 60, 60]);
        assert!(!unrecoverable_runs.is_resting(run));
        unrecoverable_runs.free(run);
        assert_eq!(unrecoverable_runs.next_try(), None);
    }

    #[test]
    fn the_first_that_is_stuck_is_named_and_the_others_are_counted() {
        let mut unrecoverable_runs = UnrecoverableRuns::default();
        assert_eq!(unrecoverable_runs.problem(), None);
        let (task, lane) = (TaskId::from_bits(1), None);
        unrecoverable_runs.put(RunId(7), Some(Slot { task, lane }), &Error::Stopped);
        let alone = "run 7 of t_00000001 cannot be recovered: the dispatcher has stopped";
        assert_eq!(unrecoverable_runs.problem().as_deref(), Some(alone));
        // What it takes up may not be known any more when it is tried again.
        unrecoverable_runs.put(RunId(7), None, &Error::Stopped);
        unrecoverable_runs.put(RunId(8), None, &Error::Stopped);
        let both = format!("{alone}; nor can 1 more");
        assert_eq!(unrecoverable_runs.problem(), Some(both));
        assert_eq!(unrecoverable_runs.reports().len(), 1);
    }
}
