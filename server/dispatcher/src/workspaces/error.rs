//! Everything that can keep a task from its workspace, and work from its target.

use std::io;
use std::path::PathBuf;

use domain::id::TaskId;

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
    /// It was listed when its task was worked on.
    #[error(
        "the repository {} is not one of those that kanban.toml names; add it to `repositories` of \
         [board] there, and the work lands",
        .0.display()
    )]
    NotListedAnyMore(PathBuf),
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
    /// A branch that is to be deleted after its work has landed is open somewhere.
    #[error(
        "the branch {branch} is checked out in {}; remove that with `git worktree remove`, then land \
         the task again with --delete-branch",
        .at.display()
    )]
    InUse {
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
        "{} goes through the filter {filter}, a program that git runs only where the repository is \
         trusted; if no worker can write its settings, say `trust_repository = true` of its lane in \
         kanban.toml, or add it to `trusted_repositories` of [board]",
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
        /// The system's error.
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
            | Self::InUse { .. }
            | Self::NotListedAnyMore(_)
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
