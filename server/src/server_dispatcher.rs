//! The dispatcher of a server: at work, or waiting for the process that holds the board's dispatch lock.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dispatcher::{Config, Dispatcher, Error, Handle, Home};
use domain::actor::Actor;
use domain::command::PublishDispatcher;
use domain::dispatch::{Report, SILENCE};
use kernel::Kernel;
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::shutdown::{Signals, WhenStopped};

/// The interval of tries for the lock: so long after the end of its holder tasks start again.
const AGAIN: Duration = Duration::from_secs(1);

/// A slot for the handle of a server's dispatcher, once it has one.
pub(crate) type HandleSlot = Arc<OnceLock<Handle>>;

/// The server's part in dispatching.
#[derive(Debug)]
pub(crate) enum ServerDispatcher {
    /// None: it was told to start nothing.
    Off,
    /// One that works.
    Works(Dispatcher),
    /// One that will, once the lock is free.
    Waits(JoinHandle<Dispatcher>),
}

impl ServerDispatcher {
    /// Starts to work, or to wait for the lock. The handle is in `place` from when the work begins.
    ///
    /// # Errors
    /// Fails when the dispatcher cannot start for another reason than the lock.
    pub(crate) async fn take(
        kernel: &Kernel,
        home: &Home,
        config: Config,
        slot: &HandleSlot,
    ) -> Result<Self, Error> {
        match Dispatcher::start(kernel.clone(), home.clone(), config.clone()).await {
            Ok(dispatcher) => {
                slot.get_or_init(|| dispatcher.handle());
                Ok(Self::Works(dispatcher))
            }
            Err(error @ Error::Held { .. }) => {
                tracing::warn!(
                    "{error}; this server shows the board and starts tasks once that ends"
                );
                let (kernel, home, slot) = (kernel.clone(), home.clone(), slot.clone());
                let waiting = async move {
                    let dispatcher = wait(&kernel, &home, &config).await;
                    slot.get_or_init(|| dispatcher.handle());
                    dispatcher
                };
                Ok(Self::Waits(tokio::spawn(waiting)))
            }
            Err(error) => Err(error),
        }
    }

    /// Ends it.
    pub(crate) async fn leave(self, when_stopped: WhenStopped, signals: &mut Signals) {
        let dispatcher = match self {
            Self::Off => return,
            Self::Works(dispatcher) => dispatcher,
            Self::Waits(waiting) => {
                waiting.abort();
                match waiting.await {
                    Ok(dispatcher) => dispatcher,
                    Err(error) if error.is_panic() => {
                        tracing::error!(%error, "waiting for the dispatch lock went wrong");
                        return;
                    }
                    // It waited to the end.
                    Err(_) => return,
                }
            }
        };
        when_stopped.end(dispatcher, signals).await;
    }
}

/// Waits until the lock is free, and starts to work. Until then the board shows the holder of the
/// lock.
async fn wait(kernel: &Kernel, home: &Home, config: &Config) -> Dispatcher {
    let mut again = interval(AGAIN);
    let mut trouble = String::new();
    loop {
        again.tick().await;
        match Dispatcher::start(kernel.clone(), home.clone(), config.clone()).await {
            Ok(dispatcher) => {
                tracing::info!("the dispatch lock is free, so this server starts the tasks now");
                return dispatcher;
            }
            Err(Error::Held { by, .. }) => {
                if let Err(error) = name_holder(kernel, by).await {
                    tracing::debug!(%error, "the board was not told who dispatches it");
                }
            }
            Err(error) => {
                let error = error.to_string();
                if error != trouble {
                    tracing::error!(
                        error,
                        "the dispatch lock is free, but no dispatcher can start"
                    );
                    trouble = error;
                }
            }
        }
    }
}

/// Leaves word of a holder that leaves none itself: another program, or a dispatcher that hangs.
async fn name_holder(kernel: &Kernel, by: String) -> Result<(), kernel::Error> {
    let dispatch = kernel.dispatch().await?;
    let is_said = dispatch.elsewhere() == Some(by.as_str())
        && dispatch
            .reported_at
            .is_some_and(|at| dispatch.now.seconds_since(at) < SILENCE.0 / 2);
    if dispatch.living().is_some() || is_said {
        return Ok(());
    }
    let publish = PublishDispatcher(Report::of_another(by.clone()));
    kernel.execute(&Actor::dispatcher(), publish).await?;
    tracing::info!(by, "tasks are left to another process");
    Ok(())
}
