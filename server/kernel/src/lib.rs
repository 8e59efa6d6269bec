//! The board in its SQLite file: the only code that changes it, and the only code that speaks SQL.
//!
//! [`Kernel::execute`] is the one way to change anything. It hands a [`Command`] to the writer
//! thread, which decides, writes and logs the events in one transaction. Queries are named methods
//! and run beside it on connections of their own. The kernel knows nothing of processes, sockets or
//! pages.

#![warn(missing_docs)]

mod branches;
mod clock;
pub mod copies;
#[cfg(test)]
mod cost;
mod damage;
mod error;
mod events;
mod feed;
mod histogram;
mod hold;
mod intake;
mod landings;
mod lane_holds;
mod numbers;
mod open;
mod queries;
mod readers;
mod receipts;
mod row;
mod runs;
mod tables;
mod tasks;
pub mod transfer;
mod verbs;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::actor::Actor;
use domain::command::{Command, Receipt, Verb};
use domain::home::HomeIdentity;
use domain::id::EventId;
use domain::task::Task;
use domain::time::{Seconds, Timestamp};
use serde::Deserialize;
use tokio::sync::{Semaphore, watch};

pub use clock::Clock;
pub use error::Error;
pub use feed::Feed;
pub use histogram::Histogram;
pub use hold::{Alone, is_locked, lock_file, wait_for_lock};
pub use queries::board::{BoardChanges, BoardFilter, BoardRow, board_cards};
pub use queries::context::with_changes;
pub use queries::dispatch::ReadyCount;
pub use queries::landings::DueLanding;
pub use queries::look::{Beginning, Claims, Look};
pub use queries::open_runs::{ActiveWorker, KnownRun};
pub use queries::outbox::{DeliveryCounts, DeliveryQuery, Due, Outbox};
pub use queries::parents::Parent;
pub use queries::requests::AnsweredRequest;
pub use queries::run_counts::RunCount;
pub use queries::search::SearchQuery;
pub use queries::startable::Startable;
pub use queries::tasks::{TaskFilter, TaskLine};
pub use verbs::{ForeignWorker, StaleClaim, UnmetLinks};
pub use writer::Show;

use hold::Hold;
use queries::dispatch::HeldReport;
use readers::Readers;
use writer::{Done, Held, Writer};

/// A cheap handle to one open board. Clones share the writer thread and the read connections; the
/// file is closed when the last of them goes.
#[derive(Clone)]
pub struct Kernel {
    writer: Writer,
    readers: Readers,
    /// Lets one caller at a time bring the search index up to date.
    index_turn: Arc<Semaphore>,
    clock: Clock,
    held_report: HeldReport,
    dispatch_lock: Option<PathBuf>,
}

/// The default time limit of a query: far longer than any takes that a person waits for, and short
/// enough that those behind it are answered.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// The options of an open board.
#[derive(Clone, Debug)]
pub struct Options {
    /// The source of the time.
    pub clock: Clock,
    /// The seed of ids, tokens and jitter; drawn from the operating system when `None`.
    pub seed: Option<u64>,
    /// The time limit of a query, both for its wait in the queue and for its execution.
    pub read_limit: Duration,
    /// The durability of a write once it is answered.
    pub durability: Durability,
    /// The policy for a board without a file, or with one without a table.
    pub if_lost: IfLost,
    /// The file that the board's dispatcher holds locked. While nobody does, a report that says that it
    /// runs is of one that was killed.
    pub dispatch_lock: Option<PathBuf>,
    /// The home folder, which a board remembers that knows of none, so that copies of it are known.
    pub home: Option<HomeIdentity>,
}

/// The durability of a commit against a power cut or a crash of the operating system. A crash of
/// this program loses nothing either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Everything that was answered: each commit waits for the disk, and those who write together share
    /// it (SQLite's `synchronous = FULL`).
    Full,
    /// The board as it was at some moment since the last checkpoint (`synchronous = NORMAL`).
    #[default]
    Normal,
}

/// The policy for a board without a file, or with one that holds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfLost {
    /// Creates a new board.
    #[default]
    Make,
    /// Refuses it: there has been a board.
    Refuse,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Clock::default(),
            seed: None,
            read_limit: READ_LIMIT,
            durability: Durability::default(),
            if_lost: IfLost::Make,
            dispatch_lock: None,
            home: None,
        }
    }
}

impl Kernel {
    /// Opens the board at `path`, and creates a new one where there is no file.
    ///
    /// # Errors
    /// Fails if the file cannot be opened, is not a board, is corrupt or was written by a newer
    /// version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, Options::default())
    }

    /// [`Kernel::open`] with other options than the defaults.
    ///
    /// # Errors
    /// As [`Kernel::open`].
    pub fn open_with(path: &Path, options: Options) -> Result<Self, Error> {
        open::make_folder_of(path)?;
        let hold = Hold::shared(path)?;
        let connection = open::for_writing(path, options.clock.now(), options.if_lost)?;
        if options.durability == Durability::Normal {
            connection.pragma_update(None, "synchronous", "NORMAL")?;
        }
        if let Some(home) = &options.home {
            verbs::home::remember_first(&connection, home)?;
        }
        let readers = Readers::new(path, options.read_limit);
        let held = Held {
            connection,
            hold,
            damage: readers.damage().clone(),
        };
        let writer = Writer::start(held, options.clock.clone(), options.seed)?;
        Ok(Self {
            writer,
            readers,
            index_turn: Arc::new(Semaphore::new(1)),
            clock: options.clock,
            held_report: HeldReport::default(),
            dispatch_lock: options.dispatch_lock,
        })
    }

    /// Carries out one verb.
    ///
    /// # Errors
    /// Fails if a rule of the board refuses it or the database cannot take it; nothing has changed
    /// then.
    pub async fn execute<V: Verb>(
        &self,
        actor: &Actor,
        verb: V,
    ) -> Result<Receipt<V::Answer>, Error> {
        let mut receipts = self.execute_all(actor, vec![verb.into()]).await?;
        let Receipt { events, answer } = receipts.pop().ok_or(Error::Stopped)?;
        let answer = answer.try_into().map_err(|_| Error::Internal)?;
        Ok(Receipt { events, answer })
    }

    /// Carries out all of `commands` in one transaction, or none of them.
    ///
    /// # Errors
    /// Fails with the first refusal; nothing has changed then.
    pub async fn execute_all(
        &self,
        actor: &Actor,
        commands: Vec<Command>,
    ) -> Result<Vec<Receipt>, Error> {
        let done = self.writer.submit(actor.clone(), commands, None).await?;
        Ok(done.receipts)
    }

    /// Runs [`Kernel::execute_all`], and returns a task as the commands leave it, whatever others
    /// do next.
    ///
    /// # Errors
    /// As [`Kernel::execute_all`], and when there is no such task.
    pub async fn execute_and_show(
        &self,
        actor: &Actor,
        commands: Vec<Command>,
        show: Show,
    ) -> Result<(Vec<Receipt>, Task), Error> {
        let done = self.writer.submit(actor.clone(), commands, Some(show));
        let Done { receipts, task } = done.await?;
        Ok((receipts, task.ok_or(Error::Internal)?))
    }

    /// Follows the board from `since` on.
    pub fn feed(&self, since: EventId) -> Feed {
        Feed::new(self.readers.clone(), self.newest_event(), since)
    }

    /// Returns a receiver of the newest event. It wakes after every commit that wrote one and after
    /// a pause or its end, and also after any commit of another process.
    pub fn newest_event(&self) -> watch::Receiver<EventId> {
        self.writer.newest_event()
    }

    /// Returns the number of times that other processes were seen to write to the file, and that rests were
    /// moved with the clock: it only grows, and is `None` when the writer is too busy to look. Neither need
    /// have events.
    pub async fn others(&self) -> Option<u64> {
        self.writer.others().await
    }

    /// Returns the number of transactions so far; writes that come together share one.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    /// Returns the number of writes that wait for their commit, whoever asked for them.
    pub fn writes_waiting(&self) -> usize {
        self.writer.callers()
    }

    /// Returns false if the writer thread has ended, so that nothing is written any more.
    pub fn is_writing(&self) -> bool {
        self.writer.is_running()
    }

    /// Returns the latencies of writes in this process, from their request to their commit.
    pub fn write_latency(&self) -> &Histogram {
        self.writer.latency()
    }

    /// Returns the lead of the kernel's clock over one that nobody can set ([`Clock::ahead`]).
    pub fn clock_ahead(&self) -> Seconds {
        self.clock.ahead()
    }

    /// Returns the time by the kernel's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
