//! Small files that are there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// Replaces the file as a whole: whoever reads it sees all of it or nothing.
///
/// It may be lost when the machine fails, as everything is that runs on it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace_once(path, bytes, |_| Ok(()))
}

/// [`replace`], once `is_settled` has seen the new file.
pub(super) fn replace_once(
    path: &Path,
    bytes: &[u8],
    is_settled: impl FnOnce(&File) -> io::Result<()>,
) -> Result<(), Error> {
    let unfinished = path.with_extension("part");
    let write_whole = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(bytes)?;
        is_settled(&file)?;
        fs::rename(&unfinished, path)
    };
    write_whole().map_err(Error::file("write", path))
}

pub(super) fn to_json(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value)
        .map_err(io::Error::from)
        .map_err(Error::file("write", path))
}

/// Reads a file that may not be there. One that makes no sense says as much as one that is missing.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let Some(bytes) = read(path)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes).map_or_else(
        |error| {
            tracing::error!(path = %path.display(), %error, "a file of a run makes no sense");
            Ok(None)
        },
        Ok,
    )
}

/// The bytes of a file that may not be there. An empty one is as good as none: its name may outlive a
/// failure of the machine that its content does not.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes).filter(|bytes| !bytes.is_empty())),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::file("read", path)(cause)),
    }
}
