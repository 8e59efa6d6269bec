//! The dispatcher's status, for this process and for everybody else.

use std::time::Duration;

use domain::actor::Actor;
use domain::command::PublishDispatcher;
use domain::dispatch::Report;
use domain::run::ProcessIdentity;
use domain::time::{Seconds, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Work;
use crate::config::{Mistake, Settings};
use crate::error::Error;

/// The interval at which an unchanged status is written again: often enough for whoever looks,
/// seldom enough that a busy board does not write more about itself than about its tasks.
const REPEAT: Duration = Duration::from_secs(5);

/// The number of bad ticks in a row that is worth a warning, and the time to the next warning, as
/// in the original.
const BAD_TICKS: u32 = 6;
const WARN_AGAIN: Duration = Duration::from_mins(5);

/// The health of the dispatcher.
pub(super) struct Health {
    status: watch::Sender<Report>,
    /// The error in `kanban.toml`.
    mistake: Option<String>,
    /// The error of the last tick, if it failed.
    failure: Option<String>,
    /// True when the current tick found something to start, had a free slot for it, and started
    /// nothing.
    is_bad: bool,
    published: Option<(Report, Instant)>,
    warned: Option<Instant>,
}

impl Health {
    pub(super) fn new(
        claimer: String,
        process: ProcessIdentity,
        settings: &Settings,
        now: Timestamp,
    ) -> Self {
        Self {
            status: watch::Sender::new(settings.report(claimer, process, now)),
            mistake: None,
            failure: None,
            is_bad: false,
            published: None,
            warned: None,
        }
    }

    pub(super) fn status(&self) -> watch::Receiver<Report> {
        self.status.subscribe()
    }

    pub(super) fn settings_are_good(&mut self) {
        self.mistake = None;
    }

    pub(super) fn settings_are_bad(&mut self, mistake: &Mistake) {
        self.mistake = Some(mistake.to_string());
    }

    /// Lets the next report be written, whether it is news or not.
    pub(super) fn say_it_again(&mut self) {
        self.published = None;
    }

    /// There was work and room, and nothing was started.
    pub(super) fn started_nothing(&mut self) {
        self.is_bad = true;
    }

    /// Ends a tick. `fault` is the machine's fault, and `stuck` the problem that the tick could not
    /// solve, if there is one.
    pub(super) fn looked(
        &mut self,
        looked: &Result<Instant, Error>,
        fault: Option<String>,
        unrecoverable: Option<String>,
        now: Timestamp,
    ) {
        let is_bad = std::mem::take(&mut self.is_bad) || looked.is_err();
        let failure = looked.as_ref().err().map(ToString::to_string);
        self.tell_of(failure);
        let problem = fault.or(self.mistake.clone());
        let problem = problem.or(self.failure.clone()).or(unrecoverable);
        self.status.send_modify(|report| {
            if looked.is_ok() {
                report.last_tick = Some(now);
            }
            report.problem = problem;
            report.bad_ticks = if is_bad {
                report.bad_ticks.saturating_add(1)
            } else {
                0
            };
        });
        let bad_ticks = self.status.borrow().bad_ticks;
        let was_warned = self
            .warned
            .is_some_and(|warned| warned.elapsed() < WARN_AGAIN);
        if bad_ticks >= BAD_TICKS && !was_warned {
            tracing::warn!(
                bad_ticks,
                "there is ready work and room for it, and nothing starts"
            );
            self.warned = Some(Instant::now());
        }
    }

    /// Logs that ticks fail, or do no more. A failed one is retried every other second.
    fn tell_of(&mut self, failure: Option<String>) {
        if failure == self.failure {
            return;
        }
        if let Some(error) = &failure {
            tracing::error!(
                error,
                "the dispatcher cannot look at the board; it tries again"
            );
        } else {
            tracing::info!("the dispatcher can look at the board again");
        }
        self.failure = failure;
    }

    /// The report that is to be written down now, if it is.
    fn due(&mut self, is_last: bool) -> Option<Report> {
        let report = self.status.borrow().clone();
        let is_due = match &self.published {
            Some((before, at)) => {
                let has_news = without_times(&report) != without_times(before);
                is_last || has_news || at.elapsed() >= REPEAT
            }
            None => true,
        };
        is_due.then_some(report)
    }
}

fn without_times(report: &Report) -> Report {
    Report {
        last_tick: None,
        next_tick: None,
        ..report.clone()
    }
}

impl Work {
    /// The status, but for what depends on the time.
    pub(super) fn report(&self) -> Report {
        Report {
            cap: self.settings.cap.limit,
            cap_reason: self.settings.cap.reason.clone(),
            lanes: self.settings.lanes.reports(self.kernel.now()),
            fault: self.breaker.fault(),
            exiting_runs: self.exiting_runs.values().cloned().collect(),
            unrecoverable_runs: self.unrecoverable.reports(),
            ..self.health.status.borrow().clone()
        }
    }

    /// Publishes the status and the time of the next tick; `None` when there is none.
    pub(super) async fn publish(&mut self, next_look: Option<Instant>) {
        let now = self.kernel.now();
        let next_tick = next_look.map(|at| now + seconds(at.duration_since(Instant::now())));
        let report = self.report();
        // For those who wait for a task, one that starts nothing more is gone.
        let is_running = next_look.is_some() && !self.is_draining;
        self.health.status.send_replace(Report {
            is_running,
            next_tick,
            ..report
        });
        let Some(report) = self.health.due(next_look.is_none()) else {
            return;
        };
        let publish = PublishDispatcher(report.clone());
        match self.kernel.execute(&Actor::dispatcher(), publish).await {
            Ok(_) => {
                self.health.published = Some((report, Instant::now()));
                self.kernel.withdraw_report();
            }
            Err(error) => {
                tracing::warn!(%error, "the dispatcher cannot say how it does to other programs");
                self.kernel.hold_report(report);
                // What it says next is news, also if it has been written before.
                self.health.published = None;
            }
        }
    }
}

fn seconds(span: Duration) -> Seconds {
    Seconds(i64::try_from(span.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tracing::{Metadata, Subscriber, span};

    use super::super::fixture::work;
    use super::*;

    /// Counts the lines of the log.
    #[derive(Clone, Default)]
    struct Lines(Arc<AtomicUsize>);

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, _: &tracing::Event<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[tokio::test]
    async fn work_that_could_start_and_does_not_is_a_bad_tick_and_work_that_rests_is_none() {
        let (_folder, mut work) = work();
        let status = work.status();
        let mut bad_ticks = Vec::new();
        work.ready().await;
        for _ in 0..2 {
            // The program that would supervise the worker is not there.
            let looked = work.tick(None).await;
            work.health.looked(&looked, None, None, work.kernel.now());
            bad_ticks.push(status.borrow().bad_ticks);
        }
        assert_eq!(bad_ticks, [1, 0]);
    }

    #[tokio::test]
    async fn a_look_that_fails_says_why_until_one_succeeds() {
        let (_folder, mut work) = work();
        let status = work.status();
        let now = work.kernel.now();
        work.health.looked(&Err(Error::Stopped), None, None, now);
        let problem = status.borrow().problem.clone();
        assert_eq!(problem.as_deref(), Some("the dispatcher has stopped"));
        assert_eq!(
            (status.borrow().bad_ticks, status.borrow().last_tick),
            (1, None)
        );
        work.health.looked(&Ok(Instant::now()), None, None, now);
        assert_eq!(status.borrow().problem, None);
        assert_eq!(
            (status.borrow().bad_ticks, status.borrow().last_tick),
            (0, Some(now))
        );
    }

    #[tokio::test]
    async fn a_look_that_fails_again_and_again_is_told_once_and_so_is_its_end() {
        let (_folder, mut work) = work();
        let lines = Lines::default();
        let _here = tracing::subscriber::set_default(lines.clone());
        let now = work.kernel.now();
        let mut look = |looked: Result<Instant, Error>| {
            let before = lines.0.load(Ordering::SeqCst);
            work.health.looked(&looked, None, None, now);
            lines.0.load(Ordering::SeqCst) - before
        };
        assert_eq!(look(Ok(Instant::now())), 0);
        assert_eq!([(); 3].map(|()| look(Err(Error::Stopped))), [1, 0, 0]);
        assert_eq!(look(Err(Error::BoardNotEmpty)), 1);
        assert_eq!([(); 2].map(|()| look(Ok(Instant::now()))), [1, 0]);
    }

    #[tokio::test]
    async fn as_long_as_all_goes_on_as_before_it_is_not_written_down_each_time() {
        let (_folder, mut work) = work();
        let mut written = Vec::new();
        let next_look = Some(Instant::now());
        work.publish(next_look).await;
        for mistake in [false, false, true, false] {
            if mistake {
                let (path, line, message) = ("/k".into(), None, "wrong".to_owned());
                work.health.settings_are_bad(&Mistake {
                    path,
                    line,
                    message,
                });
            }
            work.health
                .looked(&Ok(Instant::now()), None, None, work.kernel.now());
            let before = work.health.published.as_ref().map(|(_, at)| *at);
            work.publish(next_look).await;
            written.push(work.health.published.as_ref().map(|(_, at)| *at) != before);
        }
        assert_eq!(written, [false, false, true, false]);
    }
}
