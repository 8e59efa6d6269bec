//! Checkpoints: another thread copies the write-ahead log into the file, so that no write waits for it.
//!
//! SQLite begins the log anew with the first write after all of it was copied. The writer keeps adding to
//! it meanwhile, so what has come since is copied by the writer itself once the log is long; that is
//! little, because the other thread has just done the rest.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::error::Error;
use crate::open;

/// The number of pages that are worth a checkpoint, which is also SQLite's own default.
const WORTH_IT: u32 = 1_000;

/// The number of pages at which the log has to begin anew: 64 MB, which take a tenth of a second to read
/// when the board is opened after a crash.
const LONG: u32 = 16_000;

/// The number of pages that the writer copies itself once the log is long: so few that nobody notices, and
/// so many that it does not do so at every commit while a long query keeps the log from beginning anew.
const WORTH_WAITING: u32 = 100;

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
    is_copying: Arc<AtomicBool>,
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
        match &self.thread {
            Some(thread) if thread.is_copying() => Ok(()),
            Some(thread) if !is_long && thread.copies() => Ok(()),
            _ => pragma(connection, COPY).map(drop),
        }
    }
}

impl Thread {
    fn start(path: &Path) -> io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let is_copying = Arc::new(AtomicBool::new(false));
        let flag = is_copying.clone();
        let path = path.to_owned();
        let handle = std::thread::Builder::new()
            .name("kanban-checkpoint".to_owned())
            .spawn(move || copy_when_woken(&path, &woken, &flag))?;
        Ok(Self {
            wake: Some(wake),
            is_copying,
            handle: Some(handle),
        })
    }

    fn is_copying(&self) -> bool {
        self.is_copying.load(Ordering::Acquire)
    }

    /// Wakes the thread; returns false if it has ended.
    fn copies(&self) -> bool {
        self.is_copying.store(true, Ordering::Release);
        let is_woken = self
            .wake
            .as_ref()
            .is_some_and(|wake| wake.try_send(()).is_ok());
        if !is_woken {
            self.is_copying.store(false, Ordering::Release);
        }
        is_woken
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

fn copy_when_woken(path: &Path, woken: &Receiver<()>, is_copying: &AtomicBool) {
    let mut connection = None;
    while woken.recv().is_ok() {
        // Cleared also where the copying panics, so that the writer finds out that the thread has ended.
        let _copying = Copying(is_copying);
        if let Err(cause) = copy(path, &mut connection) {
            tracing::warn!(error = %cause, "the write-ahead log was not copied into the file");
        }
    }
}

fn copy(path: &Path, connection: &mut Option<Connection>) -> Result<(), Error> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(open::for_checkpoints(path)?),
    };
    Ok(pragma(connection, COPY).map(drop)?)
}

/// Clears the flag when dropped.
struct Copying<'a>(&'a AtomicBool);

impl Drop for Copying<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
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

    /// A megabyte a commit, three times as much as the log may hold.
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
        for _ in 0..200 {
            connection
                .execute("INSERT INTO pile VALUES (zeroblob(1000000))", ())
                .unwrap();
            checkpoints.after_commit(&connection);
        }
        checkpoints.end();
        let log = std::fs::metadata(folder.path().join("kanban.db-wal")).unwrap();
        // A page of it has 4,096 bytes and a head of 24.
        let most = u64::from(LONG) * 4_120 + 10_000_000;
        assert!(log.len() < most, "{} bytes", log.len());
        let (pages, copied) = pragma(&connection, LOOK).unwrap();
        assert!(pages - copied < 2 * WORTH_IT, "{copied} of {pages}");
    }
}
