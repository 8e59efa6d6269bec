//! The supervisor of a run, found by its identity, and only where it works for the run of this home: a
//! copy of the board in another home knows the same identities.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use domain::run::ProcessIdentity;

use crate::error::Error;
use crate::process;
use crate::run::folder::RunFolder;

/// The state of a supervisor.
#[derive(Debug)]
pub(crate) enum Supervisor {
    /// It is alive.
    Alive(OwnedFd),
    /// It is alive and works for a run of another home.
    OfAnotherHome,
    /// It has ended, or never registered.
    Gone,
}

/// Finds the supervisor of the run that has this folder. It blocks.
///
/// # Errors
/// Fails when the system does not say.
pub(crate) fn find(
    folder: &RunFolder,
    identity: Option<ProcessIdentity>,
) -> Result<Supervisor, Error> {
    let identity = match identity {
        Some(identity) => Some(identity),
        None => folder.supervisor()?,
    };
    let Some(identity) = identity else {
        return Ok(Supervisor::Gone);
    };
    let found = process::find(&identity).map_err(Error::system("find a supervisor"))?;
    let Some(handle) = found else {
        return Ok(Supervisor::Gone);
    };
    Ok(if is_of(folder, &identity)? {
        Supervisor::Alive(handle)
    } else {
        Supervisor::OfAnotherHome
    })
}

/// The file that it was started with tells its home, also where its worker has removed that. A home that
/// was moved since has the word that it left in the folder.
fn is_of(folder: &RunFolder, identity: &ProcessIdentity) -> Result<bool, Error> {
    let ours = folder.spec_file();
    if let Some(spec) = started_with(identity) {
        if spec == ours {
            return Ok(true);
        }
        if let Some(file) = file(&spec) {
            return Ok(self::file(&ours) == Some(file));
        }
    }
    Ok(folder.supervisor()?.as_ref() == Some(identity))
}

/// Returns the device and inode of a file that is there.
fn file(path: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Returns the last argument of `kanban shim FILE`.
fn started_with(identity: &ProcessIdentity) -> Option<PathBuf> {
    let line = fs::read(format!("/proc/{}/cmdline", identity.pid)).ok()?;
    let words = line.strip_suffix(b"\0")?.rsplit(|byte| *byte == 0);
    match words.take(2).collect::<Vec<_>>().as_slice() {
        [file, b"shim"] => Some(OsStr::from_bytes(file).into()),
        _ => None,
    }
}
