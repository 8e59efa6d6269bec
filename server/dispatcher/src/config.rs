//! What a dispatcher is told: by whoever starts it, and by `kanban.toml`.

mod board;
mod cap;
mod example;
mod file;
mod lane;
mod secrets;
mod server;
mod settings;
mod source;

use std::path::PathBuf;
use std::time::Duration;

pub use board::durability;
pub(crate) use cap::Cap;
pub use example::EXAMPLE;
pub use secrets::Secrets;
pub use server::{FindServers, Servers};
pub use settings::{Mistake, Settings};
pub use source::Stamp;
pub(crate) use source::{Reading, Source};

/// How late a supervisor may be: it takes a quarter of a minute to end what does not want to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long nothing may happen before the dispatcher looks at the board all the same, as often as
/// the original looks at all.
const INTERVAL: Duration = Duration::from_mins(1);

/// What a dispatcher is told when it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// This program: it is executed again, with the hidden verb `shim`, to supervise each run.
    pub program: PathBuf,
    /// The umask of the workers; `None` leaves them the dispatcher's.
    pub umask: Option<u32>,
    /// Where the server is that shows the board, if one does.
    pub servers: FindServers,
    /// How many runs may go on at once, whatever `kanban.toml` says.
    pub max: Option<u32>,
    /// After how many failures in a row a task is blocked, unless the task says otherwise.
    pub failure_limit: Option<u32>,
    /// How late a supervisor may be before the dispatcher does its work.
    pub patience: Duration,
    /// How long nothing may happen before the board is looked at all the same; a minute at most.
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

    /// How long nothing may happen before the board is looked at: never longer than after which
    /// others would take the dispatcher for dead.
    pub(crate) fn interval(&self) -> Duration {
        self.interval.min(INTERVAL)
    }
}
