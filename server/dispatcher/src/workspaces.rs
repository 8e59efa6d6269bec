//! The folder that a worker runs in.
//!
//! Folders are made here and never removed: what a worker leaves behind belongs to its user.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::task::{Task, WorkspaceKind};

use crate::home::Home;

/// Why a workspace cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The task says that it has a folder, but not which.
    #[error("a task with a workspace of kind dir needs a path")]
    NoPath,
    /// The path would mean another folder for each program that reads it.
    #[error("the path {0} is not absolute")]
    NotAbsolute(PathBuf),
    /// We do not make git worktrees yet.
    #[error("a workspace of kind worktree cannot be made yet; use scratch or dir")]
    Worktree,
    /// The operating system does not give it.
    #[error("cannot make {path}: {cause}")]
    CannotMake {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
}

/// Finds the workspace of a task and makes it if it is not there. A retry gets the folder that the
/// attempt before it had, because the task keeps its path.
pub(crate) fn prepare(home: &Home, task: &Task) -> Result<PathBuf, Error> {
    let asked_for = task
        .workspace_path
        .as_deref()
        .filter(|path| !path.is_empty());
    let path = match (task.workspace_kind, asked_for) {
        (WorkspaceKind::Worktree, _) => return Err(Error::Worktree),
        (WorkspaceKind::Dir, None) => return Err(Error::NoPath),
        (WorkspaceKind::Scratch, None) => home.workspace(&task.id),
        (_, Some(path)) => expand(path, std::env::home_dir().as_deref()),
    };
    if !path.is_absolute() {
        return Err(Error::NotAbsolute(path));
    }
    match fs::create_dir_all(&path) {
        Ok(()) => Ok(path),
        Err(cause) => Err(Error::CannotMake { path, cause }),
    }
}

/// Replaces a leading `~` as a shell does.
fn expand(path: &str, user_home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix('~'), user_home) {
        (Some(""), Some(user_home)) => user_home.to_owned(),
        (Some(rest), Some(user_home)) if rest.starts_with('/') => {
            user_home.join(rest.trim_start_matches('/'))
        }
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::TaskId;
    use domain::status::Status;
    use domain::time::Timestamp;

    use super::*;

    fn task(workspace_kind: WorkspaceKind, workspace_path: Option<&str>) -> Task {
        Task {
            id: TaskId::from_bits(1),
            title: "a task".to_owned(),
            body: None,
            assignee: None,
            status: Status::Running,
            priority: 0,
            created_by: None,
            created_at: Timestamp(0),
            started_at: None,
            completed_at: None,
            workspace_kind,
            workspace_path: workspace_path.map(str::to_owned),
            claim_lock: None,
            claim_expires: None,
            tenant: None,
            result: None,
            idempotency_key: None,
            spawn_failures: 0,
            worker_pid: None,
            last_spawn_error: None,
            waiting: false,
            status_since: Timestamp(0),
            not_before: None,
            failure_limit: None,
        }
    }

    #[test]
    fn a_scratch_task_gets_a_folder_of_its_own_and_keeps_what_is_in_it() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path()).unwrap();
        let task = task(WorkspaceKind::Scratch, None);
        let made = prepare(&home, &task).unwrap();
        assert_eq!(made, home.workspace(&task.id));
        fs::write(made.join("draft"), "kept").unwrap();
        prepare(&home, &task).unwrap();
        assert_eq!(fs::read_to_string(made.join("draft")).unwrap(), "kept");
    }

    #[test]
    fn a_dir_task_without_a_usable_path_says_what_is_missing() {
        let home = Home::at("/nonexistent").unwrap();
        let says = |path| {
            prepare(&home, &task(WorkspaceKind::Dir, path))
                .unwrap_err()
                .to_string()
        };
        assert!(says(None).contains("needs a path"));
        assert!(says(Some("")).contains("needs a path"));
        assert!(says(Some("work/here")).contains("work/here is not absolute"));
        assert!(says(Some("/proc/none/here")).contains("cannot make /proc/none/here"));
    }

    #[test]
    fn a_tilde_is_the_home_of_the_user_as_in_a_shell() {
        let user_home = Some(Path::new("/home/ada"));
        assert_eq!(expand("~", user_home), Path::new("/home/ada"));
        assert_eq!(expand("~/work", user_home), Path::new("/home/ada/work"));
        assert_eq!(expand("~bob/work", user_home), Path::new("~bob/work"));
        assert_eq!(expand("/a/~", user_home), Path::new("/a/~"));
    }
}
