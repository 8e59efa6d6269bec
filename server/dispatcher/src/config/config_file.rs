//! `kanban.toml` as a file that is watched, in the same way by whoever reads it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::document::Document;
use crate::home::Home;

/// The file of a home folder, and the last document in it that its reader could use. Everything here
/// blocks.
#[derive(Debug)]
pub struct ConfigFile {
    home: Home,
    /// Its state when it was last read.
    read: Option<Stamp>,
    /// Its state when it was last looked at.
    seen: Option<Stamp>,
    good: Document,
}

/// The stat(2) fields that change when a file is written or replaced: time, length and inode.
type Stamp = (SystemTime, u64, u64);

impl ConfigFile {
    /// The polling interval. A look takes less than a tenth of a millisecond, and whoever edits the
    /// file wants to see what becomes of it.
    pub const INTERVAL: Duration = Duration::from_secs(1);

    /// Reads the file for the first time.
    pub fn open(home: &Home) -> (Self, Document) {
        // What is written while it is read will be seen to be new.
        let now = stamp(&home.config());
        let file = Self {
            home: home.clone(),
            read: now,
            seen: now,
            good: Document::new(home.config(), String::new()),
        };
        (file, Document::read(home))
    }

    /// Reads the file if it has changed and is as it was at the last look: one that is just being
    /// written may lack a channel that somebody is to be told by, or a lane that is turned off. One
    /// that is gone or empty is a mistake, because some editors take a file away before they write it.
    pub fn read_if_changed(&mut self) -> Option<Document> {
        let now = stamp(&self.home.config());
        let is_still = now == self.seen;
        self.seen = now;
        if !is_still || now == self.read {
            return None;
        }
        self.read = now;
        let mut document = Document::read(&self.home);
        if document.is_empty() && !self.good.is_empty() {
            document.text = Err("is gone or empty; what it said last still counts".to_owned());
        }
        Some(document)
    }

    /// The last document that was kept; an empty one before the first.
    pub fn good(&self) -> &Document {
        &self.good
    }

    /// Remembers a document as the last good one.
    pub fn keep(&mut self, document: Document) {
        self.good = document;
    }
}

/// The stamp of the file at `path`, if there is one.
fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_read_once_it_is_left_alone_and_counts_when_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let (mut file, first) = ConfigFile::open(&home);
        assert!(first.is_empty());
        let write = |text: &str| fs::write(home.config(), text).unwrap();
        assert_eq!(file.read_if_changed(), None);
        write("[board]");
        assert_eq!(file.read_if_changed(), None, "it may still be written");
        let document = file.read_if_changed().unwrap();
        file.keep(document.clone());
        assert_eq!(file.read_if_changed(), None);
        let other = folder.path().join("other");
        fs::write(&other, "[lanes]").unwrap();
        fs::rename(other, home.config()).unwrap();
        assert_eq!(file.read_if_changed(), None);
        // It cannot be used, so it is not kept.
        assert!(file.read_if_changed().unwrap().text.is_ok());
        fs::remove_file(home.config()).unwrap();
        assert_eq!(file.read_if_changed(), None);
        let gone = file.read_if_changed().unwrap().root().unwrap_err();
        let gone = document.mistake(gone).to_string();
        assert!(gone.ends_with("kanban.toml: is gone or empty; what it said last still counts"));
        assert_eq!(file.good(), &document);
    }
}
