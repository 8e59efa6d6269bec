//! Reading a log while it is written, over its rotation: a full log is put aside and another begun.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use dispatcher::plain_file;
use tokio::task::spawn_blocking;

/// The most that is read at once, in bytes: a listener that is far behind catches up in steps.
const CHUNK: u64 = 64 * 1024;

/// The position of one reader in a log.
#[derive(Debug)]
pub(crate) struct Follower(Option<Position>);

#[derive(Debug)]
struct Position {
    path: PathBuf,
    /// The file that is being read, which may have been put aside meanwhile.
    file: Option<File>,
    /// The size of the existing text that is sent first.
    tail: u64,
    /// The beginning of a character whose end was not written yet.
    rest: Vec<u8>,
}

impl Follower {
    /// Begins `tail` bytes before the end of the log at `path`, whether that is there yet or not.
    pub(crate) fn new(path: PathBuf, tail: u64) -> Self {
        Self(Some(Position {
            path,
            file: None,
            tail,
            rest: Vec::new(),
        }))
    }

    /// The text written since the last read; may be empty.
    ///
    /// # Errors
    /// Fails when the log cannot be read.
    pub(crate) async fn read(&mut self) -> io::Result<String> {
        let Some(mut position) = self.0.take() else {
            return Ok(String::new());
        };
        let reading = spawn_blocking(move || {
            let text = position.read();
            (position, text)
        });
        let (position, text) = reading.await.map_err(io::Error::other)?;
        self.0 = Some(position);
        text
    }
}

impl Position {
    fn read(&mut self) -> io::Result<String> {
        if self.file.is_none() && !self.open()? {
            return Ok(String::new());
        }
        let mut bytes = std::mem::take(&mut self.rest);
        let mut read = self.read_chunk(&mut bytes)?;
        // Only once this file is read to its end: what was put aside gets no more text.
        if read == 0 && self.is_put_aside()? {
            self.file = None;
            self.tail = u64::MAX;
            if self.open()? {
                read = self.read_chunk(&mut bytes)?;
            }
        }
        if read == 0 {
            self.rest = bytes;
            return Ok(String::new());
        }
        self.rest = split_incomplete(&mut bytes);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn open(&mut self) -> io::Result<bool> {
        let mut file = match plain_file::open_to_read(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // What comes from now on is new.
                self.tail = u64::MAX;
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(self.tail)))?;
        self.file = Some(file);
        Ok(true)
    }

    fn read_chunk(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.take(CHUNK).read_to_end(bytes),
            None => Ok(0),
        }
    }

    /// Returns true when the log was rotated: its name belongs to another file, or to none.
    fn is_put_aside(&self) -> io::Result<bool> {
        let Some(file) = &self.file else {
            return Ok(false);
        };
        match std::fs::metadata(&self.path) {
            Ok(named) => Ok(named.ino() != file.metadata()?.ino()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Takes the beginning of a last character that has no end yet off the bytes.
fn split_incomplete(bytes: &mut Vec<u8>) -> Vec<u8> {
    let incomplete = match std::str::from_utf8(bytes) {
        // `error_len` is `None` exactly when more bytes could make it good.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        // Anything else is replaced, wherever it stands; only a whole tail can be split off.
        Err(_) => {
            let tail = bytes.len().saturating_sub(3);
            let last = bytes
                .iter()
                .skip(tail)
                .rposition(|byte| byte & 0xc0 != 0x80);
            match last.map(|at| tail + at) {
                Some(at) if is_incomplete(bytes.get(at..).unwrap_or_default()) => at,
                _ => return Vec::new(),
            }
        }
        Ok(_) => return Vec::new(),
    };
    bytes.split_off(incomplete)
}

fn is_incomplete(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn position(path: PathBuf, tail: u64) -> Position {
        Follower::new(path, tail).0.unwrap()
    }

    #[test]
    fn a_log_is_followed_over_its_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t_1.log");
        let mut position = position(path.clone(), 0);
        assert_eq!(position.read().unwrap(), "");
        let mut log = File::create(&path).unwrap();
        log.write_all(b"one\n").unwrap();
        assert_eq!(position.read().unwrap(), "one\n");
        log.write_all(b"two\n").unwrap();
        std::fs::rename(&path, folder.path().join("t_1.log.1")).unwrap();
        assert_eq!(position.read().unwrap(), "two\n");
        assert_eq!(position.read().unwrap(), "");
        std::fs::write(&path, "three\n").unwrap();
        assert_eq!(position.read().unwrap(), "three\n");
    }

    #[test]
    fn a_new_listener_hears_the_end_of_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t_1.log");
        std::fs::write(&path, "0123456789").unwrap();
        assert_eq!(position(path.clone(), 3).read().unwrap(), "789");
        assert_eq!(position(path.clone(), 0).read().unwrap(), "");
        assert_eq!(position(path, 100).read().unwrap(), "0123456789");
    }

    #[test]
    fn a_character_is_told_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t_1.log");
        let mut log = File::create(&path).unwrap();
        let mut position = position(path, 0);
        assert_eq!(position.read().unwrap(), "");
        let crab = "\u{1f980}".as_bytes();
        for (bytes, expected) in [
            (&b"a\xff\xf0\x9f"[..], "a\u{fffd}"),
            (&crab[2..3], ""),
            (&crab[3..], "\u{1f980}"),
            (b"\xe2\x82", ""),
            (b"\xac\n", "\u{20ac}\n"),
        ] {
            log.write_all(bytes).unwrap();
            assert_eq!(position.read().unwrap(), expected);
        }
    }
}
