//! Small files that are there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::{Errno, retry_on_intr};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::plain_file;

/// The most that is read of a file, in bytes: many times the largest that we write.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Replaces the file as a whole: whoever reads it sees all of it or nothing.
///
/// It may be lost when the machine fails, as everything is that runs on it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write_whole = || {
        // Into the blocks that the unfinished file has. One that was cut short by a crash keeps its name.
        let mut file = open_unfinished(path)?;
        file.write_all(bytes)?;
        file.set_len(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        plain_file::make_way(path)?;
        fs::rename(path.with_extension("part"), path)
    };
    write_whole().map_err(Error::file("write", path))
}

/// Takes the room on the disk that the file will need: a later [`replace`] writes into these blocks,
/// so a disk that is full by then does not hinder it.
///
/// The room is that of the unfinished file, which no reader opens.
pub(super) fn reserve(path: &Path, bytes: u64) -> Result<(), Error> {
    let take_room = || {
        let mut file = open_unfinished(path)?;
        match retry_on_intr(|| fallocate(&file, FallocateFlags::empty(), 0, bytes)) {
            // Not every file system can promise room; zeros take it on most of those.
            Err(Errno::OPNOTSUPP) => io::copy(&mut io::repeat(0).take(bytes), &mut file).map(drop),
            taken => Ok(taken?),
        }
    };
    take_room().map_err(Error::file("write", path))
}

fn open_unfinished(path: &Path) -> io::Result<File> {
    let part = path.with_extension("part");
    plain_file::make_way(&part)?;
    // To truncate it would give its room back.
    let options = &mut File::options();
    plain_file::open(&part, options.write(true).create(true).mode(0o600))
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
    let mut bytes = Vec::new();
    let read = plain_file::open_to_read(path).and_then(|file| {
        let size = file.metadata()?.len().min(MOST_BYTES);
        bytes.reserve(usize::try_from(size).unwrap_or_default() + 1);
        file.take(MOST_BYTES).read_to_end(&mut bytes)
    });
    match read {
        Ok(_) => Ok(Some(bytes).filter(|bytes| !bytes.is_empty())),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::file("read", path)(cause)),
    }
}
