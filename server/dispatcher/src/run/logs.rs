//! Reading what workers wrote.
//!
//! The log of a task is `<id>.log`, over all its runs. Once it is full it becomes `<id>.log.1`, and
//! a new one is begun; so it never takes more than two files of a bounded size. Where the log is made
//! of JSON lines, these stand beside it in `<id>.jsonl`, within the same bounds.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use domain::id::TaskId;
use tokio::task::spawn_blocking;

use crate::home::Home;
use crate::plain_file;

/// The most that is read of a log, in bytes: more than its supervisors write.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// The log of a task, or the end of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The file.
    pub path: PathBuf,
    /// False when there is no file: a task that was never started has none.
    pub exists: bool,
    /// Its whole size.
    pub size_bytes: u64,
    /// The text; what was not UTF-8 is replaced.
    pub text: String,
    /// True when the text is only the end of it.
    pub is_truncated: bool,
}

/// Reads the log of a task: its last `at_most` bytes, or all that a supervisor lets it grow to.
///
/// Less than 4 bytes may not hold the last character; then there is no text.
///
/// # Errors
/// Fails when there is a log that cannot be read.
pub async fn read(home: &Home, task: &TaskId, at_most: Option<u64>) -> io::Result<Log> {
    let path = home.log(task);
    spawn_blocking(move || read_file(&path, at_most))
        .await
        .map_err(io::Error::other)?
}

/// The path to which a full log is moved.
pub(crate) fn aside(path: &Path) -> PathBuf {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".1");
    aside.into()
}

/// The path of the lines as the worker printed them, of which the log at `path` was made.
pub(crate) fn raw(path: &Path) -> PathBuf {
    path.with_extension("jsonl")
}

fn read_file(path: &Path, at_most: Option<u64>) -> io::Result<Log> {
    let mut log = Log {
        path: path.to_owned(),
        exists: false,
        size_bytes: 0,
        text: String::new(),
        is_truncated: false,
    };
    // A new log is begun when there is something to write: while it is empty or not there yet, the
    // last line is in the one before.
    let newest = match open(path)? {
        Some((_, 0)) | None => open(&aside(path))?.or(open(path)?),
        found => found,
    };
    let Some((mut file, size_bytes)) = newest else {
        return Ok(log);
    };
    log.exists = true;
    log.size_bytes = size_bytes;
    let at_most = at_most.map_or(MOST_BYTES, |at_most| at_most.min(MOST_BYTES));
    // One byte more than asked for: it tells whether the tail begins a line.
    let window = at_most.saturating_add(1).min(log.size_bytes);
    file.seek(SeekFrom::Start(log.size_bytes - window))?;
    let mut bytes = Vec::new();
    // The worker may be writing; what comes after the size was taken belongs to the next reader.
    file.take(window).read_to_end(&mut bytes)?;
    (log.text, log.is_truncated) = tail(&bytes, usize::try_from(at_most).unwrap_or(usize::MAX));
    Ok(log)
}

/// A file to read and its size, if it is there.
fn open(path: &Path) -> io::Result<Option<(File, u64)>> {
    match plain_file::open_to_read(path) {
        Ok(file) => {
            let size = file.metadata()?.len();
            Ok(Some((file, size)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The end of `bytes` as text of at most `at_most` bytes, and whether something was left out.
///
/// It begins at the beginning of a line where one begins within reach; it is not empty unless
/// `bytes` is, for any `at_most` from 4 up. To be cut right, `bytes` has to be the whole text or at
/// least its last `at_most + 1` bytes.
pub(crate) fn tail(bytes: &[u8], at_most: usize) -> (String, bool) {
    // Replacing never makes a text shorter: each sequence replaced has at most the three bytes of
    // the mark that stands for it. So a character that the window cuts in two is always cut off.
    let text = String::from_utf8_lossy(bytes);
    if text.len() <= at_most {
        return (text.into_owned(), false);
    }
    let earliest = text.ceil_char_boundary(text.len() - at_most);
    let begins_line = text.as_bytes().get(earliest - 1) == Some(&b'\n');
    let rest = text.get(earliest..).unwrap_or_default();
    let tail = match rest.split_once('\n') {
        Some((_, lines)) if !begins_line && !lines.is_empty() => lines,
        _ => rest,
    };
    (tail.to_owned(), true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_log() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => prop::collection::vec(prop::sample::select(b"abc\n".to_vec()), 0..12),
            2 => "[äß€😀\n]{0,6}".prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..6),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_tail_is_short_enough_and_never_empty(log in any_log(), at_most in 4usize..40) {
            let (tail, is_truncated) = tail(&log, at_most);
            prop_assert!(tail.len() <= at_most);
            prop_assert_eq!(tail.is_empty(), log.is_empty());
            let whole = String::from_utf8_lossy(&log);
            prop_assert!(whole.ends_with(&tail));
            prop_assert_eq!(is_truncated, tail != whole);
        }

        #[test]
        fn a_tail_begins_with_a_line_when_one_begins_within_reach(
            log in any_log(),
            at_most in 4usize..40,
        ) {
            let (tail, _) = tail(&log, at_most);
            let whole = String::from_utf8_lossy(&log);
            let start = whole.len() - tail.len();
            let begins_line = |at: usize| at == 0 || whole.as_bytes()[at - 1] == b'\n';
            let within_reach = (whole.len().saturating_sub(at_most)..whole.len())
                .find(|at| begins_line(*at));
            prop_assert!(within_reach.is_none_or(|first| start == first));
        }

        #[test]
        fn the_end_of_a_file_reads_as_the_end_of_the_whole_text(
            log in any_log(),
            at_most in 0u64..40,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.log");
            std::fs::write(&path, &log).unwrap();
            let read = read_file(&path, Some(at_most)).unwrap();
            let (text, is_truncated) = tail(&log, usize::try_from(at_most).unwrap());
            prop_assert_eq!(read.size_bytes, u64::try_from(log.len()).unwrap());
            prop_assert_eq!((read.text, read.is_truncated), (text, is_truncated));
        }
    }

    #[test]
    fn a_last_line_that_just_fits_is_kept() {
        let log = b"aaa\nbbbb\nccccc\n";
        assert_eq!(tail(log, 6).0, "ccccc\n");
        assert_eq!(tail(log, 8).0, "ccccc\n");
        assert_eq!(tail(log, 5).0, "cccc\n");
        assert_eq!(
            tail(log, 15),
            (String::from_utf8_lossy(log).into_owned(), false)
        );
    }

    #[test]
    fn a_tail_is_never_longer_than_was_asked_for() {
        let ends = |log: &[u8]| [0, 1, 2, 3].map(|at_most| tail(log, at_most).0);
        assert_eq!(ends(b"abcde"), ["", "e", "de", "cde"]);
        assert_eq!(ends("a€".as_bytes()), ["", "", "", "€"]);
    }

    #[test]
    fn the_last_line_is_there_while_the_log_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        std::fs::write(aside(&path), "last line\n").unwrap();
        let text = || read_file(&path, None).unwrap().text;
        assert_eq!(text(), "last line\n");
        std::fs::write(&path, "").unwrap();
        assert_eq!(text(), "last line\n");
        std::fs::write(&path, "next line\n").unwrap();
        assert_eq!(text(), "next line\n");
    }

    #[test]
    fn a_task_that_was_never_started_has_no_log() {
        let log = read_file(Path::new("/nonexistent/t_1.log"), None).unwrap();
        assert!(!log.exists && log.text.is_empty());
    }
}
