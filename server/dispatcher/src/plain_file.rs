//! Files opened only where a regular file is: a pipe would be waited for, a device read without an
//! end, and at paths that a worker can write to a link would lead anywhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens the regular file at `path`, as `options` say.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] when something else has that name; whatever the operating system says.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    match open_with(path, options, OFlags::NOFOLLOW) {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Err(error) if is_regular_or_gone(path) => Err(error),
        _ => Err(irregular()),
    }
}

/// Opens the regular file at a path that only the owner of the home can write to: a link is followed,
/// as configurations and secrets are often linked into place.
///
/// # Errors
/// As [`open`].
pub fn open_owned(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    match open_with(path, options, OFlags::empty()) {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Err(error) if fs::metadata(path).map_or(true, |there| there.is_file()) => Err(error),
        _ => Err(irregular()),
    }
}

/// Reads the whole text of [`open_owned`].
///
/// # Errors
/// As [`open`]; [`ErrorKind::FileTooLarge`] for more than `most_bytes`, and
/// [`ErrorKind::InvalidData`] for what is no UTF-8.
pub fn owned_text(path: &Path, most_bytes: u64) -> io::Result<String> {
    text_of(&open_owned(path, File::options().read(true))?, most_bytes)
}

/// Reads the whole text of an open file.
///
/// # Errors
/// As [`owned_text`].
pub fn text_of(file: &File, most_bytes: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = file.take(most_bytes + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= most_bytes) {
        return Ok(text);
    }
    let complaint = format!("it is longer than {most_bytes} bytes");
    Err(io::Error::new(ErrorKind::FileTooLarge, complaint))
}

fn open_with(path: &Path, options: &mut OpenOptions, flags: OFlags) -> io::Result<File> {
    // To a regular file `NONBLOCK` means nothing (open(2)).
    let flags = flags | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed()).open(path)
}

fn irregular() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "it is no regular file")
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
    fn a_text_of_the_owner_is_read_through_a_link_but_from_no_pipe_and_within_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("device")).unwrap();
        mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let kind = |name: &str, most| owned_text(&at(name), most).map_err(|error| error.kind());
        for name in ["file", "link"] {
            assert_eq!(kind(name, 4), Ok("text".to_owned()), "{name}");
            assert_eq!(kind(name, 3), Err(ErrorKind::FileTooLarge), "{name}");
        }
        for name in ["device", "pipe", "."] {
            assert_eq!(kind(name, 4), Err(ErrorKind::InvalidInput), "{name}");
        }
        assert_eq!(kind("missing", 4), Err(ErrorKind::NotFound));
        for odd in ["device", "pipe"] {
            let refused = open_owned(&at(odd), File::options().append(true).create(true));
            assert_eq!(
                refused.unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{odd}"
            );
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
