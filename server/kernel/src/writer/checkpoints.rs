//! Checkpoints: another thread copies the write-ahead log into the file, so that no write waits for it.
//!
//! SQLite begins the log anew with the first write after all of it was copied. The writer keeps adding to
//! it meanwhile, so what has come since is copied by the writer itself once the log is long and that is
//! little. While a long query keeps the log from being copied it grows, and the thread tries now and then.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::error::Error;
use crate::open;

/// The number of pages that are worth a checkpoint: 4 MB, as much as by SQLite's own default, and twice as
/// much where another program has made the file with larger pages.
const WORTH_IT: u32 = 2_000;

/// The number of pages at which the log has to begin anew: 64 MB, which take a tenth of a second to read
/// when the board is opened after a crash.
const LONG: u32 = 32_000;

/// The number of pages at which the writer waits for the thread, if [`LONG`] more have come while it
/// copied: its disk is slower than what is written.
const TOO_LONG: u32 = 2 * LONG;

/// The number of pages that the writer copies itself once the log is long, at least: so many that it does
/// not do so at every commit while a long query keeps the log from beginning anew.
const WORTH_WAITING: u32 = 200;

/// The number of pages that the writer leaves to the thread however long the log is: 16 MB, for which a
/// write would wait a tenth of a second.
const MUCH: u32 = 8_000;

/// The time between two checkpoints of the thread. A query may keep it from copying anything, which it finds
/// out only after it has sorted the whole log.
const REST: Duration = Duration::from_millis(50);

/// Copies nothing, and returns the pages in the log and how many of them are in the file.
const LOOK: &str = "PRAGMA wal_checkpoint(NOOP)";

/// Copies what it can without waiting for anybody.
const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The checkpoints of a writer.
pub(super) struct Checkpoints {
    path: PathBuf,
    /// Started by the first checkpoint.
    thread: Option<Thread>,
}

struct Thread {
    /// `None` once the thread has to end.
    wake: Option<SyncSender<()>>,
    done: Receiver<()>,
    is_copying: bool,
    /// The time at which it was woken last.
    woken: Option<Instant>,
    /// The number of pages that the log had then.
    pages: u32,
    handle: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Takes the place of SQLite's own checkpoints, which the writer makes at a commit.
    pub(super) fn of(connection: &Connection, path: &Path) -> rusqlite::Result<Self> {
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(Self {
            path: path.to_owned(),
            thread: None,
        })
    }

    /// Waits for the one that is being made.
    pub(super) fn end(&mut self) {
        self.thread = None;
    }

    /// Sees to it that the log does not grow without end. A checkpoint that fails is made again after the
    /// next commit; until then the log has what the file lacks.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        if let Err(cause) = self.look(connection) {
            tracing::warn!(error = %cause, "the write-ahead log was not copied into the file");
        }
    }

    fn look(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let (pages, copied) = pragma(connection, LOOK)?;
        let left = pages.saturating_sub(copied);
        let is_long = pages >= LONG;
        if left < WORTH_IT && !(is_long && left >= WORTH_WAITING) {
            return Ok(());
        }
        if self.thread.is_none() {
            self.thread = Thread::start(&self.path).ok();
        }
        if let Some(thread) = &mut self.thread {
            if thread.is_copying() {
                if pages < TOO_LONG.max(thread.pages.saturating_add(LONG)) {
                    return Ok(());
                }
                thread.wait();
            } else if !(is_long && left < MUCH) && (thread.rests() || thread.copies(pages)) {
                return Ok(());
            }
        }
        pragma(connection, COPY).map(drop)
    }
}

impl Thread {
    fn start(path: &Path) -> io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let (tell, done) = sync_channel(1);
        let path = path.to_owned();
        let handle = std::thread::Builder::new()
            .name("kanban-checkpoint".to_owned())
            .spawn(move || copy_when_woken(&path, &woken, &tell))?;
        Ok(Self {
            wake: Some(wake),
            done,
            is_copying: false,
            woken: None,
            pages: 0,
            handle: Some(handle),
        })
    }

    /// Returns true while the thread is at it.
    fn is_copying(&mut self) -> bool {
        self.is_copying =
            self.is_copying && matches!(self.done.try_recv(), Err(TryRecvError::Empty));
        self.is_copying
    }

    /// Waits until the thread is no longer at it.
    fn wait(&mut self) {
        // An error is the end of the thread.
        self.done.recv().ok();
        self.is_copying = false;
    }

    /// Returns true if it was woken a moment ago.
    fn rests(&self) -> bool {
        self.woken.is_some_and(|at| at.elapsed() < REST)
    }

    /// Wakes the thread for a log of so many pages; returns false if it has ended.
    fn copies(&mut self, pages: u32) -> bool {
        let wake = self.wake.as_ref();
        self.is_copying = wake.is_some_and(|wake| wake.try_send(()).is_ok());
        (self.woken, self.pages) = (Some(Instant::now()), pages);
        self.is_copying
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("the thread of the checkpoints panicked");
        }
    }
}

fn copy_when_woken(path: &Path, woken: &Receiver<()>, done: &SyncSender<()>) {
    let mut connection = None;
    while woken.recv().is_ok() {
        if let Err(cause) = copy(path, &mut connection) {
            tracing::warn!(error = %cause, "the write-ahead log was not copied into the file");
        }
        // It has room for the one that is asked for at a time.
        done.try_send(()).ok();
    }
}

fn copy(path: &Path, connection: &mut Option<Connection>) -> Result<(), Error> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(open::for_checkpoints(path)?),
    };
    Ok(pragma(connection, COPY).map(drop)?)
}

/// Runs a checkpoint; returns the number of pages in the log, and of those of them that are in the file.
fn pragma(connection: &Connection, checkpoint: &str) -> rusqlite::Result<(u32, u32)> {
    let mut statement = connection.prepare_cached(checkpoint)?;
    statement.query_one((), |row| Ok((row.get(1)?, row.get(2)?)))
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;
    use crate::IfLost;

    /// Returns a file with a table to pile up pages in.
    fn pile(path: &Path) -> Connection {
        let connection = open::for_writing(path, Timestamp(0), IfLost::Make).unwrap();
        connection
            .pragma_update(None, "synchronous", "NORMAL")
            .unwrap();
        connection
            .execute_batch("CREATE TABLE pile (page BLOB)")
            .unwrap();
        connection
    }

    /// Commits a megabyte.
    fn add_to(pile: &Connection) {
        pile.execute("INSERT INTO pile VALUES (zeroblob(1000000))", ())
            .unwrap();
    }

    /// Half as much again as the log may hold.
    #[test]
    fn the_log_begins_anew_however_much_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kanban.db");
        let connection = pile(&path);
        let mut checkpoints = Checkpoints::of(&connection, &path).unwrap();
        for _ in 0..300 {
            add_to(&connection);
            checkpoints.after_commit(&connection);
        }
        checkpoints.end();
        let log = std::fs::metadata(folder.path().join("kanban.db-wal")).unwrap();
        // A page of it has 2,048 bytes and a head of 24.
        let most = u64::from(TOO_LONG + LONG) * 2_072;
        assert!(log.len() < most, "{} bytes", log.len());
    }

    #[test]
    fn the_writer_leaves_a_log_to_the_thread_that_has_grown_under_a_long_query() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kanban.db");
        let connection = pile(&path);
        let mut checkpoints = Checkpoints::of(&connection, &path).unwrap();
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let _: u32 = reader
            .query_one("SELECT count(*) FROM pile", (), |row| row.get(0))
            .unwrap();
        for _ in 0..200 {
            add_to(&connection);
        }
        reader.execute_batch("COMMIT").unwrap();
        let (pages, _) = pragma(&connection, LOOK).unwrap();
        assert!(pages > TOO_LONG, "{pages}");

        checkpoints.after_commit(&connection);
        let thread = checkpoints.thread.as_ref();
        assert!(thread.is_some_and(|thread| thread.is_copying));
        checkpoints.end();
        assert_eq!(pragma(&connection, LOOK).unwrap(), (pages, pages));
    }
}
