//! The end of the server: who asks for it, and how long-lived connections hear of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use dispatcher::Dispatcher;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

/// The time limit for each part of the program to end in. A system call that hangs, as on a file system
/// that is gone, cannot be ended, and must not keep the process.
const GRACE: Duration = Duration::from_secs(10);

/// The same for what is left once everything was told to end.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// Runs a program that serves until it is asked to end, and leaves behind what then hangs.
pub(crate) fn run_to_the_end<T>(
    program: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(program);
    runtime.shutdown_timeout(LAST_GRACE);
    done
}

/// Waits for the end of `what`, but not for ever.
pub(crate) async fn in_time(what: &str, end: impl Future<Output = ()>) {
    if timeout(GRACE, end).await.is_err() {
        tracing::warn!("{what} does not end and is left behind");
    }
}

/// The shutdown signal, and the count of those who have yet to leave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    /// Asks everybody to leave.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Waits until everybody who listened has left.
    pub(crate) async fn finished(&self) {
        self.0.closed().await;
    }

    /// A place to hear of it. The server waits for its holder to drop it.
    pub(crate) fn listener(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

/// Held by whatever must be told before the server stops.
#[derive(Debug)]
pub(crate) struct Listener(watch::Receiver<bool>);

impl Listener {
    /// Waits until the server is about to stop.
    pub(crate) async fn stopping(&mut self) {
        // An error says that the server is gone, which is the same news.
        self.0.wait_for(|is_stopping| *is_stopping).await.ok();
    }
}

/// The fate of the running workers when the dispatcher is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenStopped {
    /// They work on, and the next dispatcher takes them over.
    Leave,
    /// They are waited for.
    Drain,
}

impl WhenStopped {
    /// As the flag `--drain` says.
    pub(crate) fn from_flag(drain: bool) -> Self {
        if drain { Self::Drain } else { Self::Leave }
    }

    /// Ends the dispatcher. Somebody who asks again does not want to wait any longer.
    pub(crate) async fn end(self, dispatcher: Dispatcher, signals: &mut Signals) {
        if self == Self::Leave {
            return in_time("the dispatcher", dispatcher.stop()).await;
        }
        tracing::info!("waiting for the running workers; asked again, they are left to themselves");
        tokio::select! {
            () = dispatcher.drain() => {}
            () = signals.asked_to_end() => {}
        }
    }
}

/// The ways in which a person or the system asks this process to end.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on: a signal that comes before [`Signals::asked_to_end`] is not lost.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn asked_to_end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_system_call_that_hangs_does_not_keep_the_process() {
        let (_never, hang) = mpsc::channel::<()>();
        let program = async {
            tokio::task::spawn_blocking(move || hang.recv());
            Ok("done")
        };
        assert_eq!(run_to_the_end(program).unwrap(), "done");
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_hangs_is_left_behind() {
        in_time("it", std::future::pending()).await;
    }
}
