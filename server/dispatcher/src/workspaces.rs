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
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use domain::id::TaskId;
use domain::task::{Task, WorkspaceKind};
use domain::workspace::Workspace;

use crate::home::Home;
use crate::lanes::Lane;

pub use repositories::Repositories;
pub(crate) use repository::{Repository, Trust, common_folder, plain_tip, repository_problem};
#[cfg(test)]
pub(crate) use worktree::tests as worktree_fixture;
pub(crate) use worktree::{Made, Worktree, branch_of, forget};

/// A failure to make or find a workspace.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The task says that it has a folder, but not which.
    #[error("a task with a workspace of kind dir needs a path")]
    NoPath,
    /// The path would mean another folder for each program that reads it.
    #[error("the path {0} is not absolute")]
    NotAbsolute(PathBuf),
    /// No repository is named for the worktree.
    #[error(
        "nothing says which repository the worktree is to be of; name it as the task's workspace \
         path, or as `repository` of its lane"
    )]
    NoRepository,
    /// Git does what the settings and files of a repository say, so it is run for known ones only.
    #[error(
        "the repository {} is not one of those that kanban.toml names; add it to `repositories` of \
         [board] there, then unblock the task",
        .0.display()
    )]
    NotListed(PathBuf),
    /// A worktree is not made anywhere.
    #[error(
        "{} is no place for a worktree; name the repository {} itself, or a folder in its .worktrees",
        .place.display(), .repository.display()
    )]
    NoPlace {
        /// The folder that the task names.
        place: PathBuf,
        /// The repository that the worktree would be of.
        repository: PathBuf,
    },
    /// There is nothing that a branch could begin at.
    #[error("the repository {} has no commit yet; make the first one, then unblock the task", .0.display())]
    NoCommit(PathBuf),
    /// Somebody has put something else there, or the repository has forgotten it.
    #[error("{} is not the worktree that was made there", .0.display())]
    NotListedByGit(PathBuf),
    /// The home folder was copied, and git does not know of the copy.
    #[error(
        "{} is a copy of the worktree {}, which git takes it for; take out what you need and \
         remove it, then unblock the task",
        .place.display(), .original.display()
    )]
    CopyOfWorktree {
        /// The copy.
        place: PathBuf,
        /// The worktree.
        original: PathBuf,
    },
    /// Another home works on the branch, or somebody has it open.
    #[error(
        "the branch {branch} is checked out in {}; remove that with `git worktree remove`, then \
         unblock the task",
        .at.display()
    )]
    CheckedOut {
        /// The branch of the task.
        branch: String,
        /// The other worktree.
        at: PathBuf,
    },
    /// The board does not know that it has made it.
    #[error(
        "the branch {branch} of {} is there already, and the board knows of no work of this task on \
         it; rename it with `git branch -m`, or delete it, then unblock the task",
        .repository.display()
    )]
    StaleBranch {
        /// The branch of the task.
        branch: String,
        /// Its repository.
        repository: PathBuf,
    },
    /// Somebody deleted it, and its worktree.
    #[error("the branch {0} is gone, and so is its worktree")]
    BranchGone(String),
    /// Nothing is left of a parent's work.
    #[error(
        "the branch {branch} of its parent {parent} is gone, and so is the commit at which it was; \
         bring it back or unlink the parent, then unblock the task"
    )]
    ParentGone {
        /// The branch.
        branch: String,
        /// The parent.
        parent: TaskId,
    },
    /// Two parents have changed the same lines.
    #[error(
        "{ours} and {theirs} cannot be merged, both change {}; merge {ours} into {theirs} by hand, \
         then unblock the task",
        .files.join(", ")
    )]
    Conflict {
        /// The branch of a parent.
        ours: String,
        /// The branch of another.
        theirs: String,
        /// The first of the files that both change.
        files: Vec<String>,
    },
    /// The branch that work is to land on is not there.
    #[error("{} has no branch {branch}; make it, or land on another", .repository.display())]
    NoTarget {
        /// The branch.
        branch: String,
        /// The repository.
        repository: PathBuf,
    },
    /// Somebody works on the branch that work is to land on.
    #[error(
        "{branch} is checked out in {}, which has changes that are not committed; commit them, or put \
         them aside",
        .at.display()
    )]
    DirtyTarget {
        /// The branch.
        branch: String,
        /// The worktree.
        at: PathBuf,
    },
    /// A branch that is another name of one would move that.
    #[error("{0} is a symbolic reference, so it names another branch; name that one")]
    SymbolicBranch(String),
    /// Somebody rebases, merges or picks there, and git itself leaves such a branch alone.
    #[error("{branch} is in the middle of a rebase or a merge in {}; end that first", .at.display())]
    BusyTarget {
        /// The branch.
        branch: String,
        /// The worktree.
        at: PathBuf,
    },
    /// Git would write over it, or delete it.
    #[error("{} is in the way and git does not know it; move it away", .0.display())]
    InTheWay(PathBuf),
    /// Git would write another content than the one in the repository.
    #[error(
        "{} goes through the filter {filter}, a program that git runs only where kanban.toml calls the \
         repository trusted",
        .path.display()
    )]
    Filtered {
        /// The first such file.
        path: PathBuf,
        /// The filter.
        filter: String,
    },
    /// A rebase leaves out what somebody did in the commit of a merge.
    #[error("{0} holds merges whose own changes a rebase would lose; land it by a merge")]
    HoldsMerges(String),
    /// Something in it would be lost.
    #[error("{} stays: {reason}", .place.display())]
    Kept {
        /// The worktree.
        place: PathBuf,
        /// The reason, in a sentence.
        reason: String,
    },
    /// The named folder is no repository.
    #[error("{0} is no git repository")]
    NotARepository(PathBuf),
    /// Something else is where the worktree is to be.
    #[error("{0} is there already and is no git worktree")]
    Occupied(PathBuf),
    /// The operating system does not give it.
    #[error("cannot make {path}: {cause}")]
    CannotMake {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The operating system does not give a folder where the lane has its own.
    #[error("cannot make {path}, in the workspace_root of its lane: {cause}")]
    Root {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The operating system lets no worker begin there.
    #[error("cannot work in {path}: {cause}")]
    CannotEnter {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The operating system does not give a folder of our own.
    #[error("cannot make {path}: {cause}")]
    Home {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// It was there, and is not any more. To make it anew would pass an empty folder off as the one
    /// that was worked in.
    #[error(
        "the folder {0} is gone; put it back, make it again, or give the task another, then unblock \
         the task"
    )]
    Gone(PathBuf),
    /// Somebody removes workspaces, and goes on for long.
    #[error("old workspaces are being removed: {by} holds {}", .lock.display())]
    Held {
        /// The file.
        lock: PathBuf,
        /// The holders of the lock, in words.
        by: String,
    },
    /// Git would wait for it, most likely for ever.
    #[error("{} is a pipe or a device, which git would wait for; remove it", .0.display())]
    WaitedFor(PathBuf),
    /// git does not do it.
    #[error("git: {0}")]
    Git(String),
}

impl Error {
    /// Returns true when it lasts until a person has changed the task, `kanban.toml` or the
    /// repository.
    pub(crate) fn needs_a_person(&self) -> bool {
        match self {
            Self::CannotMake { .. }
            | Self::Root { .. }
            | Self::Home { .. }
            | Self::Held { .. }
            | Self::Git(_) => false,
            Self::NoPath
            | Self::NotAbsolute(_)
            | Self::NoRepository
            | Self::NotListed(_)
            | Self::NoPlace { .. }
            | Self::CannotEnter { .. }
            | Self::NoCommit(_)
            | Self::NotListedByGit(_)
            | Self::CopyOfWorktree { .. }
            | Self::CheckedOut { .. }
            | Self::StaleBranch { .. }
            | Self::ParentGone { .. }
            | Self::BranchGone(_)
            | Self::Conflict { .. }
            | Self::NoTarget { .. }
            | Self::DirtyTarget { .. }
            | Self::SymbolicBranch(_)
            | Self::BusyTarget { .. }
            | Self::InTheWay(_)
            | Self::Filtered { .. }
            | Self::HoldsMerges(_)
            | Self::Kept { .. }
            | Self::NotARepository(_)
            | Self::Occupied(_)
            | Self::WaitedFor(_)
            | Self::Gone(_) => true,
        }
    }
}

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
