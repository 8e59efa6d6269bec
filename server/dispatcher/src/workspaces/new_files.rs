//! The text of files that git does not know yet, as the patches that would add them. They are read as
//! plain files beneath their worktree: git would have to write them into an index, and a worker may have
//! put a link anywhere.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use domain::changes::MOST_NEW;
use domain::text;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2, readlinkat};

/// The content of a new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NewFile {
    /// The patch that adds it, and its number of lines.
    Text {
        /// The patch; `None` for a file without lines.
        patch: Option<String>,
        /// The number of lines.
        lines: u32,
    },
    /// It is no text.
    Binary,
    /// It is longer than [`MOST_NEW`].
    TooLong,
}

/// Reads a new file of the worktree at `place`, and follows no link on the way. It blocks.
///
/// # Errors
/// Fails when nothing that can be read is there.
pub(crate) fn read(place: &Path, path: &str) -> io::Result<NewFile> {
    let worktree: OwnedFd = File::open(place)?.into();
    // First only named: to open a pipe or a device may do something.
    let found = open(&worktree, path, OFlags::PATH | OFlags::NOFOLLOW)?;
    let bytes = match FileType::from_raw_mode(fstat(&found)?.st_mode) {
        FileType::Symlink => readlinkat(&found, "", Vec::new())?.into_bytes(),
        FileType::RegularFile => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let most = u64::try_from(MOST_NEW).unwrap_or(u64::MAX);
            let file = File::from(open(&worktree, path, flags)?);
            let mut bytes = Vec::new();
            file.take(most + 1).read_to_end(&mut bytes)?;
            bytes
        }
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(of_bytes(&bytes))
}

fn open(worktree: &OwnedFd, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    Ok(openat2(worktree, path, flags, Mode::empty(), resolve)?)
}

fn of_bytes(bytes: &[u8]) -> NewFile {
    if bytes.len() > MOST_NEW {
        return NewFile::TooLong;
    }
    // As git tells a text from what is none: by a zero byte.
    let Some(content) = str::from_utf8(bytes).ok().filter(|it| !it.contains('\0')) else {
        return NewFile::Binary;
    };
    let count = content.lines().count();
    let lines = u32::try_from(count).unwrap_or(u32::MAX);
    if count == 0 {
        return NewFile::Text { patch: None, lines };
    }
    let range = match count {
        1 => String::new(),
        count => format!(",{count}"),
    };
    let mut patch = format!("@@ -0,0 +1{range} @@\n");
    for line in content.split_terminator('\n') {
        patch.push('+');
        patch.push_str(&text::lines(line));
        patch.push('\n');
    }
    if !content.ends_with('\n') {
        patch.push_str("\\ No newline at end of file\n");
    }
    let patch = Some(patch);
    NewFile::Text { patch, lines }
}
