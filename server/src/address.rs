//! The servers of a home folder, for other commands: the address at which browsers find one of them,
//! and that others can reach one of them.
//!
//! A server holds a lock on its file for as long as it lives, so a file that a killed server left
//! behind is told apart from one that is true.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dispatcher::{Home, plain_file};
use kernel::wait_for_lock;

/// The time limit for the lock: [`find`] takes it for a moment.
const LOCK_LIMIT: Duration = Duration::from_millis(25);

/// The file in which the server of a home folder writes down its address.
pub(crate) fn file(home: &Home) -> PathBuf {
    home.root().join("kanban/server.address")
}

/// Keeps the address known. Dropping it says that the server is gone.
#[derive(Debug)]
pub(crate) struct Published {
    /// Holds the lock.
    _file: File,
}

/// Writes down where the server is. `None` when another server of this home folder has done
/// so; that one stays the one to be found.
pub(crate) fn publish(path: &Path, url: &str) -> io::Result<Option<Published>> {
    let mut file = open_to_lock(path)?;
    if !lock(&file)? {
        return Ok(None);
    }
    file.set_len(0)?;
    writeln!(file, "{url}")?;
    Ok(Some(Published { _file: file }))
}

fn open_to_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    plain_file::open_owned(path, options.write(true).create(true).truncate(false))
}

fn open_to_read(path: &Path) -> io::Result<File> {
    plain_file::open_owned(path, OpenOptions::new().read(true))
}

fn lock(file: &File) -> io::Result<bool> {
    wait_for_lock(LOCK_LIMIT, || file.try_lock())
}

/// The address of the server, if one is running.
pub(crate) fn find(path: &Path) -> io::Result<Option<String>> {
    let mut file = match open_to_read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        // Nobody holds it, so nobody serves.
        Ok(()) => return Ok(None),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(Some(text.trim().to_owned()))
}

/// Keeps known that others can reach a server. Dropping it says that this one is gone.
#[derive(Debug)]
pub(crate) struct Reachable {
    /// Holds a lock that several servers share.
    _file: File,
}

/// Records that others can reach a server of this home folder. It waits for whoever asks at this
/// moment.
pub(crate) fn publish_reachable(path: &Path) -> io::Result<Reachable> {
    let file = open_to_lock(path)?;
    file.lock_shared()?;
    Ok(Reachable { _file: file })
}

/// Returns true while others can reach any server of this home folder.
pub(crate) fn is_reachable(path: &Path) -> io::Result<bool> {
    // A process that has no file handle left still learns that there never was such a server.
    Ok(path.try_exists()? && !lock(&open_to_read(path)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_for_as_long_as_its_server_lives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("address");
        let url = "http://127.0.0.1:8420";
        assert_eq!(find(&path).unwrap(), None);
        let published = publish(&path, url).unwrap().unwrap();
        assert_eq!(find(&path).unwrap(), Some(url.to_owned()));
        assert!(publish(&path, "http://127.0.0.1:9").unwrap().is_none());
        drop(published);
        assert_eq!(find(&path).unwrap(), None);
    }

    #[test]
    fn a_home_is_reachable_until_the_last_server_ends_that_others_can_reach() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reachable");
        assert!(!is_reachable(&path).unwrap());
        let servers = [(); 2].map(|()| publish_reachable(&path).unwrap());
        for server in servers {
            assert!(is_reachable(&path).unwrap());
            drop(server);
        }
        assert!(!is_reachable(&path).unwrap());
    }
}
