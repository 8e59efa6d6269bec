//! Adding a shipped lane to `kanban.toml`. The text of the file stays as its owner wrote it: the lane
//! is appended.

use std::fs::{self, File as OpenFile};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::document::{Document, Mistake};
use super::file::File;
use super::settings::{Circumstances, Settings};
use super::{Config, EXAMPLE};
use crate::agents;
use crate::home::Home;

/// The reason why a lane was not added. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum NotAdded {
    /// No lane of this name is shipped.
    #[error("no lane {name} is shipped, expected one of {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The file has such a lane.
    #[error("{} has a lane {name} already; change it there", .path.display())]
    Exists {
        /// Its name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// The file makes no sense, or would not with the lane.
    #[error("{0}; nothing was added")]
    Mistake(#[from] Mistake),
    /// No worktree can be made of its repository.
    #[error("{0}; nothing was added")]
    Repository(String),
    /// It cannot be written.
    #[error("cannot write {}: {cause}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        cause: io::Error,
    },
}

/// Adds the shipped lane of this name to the end of the file and returns what was added. A file that
/// is not there yet becomes the commented example first. It blocks.
///
/// # Errors
/// Fails when there is no such lane, or the file has it, makes no sense or cannot be written.
pub fn add_lane(
    home: &Home,
    config: &Config,
    name: &str,
    repository: Option<&str>,
) -> Result<String, NotAdded> {
    let lane = agents::named(name).and_then(|agent| agent.lane.as_deref());
    let mut added = lane.ok_or_else(|| unknown(name))?.to_owned();
    if let Some(repository) = repository {
        // Right below the head of the table: what follows may be a table of its own. TOML reads texts of
        // JSON, and refuses those that it does not.
        let head = format!("[lanes.{name}]\n");
        let repository = serde_json::Value::from(repository);
        added = added.replacen(&head, &format!("{head}repository = {repository}\n"), 1);
    }
    let path = home.config();
    // Two at once would each write the file without the lane of the other.
    let alone = OpenFile::open(home.root()).and_then(|folder| folder.lock().map(|()| folder));
    let _alone = alone.map_err(|cause| {
        let path = path.clone();
        NotAdded::File { path, cause }
    })?;
    let document = Document::read(home);
    let now = Circumstances::now(home, config.clone());
    Settings::of(&document, &now)?;
    let root = document.root().and_then(|root| root.read::<File>());
    let file = root.map_err(|wrong| document.mistake(wrong))?;
    if file.lanes.contains_key(name) {
        let name = name.to_owned();
        return Err(NotAdded::Exists { name, path });
    }
    let text = match &document.text {
        Ok(text) if !text.trim().is_empty() => text,
        _ => EXAMPLE,
    };
    let text = format!("{}\n\n{added}", text.trim_end());
    let settings = Settings::of(&Document::new(path.clone(), text.clone()), &now)?;
    if let Some(problem) = settings.repository_problem(name) {
        return Err(NotAdded::Repository(problem));
    }
    replace(&path, &text).map_err(|cause| NotAdded::File { path, cause })?;
    Ok(added)
}

fn unknown(name: &str) -> NotAdded {
    let shipped = agents::known().iter().filter(|agent| agent.lane.is_some());
    let known: Vec<&str> = shipped.map(|agent| agent.name.as_str()).collect();
    NotAdded::Unknown {
        name: name.to_owned(),
        known: known.join(", "),
    }
}

/// Replaces a file as a whole, under its rights; a link to it stays one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut part = path.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut options = OpenFile::options();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| {
        if let Ok(old) = fs::metadata(&path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&part, &path)
    });
    written.inspect_err(|_| drop(fs::remove_file(&part)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::lanes::OutputFormat;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        (folder, home)
    }

    fn config() -> Config {
        Config::new("/nonexistent/kanban".into())
    }

    #[test]
    fn lanes_that_are_added_at_once_are_all_there() {
        let (_folder, home) = home();
        let names = ["claude", "codex", "gemini", "opencode", "goose", "hermes"];
        std::thread::scope(|scope| {
            for name in names {
                let home = &home;
                scope.spawn(move || add_lane(home, &config(), name, None).unwrap());
            }
        });
        let written = fs::read_to_string(home.config()).unwrap();
        let written: toml::Table = toml::from_str(&written).unwrap();
        let lanes = written["lanes"].as_table().unwrap();
        assert!(names.iter().all(|name| lanes.contains_key(*name)));
    }

    #[test]
    fn a_lane_may_be_added_with_its_repository() {
        let (folder, home) = home();
        let shop = folder.path().join("\"shop\"");
        let repository = shop.to_str();
        let refused = add_lane(&home, &config(), "claude", repository).unwrap_err();
        assert!(
            refused.to_string().ends_with("nothing was added"),
            "{refused}"
        );
        assert!(!home.config().exists());
        fs::create_dir_all(shop.join(".git/objects")).unwrap();
        fs::write(shop.join(".git/HEAD"), "").unwrap();
        let added = add_lane(&home, &config(), "claude", repository).unwrap();
        let written = fs::read_to_string(home.config()).unwrap();
        let written: toml::Table = toml::from_str(&written).unwrap();
        assert_eq!(
            written["lanes"]["claude"]["repository"].as_str(),
            repository
        );
        assert!(added.contains("[lanes.claude]\nrepository = "), "{added}");
    }

    #[test]
    fn every_shipped_lane_can_be_added_to_the_example_and_to_the_others() {
        let (_folder, home) = home();
        let shipped = agents::known().iter().filter(|agent| agent.lane.is_some());
        let names: Vec<&str> = shipped.map(|agent| agent.name.as_str()).collect();
        assert!(names.len() >= 6, "{names:?}");
        for name in &names {
            let added = add_lane(&home, &config(), name, None).unwrap();
            assert!(added.contains(&format!("[lanes.{name}]\n")), "{added}");
        }
        let text = fs::read_to_string(home.config()).unwrap();
        assert!(text.starts_with(EXAMPLE.trim_end()));
        let settings = Settings::read(&home, &config()).unwrap();
        for name in names {
            let lane = settings.lanes.named(name).unwrap();
            assert_eq!(lane.command.program(), name);
        }
        let output = |name| settings.lanes.named(name).unwrap().output;
        assert_eq!(output("claude"), OutputFormat::ClaudeStream);
        assert_eq!(output("codex"), OutputFormat::CodexJson);
        assert_eq!(output("gemini"), OutputFormat::GeminiJson);
    }

    #[test]
    fn the_shipped_lane_of_hermes_is_the_one_that_is_built_in() {
        let (_folder, home) = home();
        let built_in = Settings::read(&home, &config()).unwrap().lanes;
        add_lane(&home, &config(), "hermes", None).unwrap();
        assert_eq!(Settings::read(&home, &config()).unwrap().lanes, built_in);
    }

    #[test]
    fn what_stands_in_the_file_stays_and_a_lane_is_never_overwritten() {
        let (folder, home) = home();
        let real = folder.path().join("elsewhere.toml");
        let old = "# mine\n[lanes.claude] # as I like it\ncommand = [\"sh\"]\n\n# the end";
        fs::write(&real, old).unwrap();
        symlink(&real, home.config()).unwrap();
        let refused = add_lane(&home, &config(), "claude", None)
            .unwrap_err()
            .to_string();
        assert!(
            refused.ends_with("has a lane claude already; change it there"),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(&real).unwrap(), old);
        let added = add_lane(&home, &config(), "codex", None).unwrap();
        assert_eq!(
            fs::read_to_string(&real).unwrap(),
            format!("{old}\n\n{added}")
        );
        assert!(home.config().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_makes_no_sense_or_would_not_is_left_alone() {
        let (_folder, home) = home();
        for (text, line) in [
            ("[dispatcher]\ncap = x\n", "line 2"),
            (
                "lanes = { mine = { command = [\"sh\"] } }\n",
                "nothing was added",
            ),
        ] {
            fs::write(home.config(), text).unwrap();
            let refused = add_lane(&home, &config(), "claude", None)
                .unwrap_err()
                .to_string();
            assert!(refused.contains(line), "{refused}");
            assert_eq!(fs::read_to_string(home.config()).unwrap(), text);
        }
        let unknown = add_lane(&home, &config(), "aider", None)
            .unwrap_err()
            .to_string();
        assert_eq!(
            unknown,
            "no lane aider is shipped, expected one of claude, codex, gemini, opencode, goose, hermes"
        );
    }
}
