//! The log: lines for people, on standard error, so that standard output holds nothing but data.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Starts the log of a server. `KANBAN_LOG` says how much is told, as in `warn,dispatcher=debug`.
pub(crate) fn start() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .with_env_var("KANBAN_LOG")
        .from_env_lossy();
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
    if let Err(error) = started {
        // Somebody else set up a log first, a test for one; that one is told.
        tracing::debug!(%error, "the log had been started already");
    }
}
