//! The dispatcher's configuration: arguments of whoever starts it, and `kanban.toml`.

mod add_lane;
mod board;
mod cap;
mod config_file;
mod document;
mod example;
mod file;
mod lane;
mod secrets;
mod server;
mod settings;
mod source;

use std::path::PathBuf;
use std::time::Duration;

pub use add_lane::{NotAdded, add_lane};
pub use board::durability;
pub(crate) use cap::Cap;
pub use config_file::ConfigFile;
pub use document::{Document, Entry, Mistake, Wrong};
pub use example::EXAMPLE;
pub use secrets::Secrets;
pub use server::{FindServers, Servers};
pub use settings::Settings;
pub(crate) use source::{Reading, Source};

/// The default grace for a late supervisor: it needs up to a quarter of a minute to end a worker
/// that resists.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest time without a tick: the dispatcher reads the board this often though nothing
/// happened, as often as the original polls.
const INTERVAL: Duration = Duration::from_mins(1);

/// The arguments of a dispatcher.
#[derive(Clone, Debug)]
pub struct Config {
    /// This program: it is executed again, with the hidden verb `shim`, to supervise each run.
    pub program: PathBuf,
    /// The umask of the workers; `None` leaves them the dispatcher's.
    pub umask: Option<u32>,
    /// Finds the servers that show the board.
    pub servers: FindServers,
    /// The cap on concurrent runs, above `kanban.toml`.
    pub max: Option<u32>,
    /// The number of failures in a row after which a task is blocked, unless the task says
    /// otherwise.
    pub failure_limit: Option<u32>,
    /// The time a supervisor may be late before the dispatcher does its work.
    pub patience: Duration,
    /// The longest time without a tick; a minute at most.
    pub interval: Duration,
}

impl Config {
    /// A dispatcher of which nothing special is asked.
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            umask: None,
            servers: FindServers::Nowhere,
            max: None,
            failure_limit: None,
            patience: PATIENCE,
            interval: INTERVAL,
        }
    }

    /// The longest time without a tick: never longer than after which others would take the
    /// dispatcher for dead.
    pub(crate) fn interval(&self) -> Duration {
        self.interval.min(INTERVAL)
    }
}
