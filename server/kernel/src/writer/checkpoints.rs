//! Checkpoints: another thread copies the write-ahead log into the file, so that no write waits for it.
//!
//! SQLite begins the log anew with the first write after all of it was copied. The writer keeps adding to
//! it meanwhile, so what has come since is copied by the writer itself once the log is long; that is
//! little, because the other thread has just done the rest.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::error::Error;
use crate::open;

/// The number of pages that are worth a checkpoint: 4 MB, as much as by SQLite's own default, and twice as
/// much where another program has made the file with larger pages.
const WORTH_IT: u32 = 2_000;

/// The number of pages at which the log has to begin anew: 64 MB, which take a tenth of a second to read
/// when the board is opened after a crash.
const LONG: u32 = 32_000;

/// The number of pages at which the writer waits for the thread, whose disk is slower than what is written.
const TOO_LONG: u32 = 2 * LONG;

/// The number of pages that the writer copies itself once the log is long: so few that nobody notices, and
/// so many that it does not do so at every commit while a long query keeps the log from beginning anew.
const WORTH_WAITING: u32 = 200;

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
        let is_seen_to = self.thread.as_mut().is_some_and(|thread| {
            thread.is_copying(pages >= TOO_LONG) || !is_long && thread.copies()
        });
        if is_seen_to {
            return Ok(());
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
            handle: Some(handle),
        })
    }

    /// Returns true while the thread is at it; `waits` until it no longer is.
    fn is_copying(&mut self, waits: bool) -> bool {
        if self.is_copying {
            self.is_copying = if waits {
                // An error is the end of the thread.
                self.done.recv().ok();
                false
            } else {
                matches!(self.done.try_recv(), Err(TryRecvError::Empty))
            };
        }
        self.is_copying
    }

    /// Wakes the thread; returns false if it has ended.
    fn copies(&mut self) -> bool {
        let wake = self.wake.as_ref();
        self.is_copying = wake.is_some_and(|wake| wake.try_send(()).is_ok());
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

    /// A megabyte a commit, twice as much as the log may hold.
    #[test]
    fn the_log_begins_anew_however_much_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kanban.db");
        let connection = open::for_writing(&path, Timestamp(0), IfLost::Make).unwrap();
        connection
            .pragma_update(None, "synchronous", "NORMAL")
            .unwrap();
        connection
            .execute_batch("CREATE TABLE pile (page BLOB)")
            .unwrap();
        let mut checkpoints = Checkpoints::of(&connection, &path).unwrap();
        for _ in 0..300 {
            connection
                .execute("INSERT INTO pile VALUES (zeroblob(1000000))", ())
                .unwrap();
            checkpoints.after_commit(&connection);
        }
        checkpoints.end();
        let log = std::fs::metadata(folder.path().join("kanban.db-wal")).unwrap();
        // A page of it has 2,048 bytes and a head of 24.
        let most = u64::from(TOO_LONG) * 2_072 + 10_000_000;
        assert!(log.len() < most, "{} bytes", log.len());
    }
}
