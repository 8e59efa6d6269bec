//! The processes that this dispatcher watches: the supervisors of its runs, and what is left of a run
//! whose supervisor is gone.

use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use domain::dispatch::Slot;
use domain::run::Outcome;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::Child;
use tokio::time::Instant;

use crate::error::Error;
use crate::run::exit_verdict::Trace;
use crate::run::folder::{End, Exit};

/// The time that a worker which has reported its end has to leave by itself.
const LEAVE: Duration = Duration::from_secs(10);

/// The process of a supervisor.
#[derive(Debug)]
pub(crate) enum Process {
    /// We started it, so it is ours to reap.
    Child(Child),
    /// An earlier dispatcher started it.
    Adopted(AsyncFd<OwnedFd>),
}

impl Process {
    /// The process behind a pidfd.
    #[expect(
        deprecated,
        reason = "what replaces it is unsafe, for the sake of types whose descriptor may change; \
                  that of an `OwnedFd` does not"
    )]
    pub(crate) fn adopt(handle: OwnedFd) -> Result<Self, Error> {
        // A pidfd reads as ready once its process has ended (pidfd_open(2)).
        AsyncFd::with_interest(handle, Interest::READABLE)
            .map(Self::Adopted)
            .map_err(Error::system("watch a supervisor"))
    }

    /// A handle that reaches this very process and no later one with its pid.
    pub(crate) fn handle(&self) -> Result<OwnedFd, Error> {
        let handle = match self {
            Self::Child(child) => {
                // A child keeps its pid until it is waited for, which nobody has done yet.
                let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
                let pid = pid.and_then(Pid::from_raw).ok_or(rustix::io::Errno::SRCH);
                pid.and_then(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK))
                    .map_err(std::io::Error::from)
            }
            Self::Adopted(handle) => handle.get_ref().try_clone(),
        };
        handle.map_err(Error::system("watch a supervisor"))
    }

    /// Waits for the end of this process and of no other. Returns true if a signal ended it, which only
    /// the parent of a process is told.
    pub(crate) async fn ended(self) -> bool {
        let result = match self {
            Self::Child(mut child) => child.wait().await.map(|status| status.signal().is_some()),
            Self::Adopted(handle) => handle.readable().await.map(|_| false),
        };
        result.unwrap_or_else(|error| {
            tracing::error!(%error, "the end of a supervisor cannot be waited for");
            false
        })
    }
}

/// The time that a worker may go on once its run was closed. One that reported its end itself may
/// finish what it is doing; one whose task was taken away has nothing to finish.
pub(crate) fn patience(outcome: Option<Outcome>) -> Duration {
    match outcome {
        Some(Outcome::Completed | Outcome::Blocked) => LEAVE,
        _ => Duration::ZERO,
    }
}

/// The processes of a run that has not been settled yet.
#[derive(Debug)]
pub(crate) struct Watched {
    slot: Slot,
    /// The supervisor; `None` when it is gone and something else is left.
    supervisor: Option<OwnedFd>,
    /// The verdict's evidence when all processes have ended and left no exit record.
    silence: Trace,
    phase: Phase,
    /// The start of its run, as far as we know.
    began: Instant,
    /// The time at which we first saw its lease expired; `None` while it is renewed.
    lapsed: Option<Instant>,
    /// The time at which we first saw that its supervisor has no process to watch.
    idle: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Its run is open, and its supervisor at work.
    Working,
    /// Its run was closed; the supervisor may let the worker leave by itself until then.
    Leaving(Instant),
    /// They were told to end at that moment. The supervisor stays until all of them are gone.
    Told(Instant),
    /// They have ended, and the run is not settled yet.
    Ended,
}

impl Watched {
    /// A supervisor at work, by its handle.
    pub(crate) fn supervisor(slot: Slot, handle: OwnedFd) -> Self {
        Self {
            slot,
            supervisor: Some(handle),
            silence: Trace::Vanished,
            phase: Phase::Working,
            began: Instant::now(),
            lapsed: None,
            idle: None,
        }
    }

    /// The orphan processes of a run whose supervisor is gone; they were killed.
    pub(crate) fn orphans(slot: Slot, silence: Trace) -> Self {
        Self {
            slot,
            supervisor: None,
            silence,
            phase: Phase::Told(Instant::now()),
            began: Instant::now(),
            lapsed: None,
            idle: None,
        }
    }

    /// Notes that its run began that long ago.
    pub(crate) fn began(&mut self, ago: Duration) {
        self.began = self.began.checked_sub(ago).unwrap_or(self.began);
    }

    /// The age of its run.
    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Records that the lease is over or renewed, and returns the time for which we have seen it
    /// over.
    pub(crate) fn lease_is_over(&mut self, is_over: bool) -> Duration {
        time_of(&mut self.lapsed, is_over)
    }

    /// Records that the supervisor has no process to watch or has one, and returns the time for which
    /// we have seen it without.
    pub(crate) fn supervises_nothing(&mut self, is_idle: bool) -> Duration {
        time_of(&mut self.idle, is_idle)
    }

    /// Returns true while its supervisor has no process to watch, as far as we have seen.
    pub(crate) fn is_idle(&self) -> bool {
        self.idle.is_some()
    }

    /// Kills a supervisor that does not do its work. What is left of its run is ended once it is gone, and
    /// the run has come to this end.
    pub(crate) fn kill(&mut self, end: End) {
        self.silence = Trace::Told(Exit::without_output(end));
        self.phase = Phase::Told(Instant::now());
        self.signal(Signal::KILL);
    }

    /// Kills a supervisor that was asked to end that long ago; returns true when it did.
    pub(crate) fn insist(&mut self, after: Duration) -> bool {
        let is_late = matches!(self.phase, Phase::Told(at) if at.elapsed() > after);
        if is_late && self.supervisor.is_some() {
            self.phase = Phase::Told(Instant::now());
            self.signal(Signal::KILL);
            return true;
        }
        false
    }

    fn signal(&self, signal: Signal) {
        let supervisor = self.supervisor.as_ref();
        let sent = supervisor.map(|supervisor| pidfd_send_signal(supervisor, signal));
        if let Some(Err(error)) = sent {
            tracing::debug!(%error, "a supervisor ended before it was told to");
        }
    }

    pub(crate) fn slot(&self) -> &Slot {
        &self.slot
    }

    /// Returns true while its run is open, as far as we know, and its supervisor at work on it.
    pub(crate) fn is_working(&self) -> bool {
        matches!(self.phase, Phase::Working)
    }

    /// The evidence in place of an exit record, once all processes have ended, so that the run can
    /// be settled.
    pub(crate) fn silence_of_ended(&self) -> Option<Trace> {
        matches!(self.phase, Phase::Ended).then(|| self.silence.clone())
    }

    /// Notes that what was waited for has ended, by a signal or not.
    pub(crate) fn has_ended(&mut self, was_killed: bool) {
        if was_killed && self.silence == Trace::Vanished {
            self.silence = Trace::Killed;
        }
        self.phase = Phase::Ended;
    }

    /// Notes that its run is closed.
    pub(crate) fn run_was_closed(&mut self, outcome: Option<Outcome>, now: Instant) {
        self.phase = Phase::Leaving(now + patience(outcome));
    }

    /// Sends the supervisor SIGTERM once its time to leave is over.
    pub(crate) fn hurry(&mut self, now: Instant) {
        if let Phase::Leaving(until) = self.phase
            && until <= now
        {
            self.phase = Phase::Told(now);
            self.signal(Signal::TERM);
        }
    }

    /// The time at which [`Self::hurry`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Leaving(until) => Some(until),
            Phase::Working | Phase::Told(_) | Phase::Ended => None,
        }
    }
}

/// The time for which something was seen to be so, since the first time.
fn time_of(first: &mut Option<Instant>, is_so: bool) -> Duration {
    *first = first.or(Some(Instant::now())).filter(|_| is_so);
    first.map_or(Duration::ZERO, |first| first.elapsed())
}
