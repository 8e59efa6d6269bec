//! The log of a task, which never grows beyond two files of a bounded size.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use domain::id::RunId;
use domain::text::one_line;

use crate::error::Error;
use crate::plain_file;
use crate::run::logs;

/// The size at which a log is rotated, in bytes: the original's limit.
const LIMIT: u64 = 2 * 1024 * 1024;

/// The log that one run appends to. The file is shared with the runs before and after it.
pub(super) struct RotatingLog {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
    /// True while the part of this run still begins in this file.
    is_whole: bool,
}

impl RotatingLog {
    /// Opens the log and begins a part with headings, of which the first names it: `run 7`.
    pub(super) fn open(path: &Path, head: &[&str]) -> Result<Self, Error> {
        let heading = head
            .iter()
            .map(|line| format!("──── {} ────\n", one_line(line)));
        let heading: String = heading.collect();
        Self::open_with(path, &heading, LIMIT).map_err(Error::file("write", path))
    }

    /// Opens the file beside the log that holds the lines of `run` as its worker printed them.
    pub(super) fn open_raw(path: &Path, run: RunId) -> Result<Self, Error> {
        let path = logs::raw(path);
        let heading = format!("{{\"type\":\"kanban.run\",\"run\":{run}}}\n");
        Self::open_with(&path, &heading, LIMIT).map_err(Error::file("write", &path))
    }

    fn open_with(path: &Path, heading: &str, limit: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let (file, size) = append_to(path)?;
        let mut log = Self {
            path: path.to_owned(),
            file,
            size,
            limit,
            is_whole: false,
        };
        let line_end = if log.ends_with_a_line()? { "" } else { "\n" };
        log.write(format!("{line_end}{heading}").as_bytes())?;
        log.is_whole = true;
        Ok(log)
    }

    /// The size of the file, in bytes: the offset of the next write.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The end of this run's part, as an offset in bytes, if it begins in the same file.
    pub(super) fn end(&self) -> Option<u64> {
        self.is_whole.then_some(self.size)
    }

    /// Appends what a worker wrote. A file that would grow beyond the limit becomes `<name>.1` first,
    /// and what was `<name>.1` is gone. No line is torn apart between the two, unless it is so long
    /// that it came in pieces.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = usize::try_from(self.limit.saturating_sub(self.size)).unwrap_or(usize::MAX);
        if self.size == 0 || bytes.len() <= room {
            return self.append(bytes);
        }
        let fitting = bytes.get(..room).unwrap_or_default();
        let lines = fitting.iter().rposition(|byte| *byte == b'\n');
        let (fitting, rest) = bytes.split_at(lines.map_or(0, |last| last + 1));
        self.append(fitting)?;
        match fs::rename(&self.path, logs::aside(&self.path)) {
            // Somebody has removed it meanwhile, or the one after it could not be begun.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
        self.is_whole = false;
        (self.file, self.size) = append_to(&self.path)?;
        self.append(rest)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        let added = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.size = self.size.saturating_add(added);
        Ok(())
    }

    fn ends_with_a_line(&mut self) -> io::Result<bool> {
        if self.size == 0 {
            return Ok(true);
        }
        let mut last = [0];
        self.file.seek(SeekFrom::End(-1))?;
        self.file.read_exact(&mut last)?;
        Ok(last == *b"\n")
    }
}

fn append_to(path: &Path) -> io::Result<(File, u64)> {
    plain_file::make_way(path)?;
    let options = &mut File::options();
    let file = plain_file::open(path, options.read(true).append(true).create(true))?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folder_and_log() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/t_1.log");
        (folder, path)
    }

    #[test]
    fn each_run_begins_on_a_line_of_its_own() {
        let (_folder, path) = folder_and_log();
        let mut first = RotatingLog::open(&path, &["run 1"]).unwrap();
        first.write(b"no line end").unwrap();
        let mut second = RotatingLog::open(&path, &["run 2"]).unwrap();
        let start = second.size();
        second.write(b"done\n").unwrap();
        assert_eq!(second.end(), Some(start + 5));
        RotatingLog::open(&path, &["run 3"]).unwrap();
        assert_eq!(
            fs::read_to_string(path).unwrap(),
            "──── run 1 ────\nno line end\n──── run 2 ────\ndone\n──── run 3 ────\n"
        );
    }

    #[test]
    fn a_log_rotates_while_its_worker_still_writes_and_only_one_old_file_is_kept() {
        let (_folder, path) = folder_and_log();
        let mut log = RotatingLog::open_with(&path, "──── run 1 ────\n", 100).unwrap();
        for number in 0..100 {
            log.write(format!("line {number}\n").as_bytes()).unwrap();
        }
        let (now, before) = (
            fs::read(&path).unwrap(),
            fs::read(logs::aside(&path)).unwrap(),
        );
        assert!(now.len() <= 100 && before.len() <= 100);
        assert_eq!(log.end(), None);
        let kept = String::from_utf8([before, now].concat()).unwrap();
        assert!(kept.ends_with("line 98\nline 99\n"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 2);
    }

    #[test]
    fn a_log_that_somebody_removed_is_begun_anew_when_it_is_full() {
        let (_folder, path) = folder_and_log();
        let mut log = RotatingLog::open_with(&path, "──── run 1 ────\n", 60).unwrap();
        fs::remove_file(&path).unwrap();
        for number in 10..30 {
            log.write(format!("line {number}\n").as_bytes()).unwrap();
        }
        let now = fs::read_to_string(&path).unwrap();
        assert!(now.ends_with("line 29\n"), "{now}");
    }

    #[test]
    fn what_comes_in_one_piece_is_parted_between_two_lines() {
        let (_folder, path) = folder_and_log();
        let mut log = RotatingLog::open_with(&path, "──── run 1 ────\n", 60).unwrap();
        let lines = (10..28).fold(String::new(), |lines, number| {
            lines + &format!("{number}\n")
        });
        log.write(lines.as_bytes()).unwrap();
        let before = fs::read_to_string(logs::aside(&path)).unwrap();
        let now = fs::read_to_string(&path).unwrap();
        assert!(before.len() <= 60 && before.ends_with("18\n"), "{before}");
        assert!(now.starts_with("19\n") && now.ends_with("27\n"), "{now}");
    }

    proptest! {
        #[test]
        fn two_files_hold_the_end_of_all_that_was_written(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..40),
        ) {
            let (_folder, path) = folder_and_log();
            let mut log = RotatingLog::open_with(&path, "──── run 1 ────\n", 100).unwrap();
            for piece in &pieces {
                log.write(piece).unwrap();
            }
            let now = fs::read(&path).unwrap();
            let before = fs::read(logs::aside(&path)).unwrap_or_default();
            prop_assert!(now.len() <= 100 && before.len() <= 100);
            let all = ["──── run 1 ────\n".as_bytes(), &pieces.concat()].concat();
            prop_assert!(all.ends_with(&[before, now].concat()));
        }
    }
}
