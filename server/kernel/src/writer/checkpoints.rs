//! Checkpoints: another thread copies the write-ahead log into the file, so that no write waits for it.
//!
//! SQLite begins the log anew with the first write after all of it was copied. The writer keeps adding to
//! it meanwhile, so once the log is long it copies itself what has come since the thread copied the rest.
//! While a long query keeps the log from being copied it grows, and the thread tries now and then.

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

/// The number of pages that are worth a checkpoint once the log is long: so many that none is made at every
/// commit.
const WORTH_WAITING: u32 = 200;

/// The time between two checkpoints of the thread while a query keeps it from copying all, which it finds out
/// only after it has sorted the whole log.
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
    waker: Option<SyncSender<()>>,
    /// Tells of each checkpoint whether it succeeded.
    done: Receiver<bool>,
    is_copying: bool,
    has_failed: bool,
    /// The number of pages in the log when it was woken last.
    pages: u32,
    /// The time at which its last checkpoint was seen to have ended.
    ended: Option<Instant>,
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
        if left < WORTH_IT && (pages < LONG || left < WORTH_WAITING) {
            return Ok(());
        }
        if self.thread.is_none() {
            self.thread = Thread::start(&self.path).ok();
        }
        let thread = self.thread.as_mut();
        if thread.is_some_and(|thread| thread.sees_to(pages, copied)) {
            return Ok(());
        }
        pragma(connection, COPY).map(drop)
    }
}

impl Thread {
    fn start(path: &Path) -> io::Result<Self> {
        let (waker, woken) = sync_channel(1);
        let (tell, done) = sync_channel(1);
        let path = path.to_owned();
        let handle = std::thread::Builder::new()
            .name("kanban-checkpoint".to_owned())
            .spawn(move || copy_when_woken(&path, &woken, &tell))?;
        Ok(Self {
            waker: Some(waker),
            done,
            is_copying: false,
            has_failed: false,
            pages: u32::MAX,
            ended: None,
            handle: Some(handle),
        })
    }

    /// Returns true if the thread copies now or soon, so that the writer need not.
    fn sees_to(&mut self, pages: u32, copied: u32) -> bool {
        if self.is_copying() {
            if pages < TOO_LONG.max(self.pages.saturating_add(LONG)) {
                return true;
            }
            let has_succeeded = self.done.recv().unwrap_or(false);
            self.has_ended(has_succeeded);
            return false;
        }
        if std::mem::take(&mut self.has_failed) {
            return false;
        }
        let has_copied_all = copied >= self.pages;
        if has_copied_all && pages >= LONG {
            return false;
        }
        let rests = !has_copied_all && self.ended.is_some_and(|at| at.elapsed() < REST);
        rests || self.wake(pages)
    }

    /// Returns true while a checkpoint goes on.
    fn is_copying(&mut self) -> bool {
        if self.is_copying {
            match self.done.try_recv() {
                Ok(has_succeeded) => self.has_ended(has_succeeded),
                Err(TryRecvError::Disconnected) => self.has_ended(false),
                Err(TryRecvError::Empty) => {}
            }
        }
        self.is_copying
    }

    fn has_ended(&mut self, has_succeeded: bool) {
        self.is_copying = false;
        self.has_failed = !has_succeeded;
        self.ended = Some(Instant::now());
    }

    /// Wakes the thread for a log of so many pages; returns false if it has ended.
    fn wake(&mut self, pages: u32) -> bool {
        let waker = self.waker.as_ref();
        self.is_copying = waker.is_some_and(|waker| waker.try_send(()).is_ok());
        self.pages = pages;
        self.is_copying
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.waker.take());
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("the thread of the checkpoints panicked");
        }
    }
}

fn copy_when_woken(path: &Path, woken: &Receiver<()>, done: &SyncSender<bool>) {
    let mut connection = None;
    while woken.recv().is_ok() {
        let copied = copy(path, &mut connection).inspect_err(|cause| {
            tracing::warn!(error = %cause, "the write-ahead log was not copied into the file");
        });
        // It has room for the one that is asked for at a time.
        done.try_send(copied.is_ok()).ok();
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
        let reader = open::for_checkpoints(&path).unwrap();
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
