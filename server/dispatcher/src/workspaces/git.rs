//! Running git so that it executes no program but itself, asks nobody, and ends in time.
//!
//! Its folders are given to it ([`GitDirs`]); it looks for none by itself, so that nothing a worker
//! puts into its workspace is taken for a repository.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use domain::id::RunToken;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use super::Error;
use crate::process::orphan_cleanup;

/// The time limit of a git command.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// It reads a few files of the repository.
    Look,
    /// It looks at every file of a worktree.
    Scan,
    /// It writes every file of a worktree.
    Checkout,
}

impl Limit {
    fn time(self) -> Duration {
        match self {
            Self::Look => Duration::from_secs(10),
            Self::Scan => Duration::from_mins(1),
            // Less than a lease, which nobody renews meanwhile.
            Self::Checkout => Duration::from_mins(10),
        }
    }
}

/// The variables of our own environment that git gets. None holds a secret of the board, and none
/// names a program or another repository.
const ENVIRONMENT: [&str; 7] = [
    "HOME",
    "LOGNAME",
    "PATH",
    "TMPDIR",
    "USER",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
];

/// The longest complaint that is read, in bytes.
const COMPLAINT: u64 = 16 * 1024;

/// Settings that go before every other: no hook of another name, no watcher of files, no pager, no
/// program that signs, and paths as they are.
const SETTINGS: [&str; 6] = [
    "core.fsmonitor=false",
    "core.quotePath=false",
    "commit.gpgSign=false",
    "core.pager=cat",
    "protocol.ext.allow=never",
    "gc.auto=0",
];

/// The folders that git works on.
#[derive(Clone, Copy, Debug)]
pub(super) struct GitDirs<'a> {
    /// Its HEAD and its index are of this folder (`GIT_DIR`).
    pub(super) git_dir: &'a Path,
    /// Its configuration, objects and references are of this one, where that is another
    /// (`GIT_COMMON_DIR`).
    pub(super) common_dir: Option<&'a Path>,
    /// The files are here (`GIT_WORK_TREE`).
    pub(super) work_tree: Option<&'a Path>,
    /// Its index is this file, where that is in neither (`GIT_INDEX_FILE`).
    pub(super) index: Option<&'a Path>,
}

/// The settings that git reads beside those of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settings {
    /// Nobody's.
    None,
    /// Those of the user and of the machine.
    OfTheUser,
}

/// A git command that has ended.
#[derive(Debug)]
pub(super) struct Answer {
    status: Option<ExitStatus>,
    /// Its output.
    pub(super) text: String,
    /// True where it printed more than was asked for; it was ended then.
    pub(super) is_cut: bool,
    complaints: String,
}

impl Answer {
    /// Returns true for the exit code 1, by which some commands answer that something is not so.
    pub(super) fn says_no(&self) -> bool {
        self.status.is_some_and(|status| status.code() == Some(1))
    }

    /// Returns the answer if all of it was read: of one that was cut nobody knows how it ended.
    ///
    /// # Errors
    /// Fails where it printed more than was asked for.
    pub(super) fn whole(self) -> Result<Self, Error> {
        if self.is_cut {
            return Err(Error::Git("it names more files than are read".to_owned()));
        }
        Ok(self)
    }

    /// Returns the answer of a command that succeeded.
    ///
    /// # Errors
    /// Fails with a line of git's complaint.
    pub(super) fn succeeded(self) -> Result<Self, Error> {
        if self.is_cut || self.status.is_some_and(|status| status.success()) {
            return Ok(self);
        }
        Err(Error::Git(reason(&self.complaints)))
    }
}

/// Returns the answer of git, of whose output it reads `most` bytes.
///
/// # Errors
/// Fails when it cannot be started or takes too long. Dropping the future ends it.
pub(super) async fn git(
    place: GitDirs<'_>,
    settings: Settings,
    run: Option<&RunToken>,
    limit: Limit,
    most: u64,
    arguments: &[&OsStr],
) -> Result<Answer, Error> {
    let mut command = command(settings);
    command.env("GIT_DIR", place.git_dir);
    if let Some(common_dir) = place.common_dir {
        command.env("GIT_COMMON_DIR", common_dir);
    }
    if let Some(work_tree) = place.work_tree {
        command.env("GIT_WORK_TREE", work_tree);
    }
    if let Some(index) = place.index {
        command.env("GIT_INDEX_FILE", index);
    }
    if let Some(run) = run {
        // By this it is found and ended with the run should the run's supervisor be killed.
        let (name, value) = orphan_cleanup::mark(run);
        command.env(name, value);
    }
    command.args(arguments);
    answer(command, limit, most).await
}

/// Returns the settings of one file, as `name\nvalue\0`. Git only reads it.
pub(super) async fn settings_of(file: &Path) -> Result<String, Error> {
    let mut command = command(Settings::None);
    command
        .args(["config", "--no-includes", "--null", "--list", "--file"])
        .arg(file);
    let settings = answer(command, Limit::Look, u64::MAX).await?;
    Ok(settings.succeeded()?.text)
}

fn command(settings: Settings) -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if settings == Settings::None {
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            // What is not there is not fetched, by no protocol.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "");
    }
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command
        // Nothing there can be taken for a part of what it is to look at.
        .current_dir("/")
        // Its complaints are read by programs too, such as this one.
        .env("LC_ALL", "C")
        // It would wait for a password at a terminal that nobody looks at.
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "false")
        .env("GIT_EDITOR", "false")
        // Only looking at a worktree writes nothing into it.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn answer(mut command: Command, limit: Limit, most: u64) -> Result<Answer, Error> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let time = limit.time();
    let answer = timeout(time, answer_of(command, most)).await;
    answer
        .map_err(|_| Error::Git(format!("no answer for {} seconds", time.as_secs())))?
        .map_err(|cause| Error::Git(format!("cannot start it: {cause}")))
}

async fn answer_of(mut command: Command, most: u64) -> std::io::Result<Answer> {
    let mut child = command.spawn()?;
    let (output, complaints) = (child.stdout.take(), child.stderr.take());
    let complaints = beginning(complaints, COMPLAINT, true);
    let mut complaining = tokio::spawn(complaints);
    let (text, is_cut) = beginning(output, most, false).await?;
    let status = if is_cut {
        child.kill().await?;
        None
    } else {
        Some(child.wait().await?)
    };
    let complaints = (&mut complaining).await.map_err(std::io::Error::from)??;
    Ok(Answer {
        status,
        text: String::from_utf8_lossy(&text).into_owned(),
        is_cut,
        complaints: String::from_utf8_lossy(&complaints.0).into_owned(),
    })
}

/// Reads the first bytes of a stream. Returns true beside them where there are more, which are read to
/// their end only if `reads_on`.
async fn beginning(
    stream: Option<impl AsyncRead + Unpin>,
    most: u64,
    reads_on: bool,
) -> std::io::Result<(Vec<u8>, bool)> {
    let Some(mut stream) = stream else {
        return Ok((Vec::new(), false));
    };
    let mut text = Vec::new();
    (&mut stream).take(most).read_to_end(&mut text).await?;
    let mut more = [0];
    let is_cut = stream.read(&mut more).await? > 0;
    if is_cut && reads_on {
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    }
    Ok((text, is_cut))
}

/// The line with git's reason; before it git may tell what it was about to do.
fn reason(complaints: &str) -> String {
    let mut lines = complaints.lines().map(str::trim);
    let fatal = lines.clone().find_map(|line| {
        let rest = line.strip_prefix("fatal:");
        rest.or_else(|| line.strip_prefix("error:"))
    });
    let reason = fatal.or_else(|| lines.rfind(|line| !line.is_empty()));
    reason
        .unwrap_or("it failed and says nothing")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_lines_the_one_that_says_why_is_kept() {
        let says = "Preparing worktree (new branch 'kanban/t_1')\nfatal: invalid reference: HEAD\n";
        assert_eq!(reason(says), "invalid reference: HEAD");
        assert_eq!(reason("hook says no\n\n"), "hook says no");
        assert_eq!(reason(""), "it failed and says nothing");
    }

    #[test]
    fn git_gets_no_variable_that_it_does_not_need() {
        let command = command(Settings::None);
        let names: Vec<_> = command
            .as_std()
            .get_envs()
            .filter_map(|(name, _)| name.to_str())
            .filter(|name| !name.starts_with("GIT_") && *name != "LC_ALL")
            .collect();
        assert!(names.contains(&"PATH"));
        assert!(names.iter().all(|name| ENVIRONMENT.contains(name)));
    }
}
