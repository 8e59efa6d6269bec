//! The wake-ups of the dispatcher's loop.

use std::sync::Arc;

use domain::id::{EventId, RunId};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::landings::Landers;
use crate::config::ConfigFile;
use crate::error::Error;
use crate::report::TickReport;

/// The end of the processes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) run: RunId,
    /// True if a signal ended its supervisor, as far as anybody knows.
    pub(super) was_killed: bool,
}

/// A reason for the loop to wake.
#[derive(Debug)]
pub(super) enum Wake {
    /// Something was written on the board, by us or by anybody.
    BoardChanged,
    /// The supervisor of this run ended, or what a supervisor that was killed had left.
    Ended(Ended),
    /// A back-off or a lease is over, a worker has to be hurried, a retry is due, or nothing has
    /// happened for long.
    TimeIsUp,
    /// It is time to see whether the settings have changed.
    TimeForSettings,
    /// They have.
    SettingsChanged,
    /// Somebody wants the whole board looked at.
    Nudged,
    /// Somebody wants that and to know what came of it.
    Asked(Asked),
    /// No more.
    Stop(Stop),
}

/// The way a dispatcher ends.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Its workers are left to their supervisors.
    Leave,
    /// Its workers are waited for.
    Drain,
}

/// A request for a tick.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The most tasks it may start.
    pub(crate) max: Option<u32>,
    pub(crate) reply: oneshot::Sender<Result<TickReport, Error>>,
}

/// The sources of wake-ups from outside.
pub(crate) struct Wakes {
    newest_event: watch::Receiver<EventId>,
    nudge: Arc<Notify>,
    asked: mpsc::Receiver<Asked>,
    stopped: oneshot::Receiver<Stop>,
    settings_are_due: Interval,
}

impl Wakes {
    pub(crate) fn new(
        newest_event: watch::Receiver<EventId>,
        nudge: Arc<Notify>,
        asked: mpsc::Receiver<Asked>,
        stopped: oneshot::Receiver<Stop>,
    ) -> Self {
        let first = Instant::now() + ConfigFile::INTERVAL;
        let mut settings_are_due = interval_at(first, ConfigFile::INTERVAL);
        settings_are_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            newest_event,
            nudge,
            asked,
            stopped,
            settings_are_due,
        }
    }

    /// The next reason to wake. One that was told to stop is not told again.
    pub(super) async fn next(
        &mut self,
        ends: &mut JoinSet<Ended>,
        landers: &mut Landers,
        next_look: Instant,
        was_stopped: bool,
    ) -> Wake {
        tokio::select! {
            // When we are told to stop, nothing more is claimed.
            biased;
            how = &mut self.stopped, if !was_stopped => Wake::Stop(how.unwrap_or(Stop::Leave)),
            Some(ended) = ends.join_next() => ended.map_or(Wake::TimeIsUp, Wake::Ended),
            Some(()) = landers.ended() => Wake::TimeIsUp,
            Some(asked) = self.asked.recv() => Wake::Asked(asked),
            () = self.nudge.notified() => Wake::Nudged,
            _ = self.settings_are_due.tick() => Wake::TimeForSettings,
            changed = self.newest_event.changed() => {
                changed.map_or(Wake::Stop(Stop::Leave), |()| Wake::BoardChanged)
            }
            () = sleep_until(next_look) => Wake::TimeIsUp,
        }
    }
}
