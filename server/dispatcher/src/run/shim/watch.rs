//! The time limits of a worker.

use domain::run::Outcome;
use domain::time::Timestamp;
use tokio::time::Instant;

use super::board::RunState;
use crate::lanes::Limits;
use crate::run::folder::End;
use crate::run::watched;

/// A worker's time, counted by a clock that stands still while the machine sleeps: so does the
/// worker.
pub(super) struct Watch {
    limits: Limits,
    started: Instant,
    /// The time of the worker's last sign of life, as far as we saw; `None` before it is there.
    last_sign: Option<Instant>,
    /// The last heartbeat that we saw on the board.
    heartbeat: Option<Timestamp>,
    /// The time until which it may finish what it is doing, now that its run is closed.
    leave_by: Option<Instant>,
    /// True where a check follows its report, so that it is to end soon after that.
    pub(super) ends_once_reported: bool,
}

impl Watch {
    pub(super) fn new(limits: Limits, now: Instant) -> Self {
        Self {
            limits,
            started: now,
            last_sign: None,
            heartbeat: None,
            leave_by: None,
            ends_once_reported: false,
        }
    }

    /// The worker's time begins now; until then, that of what had to be made ready for it.
    pub(super) fn worker_started(&mut self, now: Instant) {
        self.started = now;
        self.last_sign = Some(now);
    }

    /// Takes the board's state of the run. A heartbeat is younger than the time since we last
    /// looked.
    pub(super) fn observe(&mut self, state: RunState, now: Instant) {
        match state {
            RunState::Open {
                heartbeat,
                has_reported,
            } => {
                if heartbeat != self.heartbeat {
                    self.heartbeat = heartbeat;
                    self.last_sign = Some(now);
                }
                if has_reported && self.ends_once_reported {
                    let patience = watched::patience(Some(Outcome::Completed));
                    self.leave_by.get_or_insert(now + patience);
                }
            }
            RunState::Closed(outcome) => {
                self.leave_by
                    .get_or_insert(now + watched::patience(outcome));
            }
        }
    }

    /// Takes the time of the worker's last output.
    pub(super) fn output(&mut self, at: Instant) {
        self.last_sign = self.last_sign.max(Some(at));
    }

    /// The reason to end the worker now, if there is one.
    pub(super) fn reason_to_end(&self, now: Instant) -> Option<End> {
        if let Some(leave_by) = self.leave_by {
            return (leave_by <= now).then_some(End::Stopped);
        }
        let ran_for = now.saturating_duration_since(self.started);
        if ran_for >= self.limits.max_run_time {
            return Some(End::TimedOut(self.limits.max_run_time.as_secs()));
        }
        let silent_for = now.saturating_duration_since(self.last_sign?);
        let timeout = self.limits.heartbeat_timeout?;
        (silent_for >= timeout).then_some(End::HeartbeatLost(timeout.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::run::Outcome;

    use super::*;

    const LIMITS: Limits = Limits {
        max_run_time: Duration::from_secs(1_000),
        heartbeat_timeout: Some(Duration::from_mins(1)),
    };

    /// A watch that began at the moment that is returned with it.
    fn watch(limits: Limits) -> (Watch, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        let at = move |seconds| start + Duration::from_secs(seconds);
        let mut watch = Watch::new(limits, start);
        watch.worker_started(start);
        (watch, at)
    }

    fn heartbeat(at: i64) -> RunState {
        let heartbeat = Some(Timestamp(at));
        RunState::Open {
            heartbeat,
            has_reported: false,
        }
    }

    #[test]
    fn output_and_heartbeats_are_signs_of_life_and_silence_is_none() {
        let (mut watch, at) = watch(LIMITS);
        assert_eq!(watch.reason_to_end(at(59)), None);
        watch.output(at(50));
        assert_eq!(watch.reason_to_end(at(109)), None);
        watch.observe(heartbeat(7), at(100));
        assert_eq!(watch.reason_to_end(at(159)), None);
        watch.observe(heartbeat(7), at(159));
        assert_eq!(watch.reason_to_end(at(160)), Some(End::HeartbeatLost(60)));
    }

    #[test]
    fn a_worker_that_talks_all_the_time_still_has_to_end() {
        let (mut watch, at) = watch(LIMITS);
        for second in (0..1_000).step_by(10) {
            watch.output(at(second));
            assert_eq!(watch.reason_to_end(at(second)), None);
        }
        watch.output(at(1_000));
        assert_eq!(watch.reason_to_end(at(1_000)), Some(End::TimedOut(1_000)));
    }

    #[test]
    fn a_lane_without_a_heartbeat_waits_for_a_silent_worker() {
        let (watch, at) = watch(Limits {
            heartbeat_timeout: None,
            ..LIMITS
        });
        assert_eq!(watch.reason_to_end(at(999)), None);
    }

    #[test]
    fn what_has_to_be_made_ready_is_not_the_workers_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut watch = Watch::new(LIMITS, start);
        assert_eq!(watch.reason_to_end(at(999)), None);
        assert_eq!(watch.reason_to_end(at(1_000)), Some(End::TimedOut(1_000)));
        watch.worker_started(at(990));
        assert_eq!(watch.reason_to_end(at(1_049)), None);
        assert_eq!(watch.reason_to_end(at(1_050)), Some(End::HeartbeatLost(60)));
    }

    #[test]
    fn a_worker_that_has_reported_may_finish_and_one_that_lost_its_task_may_not() {
        let (mut watch, at) = self::watch(LIMITS);
        watch.observe(RunState::Closed(Some(Outcome::Completed)), at(5));
        watch.observe(RunState::Closed(Some(Outcome::Completed)), at(14));
        assert_eq!(watch.reason_to_end(at(14)), None);
        assert_eq!(watch.reason_to_end(at(15)), Some(End::Stopped));
        let (mut watch, at) = self::watch(LIMITS);
        watch.observe(RunState::Closed(Some(Outcome::Cancelled)), at(5));
        assert_eq!(watch.reason_to_end(at(5)), Some(End::Stopped));
    }
}
