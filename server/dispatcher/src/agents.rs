//! The agent programs that the board knows, and those of them that this machine has.
//!
//! What a program is, and the lane that it gets, stands in `agents.toml`. Looking asks nobody on the
//! network: a program says its version, and whether somebody is logged in is told by the files and
//! variables that it uses.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use domain::text::one_line;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::lanes::ends::EndPattern;
use crate::lanes::program;

/// The time limit of `--version`: the slowest of the programs starts Node first.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// The most that is read of a version, in bytes, and the longest one that is shown, in characters.
const VERSION_BYTES: u64 = 4 * 1024;
const VERSION_CHARS: usize = 60;

/// The least that a file of credentials holds, in bytes: an empty JSON object is none.
const LEAST_CREDENTIALS: u64 = 3;

/// An agent program that the board knows.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The name of its program, and of its lane.
    pub name: String,
    /// The name that its makers give it.
    pub title: String,
    /// The command that installs it.
    pub install: String,
    /// The way to log in.
    pub log_in: String,
    /// The lane that is shipped for it, as TOML with comments.
    pub lane: Option<String>,
    /// The meaning of its ends, by what it says.
    #[serde(default)]
    pub(crate) ends: Vec<EndPattern>,
    /// The variables of which one is enough to be logged in.
    env: Vec<String>,
    credentials: Credentials,
}

/// The files that a program keeps who is logged in.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// The variable that names their folder.
    variable: Option<String>,
    /// Their folder without it, in the user's home folder.
    folder: String,
    /// Their names, of which one is enough.
    files: Vec<String>,
}

/// An agent program of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The program.
    pub agent: &'static Agent,
    /// The file.
    pub program: PathBuf,
    /// Its version; `None` where it did not say one in time.
    pub version: Option<String>,
    /// True when the files or variables that it uses are there.
    pub is_logged_in: bool,
}

/// The agents that the board knows.
pub fn known() -> &'static [Agent] {
    &KNOWN
}

/// The agent of this name.
pub fn named(name: &str) -> Option<&'static Agent> {
    known().iter().find(|agent| agent.name == name)
}

#[derive(Deserialize)]
struct File {
    agents: Vec<Agent>,
}

#[expect(clippy::expect_used, reason = "the file is ours, and a test reads it")]
static KNOWN: LazyLock<Vec<Agent>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("agents.toml")).expect("agents.toml makes sense");
    file.agents
});

/// Looks for the agents on our PATH. It blocks, for as long as a version may take at most, and must
/// not be called from within a runtime.
pub fn look() -> Vec<Found> {
    look_in(&std::env::var_os("PATH").unwrap_or_default(), &|name| {
        std::env::var_os(name)
    })
}

fn look_in(path: &OsStr, variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<Found> {
    let find = |agent: &'static Agent| {
        Some(Found {
            agent,
            program: program::find(&agent.name, path)?,
            version: None,
            is_logged_in: agent.is_logged_in(variable),
        })
    };
    let mut found: Vec<Found> = known().iter().filter_map(find).collect();
    if found.is_empty() {
        return found;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(ask_versions(&mut found)),
        Err(error) => tracing::warn!(%error, "no program was asked for its version"),
    }
    found
}

async fn ask_versions(found: &mut [Found]) {
    let mut asked = JoinSet::new();
    for (at, Found { program, .. }) in found.iter().enumerate() {
        let program = program.clone();
        asked.spawn(async move { (at, version(&program).await) });
    }
    while let Some(answer) = asked.join_next().await {
        if let Ok((at, version)) = answer
            && let Some(found) = found.get_mut(at)
        {
            found.version = version;
        }
    }
}

/// The version that a program says within the limit. Whatever it started is ended.
async fn version(program: &Path) -> Option<String> {
    let mut child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut said = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = stdout.take(VERSION_BYTES);
        timeout(VERSION_LIMIT, stdout.read_to_end(&mut said))
            .await
            .ok();
    }
    // Nobody has waited for it yet, so its number is still its own.
    let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    if let Some(group) = group {
        kill_process_group(group, Signal::KILL).ok();
    }
    // It may have left its group.
    child.start_kill().ok();
    timeout(VERSION_LIMIT, child.wait()).await.ok();
    version_in(&String::from_utf8_lossy(&said))
}

/// The version in what a program says of itself: the word that begins with a number.
fn version_in(said: &str) -> Option<String> {
    let line = said.lines().find(|line| !line.trim().is_empty())?;
    let line = one_line(line.trim());
    let of_number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    let word = line
        .split([' ', '/', ','])
        .map(|word| word.trim_start_matches('v'))
        .find(of_number)
        .unwrap_or(&line);
    Some(word.chars().take(VERSION_CHARS).collect())
}

impl Agent {
    /// Returns true when its files or variables say that somebody is logged in.
    fn is_logged_in(&self, variable: &dyn Fn(&str) -> Option<OsString>) -> bool {
        let is_set = |name: &String| variable(name).is_some_and(|value| !value.is_empty());
        self.env.iter().any(is_set) || self.credentials.are_there(variable)
    }
}

impl Credentials {
    fn are_there(&self, variable: &dyn Fn(&str) -> Option<OsString>) -> bool {
        let named = self.variable.as_deref().and_then(variable);
        let folder = named.filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let in_home = || Some(PathBuf::from(variable("HOME")?).join(&self.folder));
        let Some(folder) = folder.or_else(in_home) else {
            return false;
        };
        let is_there = |file: &String| {
            let file = fs::metadata(folder.join(file));
            file.is_ok_and(|file| file.is_file() && file.len() >= LEAST_CREDENTIALS)
        };
        self.files.iter().any(is_there)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::lanes::fixture::write_program;

    fn program(folder: &Path, name: &str, script: &str) {
        write_program(&folder.join(name), &format!("#!/bin/sh\n{script}\n"));
    }

    #[test]
    fn what_is_found_says_its_version_and_whether_somebody_is_logged_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        program(path, "claude", "echo '2.1.197 (Claude Code)'");
        program(path, "codex", "echo codex-cli 0.171.0");
        program(path, "gemini", "exit 1");
        fs::create_dir_all(path.join("of-codex")).unwrap();
        fs::write(path.join("of-codex/auth.json"), "{}").unwrap();
        let variable = |name: &str| match name {
            "HOME" => Some(path.into()),
            "CODEX_HOME" => Some(path.join("of-codex").into()),
            "GEMINI_API_KEY" => Some("key".into()),
            _ => None,
        };
        let found = || {
            let found = look_in(path.as_os_str(), &variable).into_iter();
            let short = found.map(|it| (it.agent.name.as_str(), it.version, it.is_logged_in));
            short.collect::<Vec<_>>()
        };
        let version = |text: &str| Some(text.to_owned());
        assert_eq!(
            found(),
            [
                ("claude", version("2.1.197"), false),
                ("codex", version("0.171.0"), false),
                ("gemini", None, true),
            ]
        );
        fs::write(path.join("of-codex/auth.json"), "{\"tokens\": 1}").unwrap();
        fs::create_dir(path.join(".claude")).unwrap();
        fs::write(path.join(".claude/.credentials.json"), "{\"a\": 1}").unwrap();
        assert!(found().iter().all(|(_, _, is_logged_in)| *is_logged_in));
    }

    #[test]
    fn a_program_that_does_not_say_its_version_is_not_waited_for_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo $$ > \"$0.pid\"; sleep 1000 & sleep 1000";
        program(folder.path(), "claude", script);
        let started = Instant::now();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let found = look_in(OsStr::new(&path), &|_| None);
        let claude = found.iter().find(|it| it.agent.name == "claude").unwrap();
        assert_eq!(claude.version, None);
        assert!(started.elapsed() < 3 * VERSION_LIMIT);
        let pid = fs::read_to_string(folder.path().join("claude.pid")).unwrap();
        assert!(!Path::new("/proc").join(pid.trim()).exists());
    }

    #[test]
    fn a_version_is_short_and_clean_whatever_a_program_says() {
        assert_eq!(version_in("\n\n v1.2 \n").as_deref(), Some("1.2"));
        assert_eq!(version_in("aider 0.86.1").as_deref(), Some("0.86.1"));
        assert_eq!(version_in("\u{1b}[31mnone\n").as_deref(), Some("none"));
        assert_eq!(version_in(" \n"), None);
        let long = "9".repeat(1_000);
        assert_eq!(version_in(&long).map(|it| it.len()), Some(VERSION_CHARS));
    }
}
