//! The circuit breakers, one for the machine and one for each lane: open while starts fail for a
//! reason that is not their tasks'.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::dispatch::LaneReport;
use tokio::time::Instant;

use super::retry::Retry;

/// The longest back-off: a probe costs little, and whoever has made room does not wait for long.
const LONGEST: Duration = Duration::from_secs(15);

/// The open circuit breakers: of a lane, or with `None` of everything.
#[derive(Default)]
pub(super) struct Holds(BTreeMap<Option<String>, Hold>);

struct Hold {
    problem: String,
    retry: Retry,
}

impl Holds {
    /// Opens the breaker of a lane, or of everything, for longer than the last time. Logs a new
    /// problem.
    pub(super) fn put(&mut self, lane: Option<String>, problem: String) {
        let before = self.0.get(&lane);
        if before.is_none_or(|before| before.problem != problem) {
            let lane = lane.as_deref().unwrap_or("every lane");
            tracing::error!(lane, problem, "nothing is started");
        }
        let retry = Retry::after(before.map(|before| &before.retry), LONGEST);
        self.0.insert(lane, Hold { problem, retry });
    }

    /// Notes that a lane, or the machine, can start workers.
    pub(super) fn free(&mut self, lane: Option<&str>) {
        if self.0.remove(&lane.map(str::to_owned)).is_some() {
            let lane = lane.unwrap_or("every lane");
            tracing::info!(lane, "workers can be started again");
        }
    }

    /// Lets all be tried again now: somebody asks for it.
    pub(super) fn end_rests(&mut self) {
        self.0.values_mut().for_each(|hold| hold.retry.end());
    }

    /// The lanes that start nothing now. The machine is freed by a probe, a lane by its next start.
    pub(super) fn held(&self) -> BTreeSet<Option<String>> {
        let held = self.0.iter();
        let held = held.filter(|(lane, hold)| lane.is_none() || !hold.retry.is_due());
        held.map(|(lane, _)| lane.clone()).collect()
    }

    /// Returns true when the machine is held back and to be probed now.
    pub(super) fn is_probe_due(&self) -> bool {
        self.0.get(&None).is_some_and(|hold| hold.retry.is_due())
    }

    /// The end of the first back-off, of those that went on `after` this moment. One of a lane that
    /// has ended before stays known until the lane starts a worker.
    pub(super) fn next_try(&self, after: Instant) -> Option<Instant> {
        let ends = self.0.values().map(|hold| hold.retry.until());
        ends.filter(|end| *end > after).min()
    }

    /// The machine's fault.
    pub(super) fn fault(&self) -> Option<String> {
        self.0.get(&None).map(|hold| hold.problem.clone())
    }

    /// Adds what is wrong with lanes that look well.
    pub(super) fn complete(&self, lanes: &mut [LaneReport]) {
        for lane in lanes.iter_mut().filter(|lane| lane.problem.is_none()) {
            let hold = self.0.get(&Some(lane.name.clone()));
            let hold = hold.filter(|hold| !hold.retry.is_due());
            lane.problem = hold.map(|hold| hold.problem.clone());
        }
    }
}
