//! Files at paths that a worker can write to, opened only where a regular file is: a pipe would be
//! waited for, a link followed, a device obeyed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens the regular file at `path`, as `options` say.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] when something else has that name; whatever the operating system says.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // To a regular file `NONBLOCK` means nothing (open(2)).
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = options.custom_flags(flags.bits().cast_signed()).open(path);
    match opened {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Err(error) if is_regular_or_gone(path) => Err(error),
        _ => Err(io::Error::new(
            ErrorKind::InvalidInput,
            "it is no regular file",
        )),
    }
}

/// [`open`] to read.
///
/// # Errors
/// As [`open`].
pub fn open_to_read(path: &Path) -> io::Result<File> {
    open(path, File::options().read(true))
}

/// Removes a link, pipe, socket or device that has the name of a file of ours.
///
/// # Errors
/// Fails with the system's error.
pub(crate) fn make_way(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() && !there.is_dir() => fs::remove_file(path),
        _ => Ok(()),
    }
}

fn is_regular_or_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
        || !path.is_symlink() && !path.exists()
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn nothing_but_a_regular_file_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").unwrap();
        fs::create_dir(at("folder")).unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for options in [File::options().read(true), File::options().append(true)] {
            assert!(open(&at("file"), options).is_ok());
            for odd in ["folder", "link", "pipe"] {
                let refused = open(&at(odd), options).unwrap_err();
                assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{odd}: {refused}");
            }
            let missing = open(&at("missing"), options).unwrap_err();
            assert_eq!(missing.kind(), ErrorKind::NotFound);
        }
    }

    #[test]
    fn what_has_the_name_of_a_file_of_ours_makes_way() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "text").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        make_way(&link).unwrap();
        make_way(&file).unwrap();
        assert!(file.exists() && !link.is_symlink());
    }
}
