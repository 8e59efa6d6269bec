//! Noticing that `kanban.toml`, or what it has to fit, was changed while the dispatcher works.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use super::cap::Machine;
use super::settings::Circumstances;
use super::{Config, Mistake, Settings};
use crate::home::Home;

/// The file, and what was last read from it. Everything here blocks.
#[derive(Debug)]
pub(crate) struct Source {
    home: Home,
    config: Config,
    /// As it was when the dispatcher started: its own workers do not make the cap smaller.
    machine: Machine,
    seen: Seen,
}

/// What the settings were read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    file: Option<Stamp>,
    /// Whether other machines could reach the server, which may start and end by itself.
    is_reachable: bool,
}

/// What changes when a file is written or another is put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: SystemTime,
    length: u64,
    number: u64,
}

impl Source {
    /// Reads the settings for the first time.
    pub(crate) fn open(home: Home, config: Config) -> Result<(Self, Settings), Mistake> {
        let seen = Seen::now(&home, &config);
        let machine = Machine::now();
        let source = Self {
            home,
            config,
            machine,
            seen,
        };
        let settings = source.read()?;
        Ok((source, settings))
    }

    /// Reads the settings again if anything has changed since they were last read.
    pub(crate) fn read_if_changed(&mut self) -> Option<Result<Settings, Mistake>> {
        let now = Seen::now(&self.home, &self.config);
        if now == self.seen {
            return None;
        }
        self.seen = now;
        Some(self.read())
    }

    /// What is seen is noted first: what is written meanwhile will be seen to be new.
    fn read(&self) -> Result<Settings, Mistake> {
        let now = Circumstances {
            config: &self.config,
            is_reachable: self.seen.is_reachable,
            machine: self.machine,
        };
        Settings::read_in(&self.home, now)
    }
}

impl Seen {
    fn now(home: &Home, config: &Config) -> Self {
        Self {
            file: Stamp::of(&home.config()),
            is_reachable: config.server.is_reachable(home),
        }
    }
}

impl Stamp {
    /// That of the file at `path`, if there is one. It blocks.
    pub fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self {
            modified: file.modified().ok()?,
            length: file.len(),
            number: file.ino(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FindServer, Server};

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

    #[test]
    fn a_server_that_others_can_reach_turns_the_shell_off_for_as_long_as_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let find = |home: &Home| {
            home.root().join("server").exists().then(|| Server {
                url: "https://kanban.example".to_owned(),
                is_reachable: true,
            })
        };
        let config = Config {
            server: FindServer::Elsewhere(find),
            ..Config::new("/nonexistent/kanban".into())
        };
        let (mut source, settings) = Source::open(home, config).unwrap();
        let is_on = |settings: &Settings| settings.lanes().of("shell").unwrap().problem().is_none();
        assert!(is_on(&settings));
        fs::write(folder.path().join("server"), "").unwrap();
        assert!(!is_on(&source.read_if_changed().unwrap().unwrap()));
        assert_eq!(source.read_if_changed(), None);
        fs::remove_file(folder.path().join("server")).unwrap();
        assert!(is_on(&source.read_if_changed().unwrap().unwrap()));
    }

    #[test]
    fn the_machine_is_measured_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let config = Config::new("/nonexistent/kanban".into());
        let (mut source, _) = Source::open(home.clone(), config).unwrap();
        // So many processors has no machine that this runs on.
        source.machine = Machine::of(4_093, None);
        fs::write(home.config(), "[lanes.shell]\ncap = 1").unwrap();
        let settings = source.read_if_changed().unwrap().unwrap();
        assert_eq!(settings.cap(), (4_093, "4093 processors"));
    }
}
