//! Noticing that `kanban.toml`, or what it has to fit, was changed while the dispatcher works.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use super::cap::Machine;
use super::settings::{Circumstances, text_of};
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
    /// The last text that parsed.
    good: String,
}

/// The settings read from the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The new settings: of a file that makes no sense, those of the last one that did.
    pub(crate) settings: Option<Settings>,
    /// The error in the file.
    pub(crate) mistake: Option<Mistake>,
}

/// The state of the inputs when they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    file: Option<Stamp>,
    /// True while other machines can reach the server, which may start and end by itself.
    is_reachable: bool,
}

/// The stat(2) fields that change when a file is written or replaced.
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
        let mut source = Self {
            home,
            config,
            machine,
            seen,
            good: String::new(),
        };
        let settings = source.read()?;
        Ok((source, settings))
    }

    /// Reads the settings again if anything has changed since they were last read.
    pub(crate) fn read_if_changed(&mut self) -> Option<Reading> {
        let now = Seen::now(&self.home, &self.config);
        if now == self.seen {
            return None;
        }
        self.seen = now;
        Some(match self.read() {
            Ok(settings) => Reading {
                settings: Some(settings),
                mistake: None,
            },
            // It may not be the file that has changed: a server that others can reach turns the shell
            // off whatever the file says.
            Err(mistake) => Reading {
                settings: self.settings_of(&self.good).ok(),
                mistake: Some(mistake),
            },
        })
    }

    /// Notes the file's stamp first, so that a write in the meantime is seen as new.
    fn read(&mut self) -> Result<Settings, Mistake> {
        let text = text_of(&self.home)?;
        // Some editors take a file away before they write it, and a lane that it has turned off must not
        // come back meanwhile.
        if text.trim().is_empty() && !self.good.trim().is_empty() {
            return Err(Mistake {
                path: self.home.config(),
                line: None,
                message: "is gone or empty; what it said last still counts".to_owned(),
            });
        }
        let settings = self.settings_of(&text)?;
        self.good = text;
        Ok(settings)
    }

    /// The settings of a text under the present circumstances.
    fn settings_of(&self, text: &str) -> Result<Settings, Mistake> {
        let now = Circumstances {
            config: &self.config,
            is_reachable: self.seen.is_reachable,
            machine: self.machine,
        };
        Settings::of_text(text, now, &self.home.config())
    }
}

impl Seen {
    fn now(home: &Home, config: &Config) -> Self {
        Self {
            file: Stamp::of(&home.config()),
            is_reachable: config.servers.now(home).is_reachable,
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
    use crate::config::{FindServers, Servers};

    #[test]
    fn a_file_is_read_again_when_it_is_written_or_replaced_and_counts_when_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let config = Config::new("/nonexistent/kanban".into());
        let (mut source, _) = Source::open(home.clone(), config).unwrap();
        let mut cap = || {
            let Reading { settings, mistake } = source.read_if_changed()?;
            let cap = settings?.cap.limit;
            Some(mistake.map_or(Ok(cap), |mistake| Err(mistake.line)))
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
        assert_eq!(cap(), Some(Err(None)));
    }

    #[test]
    fn a_server_that_others_can_reach_turns_the_shell_off_for_as_long_as_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let find = |home: &Home| {
            let is_there = home.root().join("server").exists();
            Servers {
                url: is_there.then(|| "https://kanban.example".to_owned()),
                is_reachable: is_there,
            }
        };
        let config = Config {
            servers: FindServers::By(find),
            ..Config::new("/nonexistent/kanban".into())
        };
        let (mut source, settings) = Source::open(home, config).unwrap();
        let is_on = |settings: &Settings| settings.lanes().of("shell").unwrap().problem().is_none();
        assert!(is_on(&settings));
        let mut look = || {
            let Reading { settings, mistake } = source.read_if_changed()?;
            Some((is_on(&settings?), mistake.is_some()))
        };
        let server = folder.path().join("server");
        fs::write(&server, "").unwrap();
        assert_eq!(look(), Some((false, false)));
        assert_eq!(look(), None);
        fs::remove_file(&server).unwrap();
        assert_eq!(look(), Some((true, false)));
        // Also while the file makes no sense.
        fs::write(folder.path().join("kanban.toml"), "[dispatcher]\ncap = x").unwrap();
        assert_eq!(look(), Some((true, true)));
        fs::write(&server, "").unwrap();
        assert_eq!(look(), Some((false, true)));
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
        let settings = source.read_if_changed().unwrap().settings.unwrap();
        assert_eq!(settings.cap(), (4_093, "4093 processors"));
    }
}
