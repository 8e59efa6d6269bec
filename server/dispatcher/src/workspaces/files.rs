//! Files that git is kept from, because it would wait for them or not tell of them.

use std::fs::{self, ReadDir};
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use super::Error;

/// Returns true for a pipe or a device, and for a link to one: whoever opens it may wait for ever. It
/// blocks.
pub(super) fn is_waited_for(path: &Path) -> bool {
    let kind = fs::metadata(path).map(|found| found.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_char_device())
}

/// Returns the first repository that lies in the worktree at `place`: of one that is ignored git says
/// nothing. It blocks.
///
/// # Errors
/// Fails when git would wait for a file there, or a folder cannot be read.
pub(super) fn nested_repository(place: &Path) -> Result<Option<PathBuf>, Error> {
    let mut nested = None;
    for path in below(place) {
        let path = path.map_err(|cause| Error::CannotEnter {
            path: place.to_owned(),
            cause,
        })?;
        let (Some(name), Some(folder)) = (path.file_name(), path.parent()) else {
            continue;
        };
        // Such as `.gitignore`; it opens no other that is no plain file.
        if name.as_encoded_bytes().starts_with(b".git") && is_waited_for(&path) {
            return Err(Error::WaitedFor(path));
        }
        let is_bare = || name == "HEAD" && folder.join("objects").is_dir();
        if folder != place && (name == ".git" || is_bare()) {
            nested.get_or_insert_with(|| folder.to_owned());
        }
    }
    Ok(nested)
}

/// Returns all that lies below a folder, and the errors of folders that cannot be read. Links are not
/// followed. It blocks.
pub(super) fn below(folder: &Path) -> impl Iterator<Item = io::Result<PathBuf>> + use<> {
    // One is open at a time, however deep they lie in each other.
    let (mut folders, mut open) = (vec![folder.to_owned()], None::<ReadDir>);
    std::iter::from_fn(move || {
        loop {
            if let Some(entry) = open.as_mut().and_then(Iterator::next) {
                return Some(entry.and_then(|entry| {
                    if entry.file_type()?.is_dir() {
                        folders.push(entry.path());
                    }
                    Ok(entry.path())
                }));
            }
            match fs::read_dir(folders.pop()?) {
                Ok(entries) => open = Some(entries),
                Err(error) => {
                    open = None;
                    return Some(Err(error));
                }
            }
        }
    })
}
