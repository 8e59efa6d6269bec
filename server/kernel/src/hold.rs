//! The lock of an open board: shared by every process that has the board open, exclusive for one
//! that replaces the file.
//!
//! It is a file beside the board. To open the board's own file once more and close it again would free
//! the locks of SQLite, which belong to the process (fcntl(2)).

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::OFlags;

use crate::error::Error;

/// The pause between two attempts at a lock: a command opens the board for some milliseconds.
const AGAIN: Duration = Duration::from_millis(5);

/// The time that a connection waits for another program's transaction.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The time that [`Alone`] waits for commands that end by themselves.
const PATIENCE: Duration = Duration::from_millis(500);

/// Returns the path of the lock's file.
pub fn lock_file(db: &Path) -> PathBuf {
    let mut name = db.file_name().unwrap_or_default().to_owned();
    name.push(".open.lock");
    db.with_file_name(name)
}

/// The shared lock, held while a board is open.
#[derive(Debug)]
pub(crate) struct Hold(File);

impl Hold {
    /// Takes the shared lock; waits while somebody replaces the board.
    pub(crate) fn shared(db: &Path) -> Result<Self, Error> {
        let path = lock_file(db);
        let hold = Self(open(db, &path)?);
        let locked = wait_for_lock(BUSY_TIMEOUT, || hold.0.try_lock_shared());
        locked
            .map_err(cannot_open(&path))?
            .then_some(hold)
            .ok_or(Error::Busy)
    }

    /// Returns true if nobody else has the board open, which holds until this is dropped. If
    /// somebody has, the lock may be lost, so it is to be asked at the very end.
    pub(crate) fn is_last(&self) -> bool {
        self.0.try_lock().is_ok()
    }
}

impl Drop for Hold {
    /// Unlocks the file: closing it is not enough, because a child that is being started may still
    /// hold it open.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the lock of the open board was not freed");
        }
    }
}

/// The exclusive lock: keeps everybody else from opening a board.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "it is held")] Hold);

impl Alone {
    /// Takes the exclusive lock of the board at `db`, which need not exist; `None` if somebody has
    /// it open. It blocks.
    ///
    /// # Errors
    /// Fails if the lock's file cannot be opened.
    pub fn with(db: &Path) -> Result<Option<Self>, Error> {
        let path = lock_file(db);
        let hold = Hold(open(db, &path)?);
        let locked = wait_for_lock(PATIENCE, || hold.0.try_lock());
        Ok(locked.map_err(cannot_open(&path))?.then_some(Self(hold)))
    }
}

/// Returns true while somebody holds the lock of the file at `path` for themselves.
///
/// # Errors
/// Fails if the file cannot be opened or locked at all.
pub fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match open_existing(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Opens a lock's file. A pipe in its place is not waited for; it can be locked as well as a file.
fn open_existing(path: &Path) -> io::Result<File> {
    let at_once = OFlags::NONBLOCK.bits().cast_signed();
    File::options().read(true).custom_flags(at_once).open(path)
}

/// Opens the lock's file of a board, also for a user who may not write it.
fn open(db: &Path, path: &Path) -> Result<File, Error> {
    // The locks and the write-ahead log go by the name of the file: who opens it by another name would
    // find neither, and two dispatchers would work on one board.
    match db.symlink_metadata() {
        Ok(found) if found.is_symlink() || found.nlink() > 1 => {
            return Err(Error::Linked(db.to_owned()));
        }
        _ => {}
    }
    let opened = match open_existing(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            File::options().create(true).append(true).open(path)
        }
        opened => opened,
    };
    opened.map_err(cannot_open(path))
}

/// Retries a lock until `limit`; returns true once it is taken. It blocks.
///
/// # Errors
/// Fails if the file cannot be locked at all.
pub fn wait_for_lock(
    limit: Duration,
    attempt: impl Fn() -> Result<(), TryLockError>,
) -> io::Result<bool> {
    for _ in 0..=limit.as_millis() / AGAIN.as_millis() {
        match attempt() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(AGAIN),
            Err(TryLockError::Error(cause)) => return Err(cause),
        }
    }
    Ok(false)
}

fn cannot_open(path: &Path) -> impl Fn(io::Error) -> Error {
    move |cause| Error::CannotOpen {
        path: path.to_owned(),
        cause: Arc::new(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_replaces_a_board_is_alone_and_the_last_one_knows_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("kanban.db");
        let (one, other) = (Hold::shared(&db).unwrap(), Hold::shared(&db).unwrap());
        assert!(Alone::with(&db).unwrap().is_none());
        drop(other);
        assert!(one.is_last());
        drop(one);
        let alone = Alone::with(&db).unwrap().unwrap();
        assert!(Alone::with(&db).unwrap().is_none());
        drop(alone);
        assert!(Hold::shared(&db).is_ok());
    }
}
