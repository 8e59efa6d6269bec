//! The lock between those who make workspaces and the one who removes them, in whatever processes they
//! are. A workspace is made after its task was claimed, and removed after a look at the claims, so that a
//! task that is brought back meanwhile either keeps its folder or is given a new one.
//!
//! Nobody waits for it without a limit: a thread that did could be left behind.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use kernel::wait_for_lock;

use super::Error;
use crate::home::Home;
use crate::plain_file;
use crate::process::holders::lock_holders;

/// The time limit of whoever makes a workspace: a removal holds the lock for less, and all
/// preparations of a run have ten seconds.
const TO_MAKE: Duration = Duration::from_secs(2);

/// The time limit of whoever removes one. It outlasts the preparations of a few runs.
const TO_REMOVE: Duration = Duration::from_mins(1);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    /// Closing it frees the lock.
    _file: File,
}

/// Holds removals off while a workspace is made. It blocks for [`TO_MAKE`] at most.
///
/// # Errors
/// [`Error::Held`] when somebody removes workspaces for longer than that.
pub(crate) fn to_make(home: &Home) -> Result<Held, Error> {
    take(home, make(home), File::try_lock_shared, TO_MAKE)
}

/// Holds off those who make workspaces while one is removed. It blocks for [`TO_REMOVE`] at most.
///
/// # Errors
/// [`Error::Held`] when somebody makes or removes workspaces for longer than that.
pub(crate) fn to_remove(home: &Home) -> Result<Held, Error> {
    take(home, make(home), File::try_lock, TO_REMOVE)
}

/// Checks that workspaces can be made, and makes no file. It blocks as [`to_make`].
///
/// # Errors
/// As [`to_make`].
pub(crate) fn check(home: &Home) -> Result<(), Error> {
    match plain_file::open_owned(&path(home), File::options().read(true)) {
        // Whoever makes a workspace says what is wrong with it.
        Err(_) => Ok(()),
        file => take(home, file, File::try_lock_shared, TO_MAKE).map(drop),
    }
}

fn take(
    home: &Home,
    file: io::Result<File>,
    lock: fn(&File) -> Result<(), TryLockError>,
    patience: Duration,
) -> Result<Held, Error> {
    let fail = |cause| Error::Home {
        path: path(home),
        cause,
    };
    let file = file.map_err(fail)?;
    if wait_for_lock(patience, || lock(&file)).map_err(fail)? {
        return Ok(Held { _file: file });
    }
    let lock = path(home);
    let by = lock_holders(&lock).join(", ");
    Err(Error::Held { lock, by })
}

fn path(home: &Home) -> PathBuf {
    home.root().join("kanban/workspaces.lock")
}

fn make(home: &Home) -> io::Result<File> {
    let path = path(home);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    plain_file::open_owned(&path, File::options().create(true).append(true))
}
