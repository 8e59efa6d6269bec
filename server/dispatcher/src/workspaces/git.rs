//! Running git, without a person who could answer it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use domain::id::RunToken;
use tokio::process::Command;
use tokio::time::timeout;

use super::Error;

/// How long git may take, the hooks of the repository included. Less than a lease, which nobody
/// renews meanwhile.
const PATIENCE: Duration = Duration::from_mins(10);

/// What tells git to use another repository than the one of the folder that it runs in, as
/// `git rev-parse --local-env-vars` lists it. A server that was started from a hook has them.
const OF_ANOTHER_REPOSITORY: [&str; 13] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// What git prints when it is run in `folder`.
///
/// # Errors
/// What git complains about, in a line, when it does not exit with 0 or takes too long. Dropping the
/// future ends it.
pub(crate) async fn git(folder: &Path, arguments: &[&str]) -> Result<String, Error> {
    answer(command(folder, arguments)).await
}

/// [`git`] for a run: by its token, what git starts is found and ended with the run should the run's
/// supervisor be killed.
pub(super) async fn git_of_run(
    folder: &Path,
    arguments: &[&str],
    token: &RunToken,
) -> Result<String, Error> {
    let mut command = command(folder, arguments);
    command.env("KANBAN_RUN_TOKEN", token.as_str());
    answer(command).await
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    for name in OF_ANOTHER_REPOSITORY {
        command.env_remove(name);
    }
    command
        .arg("-C")
        .arg(folder)
        .args(arguments)
        // Its complaints are read by programs too, such as this one.
        .env("LC_ALL", "C")
        // It would wait for a password at a terminal that nobody looks at.
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn answer(mut command: Command) -> Result<String, Error> {
    let output = timeout(PATIENCE, command.output())
        .await
        .map_err(|_| Error::Git(format!("no answer for {} minutes", PATIENCE.as_secs() / 60)))?
        .map_err(|cause| Error::Git(format!("cannot start it: {cause}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaints = String::from_utf8_lossy(&output.stderr);
    Err(Error::Git(reason(&complaints)))
}

/// The line that says why; before it git may tell what it was about to do.
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

    #[tokio::test]
    async fn a_folder_without_a_repository_is_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let error = git(folder.path(), &["status"])
            .await
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("git: not a git repository"), "{error}");
    }
}
