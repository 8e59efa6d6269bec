//! Noticing that `kanban.toml` was changed while the dispatcher works.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use super::{Config, Mistake, Settings};
use crate::home::Home;

/// The file, and what was last read from it. Everything here blocks.
#[derive(Debug)]
pub(crate) struct Source {
    home: Home,
    config: Config,
    seen: Option<Stamp>,
}

/// What changes when a file is written or another is put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    number: u64,
}

impl Source {
    /// Reads the settings for the first time.
    pub(crate) fn open(home: Home, config: Config) -> Result<(Self, Settings), Mistake> {
        // The stamp first: what is written after it will be seen to be new.
        let seen = stamp(&home.config());
        let settings = Settings::read(&home, &config)?;
        let source = Self { home, config, seen };
        Ok((source, settings))
    }

    /// Reads the settings again if the file has changed since it was last read.
    pub(crate) fn read_if_changed(&mut self) -> Option<Result<Settings, Mistake>> {
        let now = stamp(&self.home.config());
        if now == self.seen {
            return None;
        }
        self.seen = now;
        Some(Settings::read(&self.home, &self.config))
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some(Stamp {
        modified: file.modified().ok()?,
        length: file.len(),
        number: file.ino(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_is_written_replaced_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let config = Config::new("/nonexistent/kanban".into());
        let (mut source, _) = Source::open(home.clone(), config).unwrap();
        let mut cap = || {
            let read = source.read_if_changed()?;
            Some(
                read.map(|settings| settings.cap.limit)
                    .map_err(|mistake| mistake.line),
            )
        };
        assert_eq!(cap(), None);
        fs::write(home.config(), "[dispatcher]\ncap = 41").unwrap();
        assert_eq!(cap(), Some(Ok(41)));
        assert_eq!(cap(), None);
        let other = folder.path().join("other");
        fs::write(&other, "[dispatcher]\ncap = 42").unwrap();
        fs::rename(other, home.config()).unwrap();
        assert_eq!(cap(), Some(Ok(42)));
        fs::write(home.config(), "[dispatcher]\ncap = x").unwrap();
        assert_eq!(cap(), Some(Err(Some(2))));
        fs::remove_file(home.config()).unwrap();
        assert!(matches!(cap(), Some(Ok(_))));
    }
}
