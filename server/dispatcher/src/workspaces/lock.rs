//! The lock between those who make workspaces and the one who removes them, in whatever processes they
//! are. A workspace is made after its task was claimed, and removed after a look at the claims, so that a
//! task that is brought back meanwhile either keeps its folder or is given a new one.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use crate::home::Home;
use crate::plain_file;

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    /// Closing it frees the lock.
    _file: File,
}

/// Holds removals off while a workspace is made. It blocks while one is removed.
pub(crate) fn to_make(home: &Home) -> io::Result<Held> {
    let file = open(home)?;
    file.lock_shared()?;
    Ok(Held { _file: file })
}

/// Holds off those who make workspaces while one is removed. It blocks while one is made.
pub(crate) fn to_remove(home: &Home) -> io::Result<Held> {
    let file = open(home)?;
    file.lock()?;
    Ok(Held { _file: file })
}

/// The lock's file.
pub(super) fn path(home: &Home) -> PathBuf {
    home.root().join("kanban/workspaces.lock")
}

fn open(home: &Home) -> io::Result<File> {
    let path = path(home);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    plain_file::open_owned(&path, File::options().create(true).append(true))
}
