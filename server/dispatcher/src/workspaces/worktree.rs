//! Git worktrees: each task works on a branch of its own beside the others of its repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use domain::branch::Branch;
use domain::id::{RunToken, TaskId};
use domain::workspace::Workspace;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::beginning::{Beginning, ParentBranch};
use super::files;
use super::git::Limit;
use super::repository::{
    Listed, Repository, Trust, checked_out_at, is_half_made, is_repository, is_worktree, listed_at,
    repository_problem,
};
use super::{Error, OfLane, Repositories};
use crate::home::Home;

/// Below this folder of a repository its worktrees may be, as the original puts them.
const IN_REPOSITORY: &str = ".worktrees";

/// A worktree that has yet to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Worktree {
    /// Of this repository.
    pub(crate) repository: PathBuf,
    /// With this branch.
    pub(crate) branch: String,
    #[serde(default)]
    pub(crate) trust: Trust,
    /// The parents of its task that have worked in the repository, in the order of the links.
    #[serde(default)]
    pub(crate) parents: Vec<ParentBranch>,
    /// The board's record of the branch; `None` where no attempt has had it.
    #[serde(default)]
    pub(crate) known: Option<Branch>,
}

/// The branch that the workers of a task work on.
pub(crate) fn branch_of(task: &TaskId) -> String {
    format!("kanban/{task}")
}

/// The place of a task's worktree, and the worktree to be added there.
///
/// Reads files only: git itself may have to wait for a slow disk or for another git. `made` is the
/// board's record of the task's own place.
pub(super) fn find(
    home: &Home,
    task: &TaskId,
    asked_for: Option<PathBuf>,
    lane: OfLane<'_>,
    repositories: &Repositories,
    made: Option<&Workspace>,
) -> Result<(PathBuf, Option<Worktree>), Error> {
    let own_place = home.workspace(task);
    let of_the_lane = lane.repository.map(Path::to_owned);
    let (place, repository) = match asked_for {
        // The home folder may lie in a repository, of somebody's settings for one; that says nothing
        // about the tasks.
        Some(place) if place.starts_with(home.workspaces()) => (place, of_the_lane),
        Some(repository) if is_repository(&repository) => (own_place, Some(repository)),
        Some(place) => {
            let around = || place.ancestors().skip(1).find(|path| is_repository(path));
            let repository = of_the_lane.or_else(|| around().map(Path::to_owned));
            (place, repository)
        }
        None => (own_place, of_the_lane),
    };
    let noted = || {
        let made = made.filter(|made| Path::new(&made.path) == place)?;
        Some(PathBuf::from(made.repository.as_deref()?))
    };
    let repository = repository.or_else(noted);
    let is_half_made = repository
        .as_deref()
        .is_some_and(|repository| is_half_made(repository, &place));
    if is_worktree(&place) && !is_half_made {
        // One that a person named is theirs, whatever git says of it.
        let is_own = place == home.workspace(task);
        return match listed_at(&place) {
            Some(original) if is_own && is_worktree(&original) => {
                Err(Error::CopyOfWorktree { place, original })
            }
            _ => Ok((place, None)),
        };
    }
    if is_occupied(&place) && !is_half_made {
        return Err(Error::Occupied(place));
    }
    let repository = repository.ok_or(Error::NoRepository)?;
    let trust = repositories.trust(&repository)?;
    if let Some(problem) = repository_problem(&repository) {
        return Err(problem);
    }
    if !may_hold_worktrees(&place, home, lane.root, &repository) {
        return Err(Error::NoPlace { place, repository });
    }
    let branch = branch_of(task);
    let elsewhere = checked_out_at(&repository, &branch, &place);
    if let Some(at) = elsewhere.filter(|at| at.exists()) {
        return Err(Error::CheckedOut { branch, at });
    }
    let worktree = Worktree {
        repository,
        branch,
        trust,
        parents: Vec::new(),
        known: None,
    };
    Ok((place, Some(worktree)))
}

/// Returns true when a worktree may be made at `place`, which a task has named: elsewhere files
/// that its worker wrote could be programs that somebody runs.
fn may_hold_worktrees(place: &Path, home: &Home, root: Option<&Path>, repository: &Path) -> bool {
    let spelled_out = |path: &Path| {
        let there = path.ancestors().find_map(|above| {
            let rest = path.strip_prefix(above).ok()?;
            Some(above.canonicalize().ok()?.join(rest))
        });
        there.unwrap_or_else(|| path.to_owned())
    };
    let is_plain = place.components().all(|part| part.as_os_str() != "..");
    let parent = place.parent().map(spelled_out).unwrap_or_default();
    let in_repository = repository.join(IN_REPOSITORY);
    [
        Some(home.workspaces()),
        root.map(Path::to_owned),
        Some(in_repository),
    ]
    .into_iter()
    .flatten()
    .any(|folder| is_plain && parent.starts_with(spelled_out(&folder)))
}

impl Beginning {
    /// Adds the worktree at `place`, for the run with this token.
    ///
    /// # Errors
    /// Fails with git's complaint.
    pub(crate) async fn add(&self, place: &Path, run: &RunToken) -> Result<(), Error> {
        let repository = &self.repository;
        repository.make_list()?;
        let git = async |arguments: &[&str]| {
            let is_checkout = arguments.first() == Some(&"worktree");
            let limit = if is_checkout {
                Limit::Checkout
            } else {
                Limit::Look
            };
            repository.git(Some(run), limit, arguments).await
        };
        let of_repository = Path::new(&self.branch.repository);
        let (path, branch) = (&*place.display().to_string(), &*self.branch.name);
        if is_half_made(of_repository, place) {
            // Git does not remove one whose folder it had only just made.
            fs::remove_dir(place).ok();
            git(&["worktree", "remove", "--force", "--force", path]).await?;
        }
        // It stays locked, and so half made, until it has been handed over.
        let add = ["worktree", "add", "--lock", "--reason=initializing"];
        if self.is_new {
            let base = self.branch.base.as_deref().unwrap_or("HEAD");
            let begin = ["--no-track", "-b", branch, path, base];
            git(&[&add[..], &begin].concat()).await?;
        } else {
            // A worktree whose folder somebody deleted is still in git's books and would be refused. Of
            // one that is not in them git says so, which is as well.
            git(&["worktree", "remove", path]).await.ok();
            // The same of one in the home that this one was before, or came from.
            let before = checked_out_at(of_repository, branch, place);
            if let Some(before) = before.filter(|before| !before.exists()) {
                let before = before.display().to_string();
                git(&["worktree", "remove", &before]).await.ok();
            }
            git(&[&add[..], &[path, branch]].concat()).await?;
        }
        let listed = repository.listed(place);
        let listed = listed.ok_or_else(|| Error::NotListedByGit(place.to_owned()))?;
        listed.hand_over().map_err(|cause| Error::CannotMake {
            path: place.to_owned(),
            cause,
        })
    }
}

#[cfg(test)]
impl Worktree {
    /// Adds it at `place` and returns the branch as the board would have it on record.
    pub(crate) async fn add(
        &self,
        home: &Home,
        place: &Path,
        run: &RunToken,
    ) -> Result<Branch, Error> {
        let beginning = self.begin(home, run).await?;
        beginning.add(place, run).await?;
        Ok(beginning.branch)
    }
}

/// A worktree that may be removed.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    listed: Listed<'a>,
    place: &'a Path,
}

impl<'a> Made<'a> {
    /// The worktree at `place`, if it is the one that the repository has in its list.
    pub(crate) fn find(repository: &'a Repository, place: &'a Path) -> Result<Self, Error> {
        let listed = repository.listed(place).filter(Listed::is_as_made);
        let listed = listed.ok_or_else(|| Error::NotListedByGit(place.to_owned()))?;
        Ok(Self { listed, place })
    }

    /// The worktree, to be worked in.
    pub(crate) fn into_listed(self) -> Listed<'a> {
        self.listed
    }

    /// Returns the first repository in it that it knows nothing of. To be called before git is asked.
    ///
    /// # Errors
    /// Fails when git would wait for a file in it, or a folder cannot be read.
    pub(crate) async fn nested_repository(&self) -> Result<Option<PathBuf>, Error> {
        let place = self.place.to_owned();
        let looking = spawn_blocking(move || files::nested_repository(&place)).await;
        looking.map_err(|cause| Error::CannotEnter {
            path: self.place.to_owned(),
            cause: cause.into(),
        })?
    }

    /// Returns true when somebody has locked it. It blocks.
    pub(crate) fn is_locked(&self) -> bool {
        self.listed.is_locked()
    }

    /// Returns true when it has changes, or new files, that are not committed. Ignored files do not
    /// count, as for git itself.
    pub(crate) async fn has_changes(&self) -> Result<bool, Error> {
        let status = [
            "status",
            "--porcelain",
            // Said here, because a setting may hide new files.
            "--untracked-files=normal",
            // Git would run in each submodule, by the settings that it finds there.
            "--ignore-submodules=dirty",
        ];
        Ok(!self.listed.git(&status).await?.is_empty())
    }

    /// Returns true when the checked-out commit can be found again once the worktree is gone.
    pub(crate) async fn is_on_a_branch(&self) -> Result<bool, Error> {
        // References such as those of a bisection go with the worktree.
        let kept = ["refs/heads", "refs/remotes", "refs/tags"];
        let branches = [&["for-each-ref", "--contains=HEAD", "--count=1"], &kept[..]].concat();
        if self.listed.git(&branches).await?.is_empty() {
            return Ok(false);
        }
        // The log of its HEAD goes as well: it may have been elsewhere before.
        let log = self.listed.git(&["rev-list", "--walk-reflogs", "HEAD"]);
        let log = log.await?;
        let log: BTreeSet<&str> = log.lines().collect();
        let mut lost = vec!["rev-list", "--max-count=1", "--ignore-missing"];
        lost.extend(log);
        let kept = ["--not", "--branches", "--remotes", "--tags"];
        lost.extend(kept);
        Ok(self.listed.git(&lost).await?.is_empty())
    }

    /// Returns true when git is told to take files for unchanged that are there
    /// (`git update-index --assume-unchanged`, `--skip-worktree`).
    pub(crate) async fn has_hidden_files(&self) -> Result<bool, Error> {
        let entries = self.entries().await?;
        Ok(entries
            .split('\0')
            .any(|entry| match entry.split_once('\t') {
                // A file that a sparse checkout leaves out is not there.
                Some((about, path)) if about.starts_with(['S', 's']) => {
                    self.place.join(path).symlink_metadata().is_ok()
                }
                Some((about, _)) => about.starts_with(|tag: char| tag.is_ascii_lowercase()),
                None => false,
            }))
    }

    /// Returns true when a submodule is checked out in it: nobody has looked at what would be lost
    /// with that.
    pub(crate) async fn has_submodules(&self) -> Result<bool, Error> {
        let submodules = self.submodules().await?;
        Ok(self.listed.keeps_submodules() || submodules.iter().any(|path| is_occupied(path)))
    }

    /// The places of its submodules, checked out or not.
    pub(super) async fn submodules(&self) -> Result<Vec<PathBuf>, Error> {
        let entries = self.entries().await?;
        let of_submodule = |entry: &str| {
            let (about, path) = entry.split_once('\t')?;
            let (_tag, about) = about.split_once(' ')?;
            about.starts_with("160000 ").then(|| self.place.join(path))
        };
        Ok(entries.split('\0').filter_map(of_submodule).collect())
    }

    /// The files in its index, as `tag mode object stage\tpath\0`.
    async fn entries(&self) -> Result<String, Error> {
        self.listed.git(&["ls-files", "--stage", "-v", "-z"]).await
    }
}

/// Takes the worktree at `place`, whose folder is gone, from the list of its repository. Its branch
/// stays.
pub(crate) async fn forget(repository: &Repository, place: &Path) -> Result<(), Error> {
    let place = place.display().to_string();
    let remove = ["worktree", "remove", &place];
    repository.git(None, Limit::Look, &remove).await.map(drop)
}

/// Returns true when something is there that git would not add a worktree over.
pub(super) fn is_occupied(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.symlink_metadata().is_ok(),
    }
}

#[cfg(test)]
mod chains;
#[cfg(test)]
mod copied;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod hostile;

#[cfg(test)]
pub(crate) mod tests;
