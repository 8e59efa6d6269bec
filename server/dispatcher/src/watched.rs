//! The supervisors that this dispatcher watches.

use std::os::fd::OwnedFd;
use std::time::Duration;

use domain::id::TaskId;
use domain::run::Outcome;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::Child;
use tokio::time::Instant;

use crate::error::Error;

/// How long a worker that has reported its end may take to leave by itself.
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

    /// Waits for the end of this process and of no other.
    pub(crate) async fn ended(self) {
        let result = match self {
            Self::Child(mut child) => child.wait().await.map(|_| ()),
            Self::Adopted(handle) => handle.readable().await.map(|_| ()),
        };
        if let Err(error) = result {
            tracing::error!(%error, "the end of a supervisor cannot be waited for");
        }
    }
}

/// How long a worker may go on once its run was closed. One that reported its end itself may finish
/// what it is doing; one whose task was taken away has nothing to finish.
pub(crate) fn patience(outcome: Option<Outcome>) -> Duration {
    match outcome {
        Some(Outcome::Completed | Outcome::Blocked) => LEAVE,
        _ => Duration::ZERO,
    }
}

/// A supervisor whose run has not been settled yet.
#[derive(Debug)]
pub(crate) struct Watched {
    task: TaskId,
    handle: OwnedFd,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Its run is open.
    Working,
    /// Its run was closed; it may leave by itself until then.
    Leaving(Instant),
    /// It was told to end its worker, and does so by itself. It stays until all of it is gone.
    Told,
    /// It has ended, and its run is not settled yet.
    Ended,
}

impl Watched {
    pub(crate) fn new(task: TaskId, handle: OwnedFd) -> Self {
        Self {
            task,
            handle,
            phase: Phase::Working,
        }
    }

    pub(crate) fn task(&self) -> &TaskId {
        &self.task
    }

    /// Whether its run is open, as far as we know, and it is at work on it.
    pub(crate) fn is_working(&self) -> bool {
        matches!(self.phase, Phase::Working)
    }

    /// Whether it has ended, so that its run can be settled.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// Notes that its process has ended.
    pub(crate) fn process_ended(&mut self) {
        self.phase = Phase::Ended;
    }

    /// Notes that its run is closed.
    pub(crate) fn run_was_closed(&mut self, outcome: Option<Outcome>, now: Instant) {
        self.phase = Phase::Leaving(now + patience(outcome));
    }

    /// Tells it to end its worker, once its time to leave is over.
    pub(crate) fn hurry(&mut self, now: Instant) {
        if let Phase::Leaving(until) = self.phase
            && until <= now
        {
            self.phase = Phase::Told;
            if let Err(error) = pidfd_send_signal(&self.handle, Signal::TERM) {
                tracing::debug!(%error, "a supervisor left before it was told to");
            }
        }
    }

    /// When it has to be hurried.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Leaving(until) => Some(until),
            Phase::Working | Phase::Told | Phase::Ended => None,
        }
    }
}
