//! `kanban.toml`, and whatever else the settings depend on, while the dispatcher works.

use super::config_file::ConfigFile;
use super::document::{Document, Mistake};
use super::settings::Circumstances;
use super::{Config, Settings};
use crate::home::Home;

/// The inputs of the settings. Everything here blocks.
#[derive(Debug)]
pub(crate) struct Source {
    home: Home,
    now: Circumstances,
    file: ConfigFile,
    /// The error in the file as it is now.
    mistake: Option<Mistake>,
}

/// The settings read from the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The new settings: of a file that makes no sense, those of the last one that did.
    pub(crate) settings: Option<Settings>,
    /// The error in the file.
    pub(crate) mistake: Option<Mistake>,
}

impl Source {
    /// Reads the settings for the first time.
    pub(crate) fn open(home: Home, config: Config) -> Result<(Self, Settings), Mistake> {
        let (file, document) = ConfigFile::open(&home);
        let mut source = Self {
            now: Circumstances::now(&home, config),
            home,
            file,
            mistake: None,
        };
        let settings = source.accept(document)?;
        Ok((source, settings))
    }

    /// Reads the settings again if anything has changed since they were last read. It may not be the
    /// file: a server that others can reach turns the shell off whatever the file says.
    pub(crate) fn read_if_changed(&mut self) -> Option<Reading> {
        let is_reachable = self.now.config.servers.now(&self.home).is_reachable;
        let has_moved = is_reachable != self.now.is_reachable;
        self.now.is_reachable = is_reachable;
        let document = self.file.read_if_changed();
        if document.is_none() && !has_moved {
            return None;
        }
        if let Some(document) = document {
            self.mistake = self.accept(document).err();
        }
        Some(Reading {
            settings: Settings::of(self.file.good(), &self.now).ok(),
            mistake: self.mistake.clone(),
        })
    }

    /// Makes settings of a document, which from now on is the last good one.
    fn accept(&mut self, document: Document) -> Result<Settings, Mistake> {
        let settings = Settings::of(&document, &self.now)?;
        self.file.keep(document);
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::cap::Machine;
    use super::*;
    use crate::config::{FindServers, Servers};

    fn twice(source: &mut Source) -> Option<Reading> {
        source
            .read_if_changed()
            .or_else(|| source.read_if_changed())
    }

    #[test]
    fn a_changed_file_that_makes_no_sense_leaves_the_last_good_settings() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let config = Config::new("/nonexistent/kanban".into());
        let (mut source, _) = Source::open(home.clone(), config).unwrap();
        let mut cap = || {
            let Reading { settings, mistake } = twice(&mut source)?;
            Some((settings?.cap.limit, mistake.map(|mistake| mistake.line)))
        };
        assert_eq!(cap(), None);
        fs::write(home.config(), "[dispatcher]\ncap = 41").unwrap();
        assert_eq!(cap(), Some((41, None)));
        fs::write(home.config(), "[dispatcher]\ncap = x").unwrap();
        assert_eq!(cap(), Some((41, Some(Some(2)))));
        fs::remove_file(home.config()).unwrap();
        assert_eq!(cap(), Some((41, Some(None))));
        fs::write(home.config(), "[dispatcher]\ncap = 43").unwrap();
        assert_eq!(cap(), Some((43, None)));
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
            let Reading { settings, mistake } = twice(&mut source)?;
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
        source.now.machine = Machine::of(4_093, None);
        fs::write(home.config(), "[lanes.shell]\ncap = 1").unwrap();
        let settings = twice(&mut source).unwrap().settings.unwrap();
        assert_eq!(settings.cap(), (4_093, "4093 processors"));
    }
}
