//! The end of the server: who asks for it, and how long-lived connections hear of it.

use std::io;
use std::sync::Arc;

use dispatcher::Dispatcher;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

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
            return dispatcher.stop().await;
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
