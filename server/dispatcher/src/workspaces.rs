//! The folder that a worker runs in.
//!
//! | kind | the task's path | where its workers run |
//! |---|---|---|
//! | `scratch` | none | `kanban/workspaces/<id>` in the home folder, or `<id>` in the lane's own root |
//! | `scratch`, `dir` | a folder | that folder, made if it is not there |
//! | `worktree` | none | a worktree of the lane's repository, at `kanban/workspaces/<id>` |
//! | `worktree` | a repository | a worktree of it, at `kanban/workspaces/<id>` |
//! | `worktree` | a worktree | that worktree, as it is |
//! | `worktree` | a place where nothing is, in `.worktrees` of a repository or in the lane's own root | a worktree there, of the lane's repository or else of the one that the place lies in |
//!
//! A repository has to stand in `kanban.toml` ([`Repositories`]), whoever made the task: git does what a
//! repository's settings and files say.
//!
//! A task keeps the path that it got. In a home that was moved, or where the board came from another,
//! [`own_place`] lets `kanban/workspaces/<id>` be in this home.
//!
//! Nothing is removed here: what a worker leaves behind belongs to its user. What lies at
//! `kanban/workspaces/<id>` is noted on the board as ours, so that [`crate::gc`] may remove it one
//! day; nothing else is ever removed.

pub(crate) mod beginning;
pub(crate) mod diff;
mod error;
mod files;
mod git;
pub(crate) mod landing;
pub(crate) mod lock;
pub(crate) mod new_files;
pub(crate) mod own_place;
mod repositories;
mod repository;
pub(crate) mod tracked;
mod worktree;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use domain::task::{Task, WorkspaceKind};
use domain::workspace::Workspace;

use crate::home::Home;
use crate::lanes::Lane;

pub(crate) use error::Error;
pub use repositories::Repositories;
pub(crate) use repository::{Repository, Trust, common_folder, plain_tip, repository_problem};
#[cfg(test)]
pub(crate) use worktree::tests as worktree_fixture;
pub(crate) use worktree::{Made, Worktree, branch_of, forget};

/// A folder that is ready for a worker, or will be once its worktree is added.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prepared {
    /// The working directory of the worker.
    pub(crate) path: PathBuf,
    /// The worktree that has yet to be added there. A checkout may take long: the supervisor of a
    /// run does that, or else whoever claims the task by hand.
    pub(crate) worktree: Option<Worktree>,
    /// The record of our ownership for the board, where that is news.
    pub(crate) ours: Option<Workspace>,
}

/// The workspace settings of a task's lane.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OfLane<'a> {
    /// The folder of its tasks' scratch workspaces, when not in the home folder.
    pub(crate) root: Option<&'a Path>,
    /// The repository of its worktrees, unless the task names one.
    pub(crate) repository: Option<&'a Path>,
}

impl<'a> From<&'a Lane> for OfLane<'a> {
    fn from(lane: &'a Lane) -> Self {
        Self {
            root: lane.workspace_root.as_deref(),
            repository: lane.repository.as_deref(),
        }
    }
}

/// Finds the workspace of a task, and makes it if it is a folder that is not there. A retry gets the
/// one that the attempt before it had, because the task keeps its path. `made` is what the board has
/// noted of the task's own folder.
pub(crate) fn prepare(
    home: &Home,
    task: &Task,
    lane: OfLane<'_>,
    repositories: &Repositories,
    made: Option<&Workspace>,
) -> Result<Prepared, Error> {
    let _held = lock::to_make(home)?;
    let asked_for = task.workspace_path.as_deref();
    let asked_for = asked_for
        .filter(|path| !path.is_empty())
        .map(absolute)
        .transpose()?;
    let names_folder = asked_for.is_some();
    let own_place = home.workspace(&task.id);
    let (path, worktree) = match task.workspace_kind {
        WorkspaceKind::Scratch => {
            let in_root = || lane.root.map(|root| root.join(task.id.as_str()));
            let path = asked_for.or_else(in_root);
            (path.unwrap_or_else(|| own_place.clone()), None)
        }
        WorkspaceKind::Dir => (asked_for.ok_or(Error::NoPath)?, None),
        WorkspaceKind::Worktree => {
            worktree::find(home, &task.id, asked_for, lane, repositories, made)?
        }
    };
    if task.workspace_kind != WorkspaceKind::Worktree {
        let made = fs::create_dir_all(&path);
        let (is_home, path) = (path.starts_with(home.workspaces()), path.clone());
        let is_of_lane = !names_folder && lane.root.is_some();
        made.map_err(|cause| {
            // `AlreadyExists`: a file is in the way of this one task.
            let is_in_root = is_of_lane && cause.kind() != ErrorKind::AlreadyExists;
            if is_home {
                Error::Home { path, cause }
            } else if is_in_root {
                Error::Root { path, cause }
            } else {
                Error::CannotMake { path, cause }
            }
        })?;
    }
    // A folder of a person's choice may be shared with other tasks; one that is named after the task
    // is its own. A worktree that is there has been noted, and says nothing to be believed.
    let is_worktree = task.workspace_kind == WorkspaceKind::Worktree;
    let is_ours = path == own_place
        && task.workspace_kind != WorkspaceKind::Dir
        && (worktree.is_some() || !is_worktree);
    let ours = is_ours.then(|| Workspace {
        path: path.display().to_string(),
        task: task.id.clone(),
        kind: task.workspace_kind,
        repository: worktree
            .as_ref()
            .map(|worktree| worktree.repository.display().to_string()),
        branch: worktree.as_ref().map(|worktree| worktree.branch.clone()),
    });
    Ok(Prepared {
        path,
        worktree,
        ours,
    })
}

/// The folder that a task names, if it is not there: it is made when a worker starts there for the first
/// time, and not made again. Our own folders are not meant.
pub(crate) fn missing(home: &Home, task: &Task) -> Option<PathBuf> {
    let named = task.workspace_path.as_deref();
    let path = absolute(named.filter(|path| !path.is_empty())?).ok()?;
    let is_missing = task.workspace_kind != WorkspaceKind::Worktree
        && path != home.workspace(&task.id)
        && matches!(path.try_exists(), Ok(false));
    is_missing.then_some(path)
}

/// The folder that a task names.
pub(crate) fn absolute(path: &str) -> Result<PathBuf, Error> {
    let path = expand(path, std::env::home_dir().as_deref());
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(Error::NotAbsolute(path))
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
pub(crate) mod fixture {
    use domain::fixture;
    use domain::status::Status;
    use domain::task::{Task, WorkspaceKind};

    /// A running task with this workspace.
    pub(crate) fn task(workspace_kind: WorkspaceKind, workspace_path: Option<&str>) -> Task {
        Task {
            title: "a task".to_owned(),
            assignee: None,
            status: Status::Running,
            workspace_kind,
            workspace_path: workspace_path.map(str::to_owned),
            ..fixture::task(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::task;
    use super::*;

    fn prepared(home: &Home, task: &Task, lane: OfLane<'_>) -> Result<Prepared, Error> {
        prepare(home, task, lane, &Repositories::default(), None)
    }

    #[test]
    fn a_scratch_task_gets_a_folder_of_its_own_and_keeps_what_is_in_it() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path()).unwrap();
        let task = task(WorkspaceKind::Scratch, None);
        let made = prepared(&home, &task, OfLane::default()).unwrap();
        assert_eq!(made.path, home.workspace(&task.id));
        let ours = made.ours.unwrap();
        assert_eq!(
            (ours.path.as_str(), ours.task),
            (made.path.to_str().unwrap(), task.id.clone())
        );
        fs::write(made.path.join("draft"), "kept").unwrap();
        prepared(&home, &task, OfLane::default()).unwrap();
        assert_eq!(fs::read_to_string(made.path.join("draft")).unwrap(), "kept");
    }

    #[test]
    fn a_folder_that_a_person_named_is_never_noted_as_ours() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path().join("home")).unwrap();
        let theirs = root.path().join("theirs");
        let others = home.workspaces().join("t_00000002");
        for path in [theirs, others] {
            for kind in [WorkspaceKind::Scratch, WorkspaceKind::Dir] {
                let made = prepared(&home, &task(kind, path.to_str()), OfLane::default()).unwrap();
                assert!(path.is_dir());
                assert_eq!((made.path, made.ours), (path.clone(), None));
            }
        }
    }

    #[test]
    fn a_lane_with_a_root_of_its_own_has_its_scratch_folders_there() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path().join("home")).unwrap();
        let lane = OfLane {
            root: Some(root.path()),
            repository: None,
        };
        let task = task(WorkspaceKind::Scratch, None);
        let made = prepared(&home, &task, lane).unwrap();
        assert_eq!(
            (made.path, made.ours),
            (root.path().join("t_00000001"), None)
        );
    }

    #[test]
    fn a_dir_task_without_a_usable_path_says_what_is_missing() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path()).unwrap();
        let says = |path| {
            prepared(&home, &task(WorkspaceKind::Dir, path), OfLane::default())
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
