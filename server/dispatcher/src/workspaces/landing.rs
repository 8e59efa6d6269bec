//! The branch that work is to land on, and how commits get there: merged or rewritten aside, and put
//! into the branch at the end by one step that fails where somebody else was faster.

use std::fs;
use std::path::Path;

use domain::landing::Method;

use super::Error;
use super::beginning::{Ask, IDENTITY, NAMED_FILES};
use super::git::Limit;
use super::repository::{Listed, Repository};
use super::tracked::head;

/// The longest list of files in conflict that is read, in bytes.
const CONFLICTS: u64 = 64 * 1024;

/// A branch that work is to land on, at the commit at which it was found.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    repository: &'a Repository,
    pub(crate) branch: String,
    pub(crate) commit: String,
}

/// The work of a task: its branch, and the commit of that.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) branch: String,
    pub(crate) commit: String,
}

/// The result of bringing work and target together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// The commit that holds both.
    Commit(String),
    /// The first of the files that both have changed.
    Conflict(Vec<String>),
}

/// The result of moving a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advanced {
    /// It holds the work.
    Done,
    /// Somebody has moved it meanwhile.
    Moved,
}

impl<'a> Target<'a> {
    /// Finds a branch.
    pub(crate) async fn find(
        repository: &'a Repository,
        path: &Path,
        branch: &str,
    ) -> Result<Self, Error> {
        let commit = Ask::of(repository).branch(branch).await?;
        let commit = commit.ok_or_else(|| Error::NoTarget {
            branch: branch.to_owned(),
            repository: path.to_owned(),
        })?;
        Ok(Self {
            repository,
            branch: branch.to_owned(),
            commit,
        })
    }

    /// Finds the files of the branch, where it is checked out. It blocks for moments.
    ///
    /// # Errors
    /// Fails where they have changes. Files that git does not know are none: it takes care itself not to
    /// write over them.
    pub(crate) async fn clean_checkout(&self) -> Result<Option<Listed<'a>>, Error> {
        let Some(checkout) = self.repository.checkout_of(&self.branch)? else {
            return Ok(None);
        };
        let status = [
            "status",
            "--porcelain",
            "--untracked-files=no",
            "--ignore-submodules=dirty",
        ];
        if checkout.git(&status).await?.is_empty() {
            return Ok(Some(checkout));
        }
        Err(Error::DirtyTarget {
            branch: self.branch.clone(),
            at: checkout.place().to_owned(),
        })
    }

    /// Merges work into the target's commit. Only objects are written.
    pub(crate) async fn merged(&self, work: &Work) -> Result<Joined, Error> {
        let ours = (self.branch.clone(), self.commit.clone());
        let theirs = (work.branch.clone(), work.commit.clone());
        let merged = Ask::of(self.repository).merge(&ours, &theirs, &self.branch);
        match merged.await {
            Ok(commit) => Ok(Joined::Commit(commit)),
            Err(Error::Conflict { files, .. }) => Ok(Joined::Conflict(files)),
            Err(error) => Err(error),
        }
    }

    /// Moves the target to a commit that holds it, and its files with it where it is checked out.
    ///
    /// # Errors
    /// Fails where its files have changes, or git would write over others.
    pub(crate) async fn advance(&self, result: &str) -> Result<Advanced, Error> {
        let has_moved = async || {
            let now = Ask::of(self.repository).branch(&self.branch).await?;
            Ok::<_, Error>(now.as_deref() != Some(&*self.commit))
        };
        let checkout = self.clean_checkout().await?;
        if has_moved().await? {
            return Ok(Advanced::Moved);
        }
        let moved = if let Some(files) = checkout {
            // Files first and the branch after them, so that nobody's files are ever behind their branch.
            let merge = ["merge", "--ff-only", "--no-autostash", "--quiet", result];
            let answer = files.ask(Limit::Checkout, CONFLICTS, &merge).await?;
            answer.succeeded().map(drop)
        } else {
            let name = format!("refs/heads/{}", self.branch);
            let update = ["update-ref", &name, result, &self.commit];
            let update = self.repository.git(None, Limit::Look, &update);
            update.await.map(drop)
        };
        match moved {
            Ok(()) => Ok(Advanced::Done),
            Err(_) if has_moved().await? => Ok(Advanced::Moved),
            Err(error) => Err(error),
        }
    }
}

/// Brings work and target together by a method. A rebase is made in the worktree at `place`, which is
/// added for that and stays.
pub(crate) async fn join(
    target: &Target<'_>,
    work: &Work,
    method: Method,
    place: &Path,
) -> Result<Joined, Error> {
    match method {
        Method::Merge => target.merged(work).await,
        Method::Rebase => {
            let aside = Aside::add(target.repository, place, &work.commit).await?;
            aside.rebased(target).await
        }
    }
}

/// A worktree beside those of the tasks, with no branch, for a moment.
#[derive(Debug)]
pub(crate) struct Aside<'a>(Listed<'a>);

impl<'a> Aside<'a> {
    /// Adds it at `place`, in the place of whatever an earlier landing has left there.
    pub(crate) async fn add(
        repository: &'a Repository,
        place: &Path,
        commit: &str,
    ) -> Result<Self, Error> {
        remove(repository, place).await?;
        repository.make_list()?;
        let path = place.display().to_string();
        let lock = ["worktree", "add", "--lock", "--reason=initializing"];
        let add = [&lock[..], &["--detach", &path, commit]].concat();
        repository.git(None, Limit::Checkout, &add).await?;
        let listed = repository.listed(place);
        let listed = listed.ok_or_else(|| Error::NotListedByGit(place.to_owned()))?;
        listed.hand_over().map_err(|cause| Error::CannotMake {
            path: place.to_owned(),
            cause,
        })?;
        Ok(Self(listed))
    }

    /// Rewrites what is checked out on top of a target.
    async fn rebased(&self, target: &Target<'_>) -> Result<Joined, Error> {
        let rebase = [
            "rebase",
            "--quiet",
            "--no-autostash",
            "--no-gpg-sign",
            "--no-rebase-merges",
            "--no-update-refs",
            "--empty=drop",
            &target.commit,
        ];
        let rebase = [&IDENTITY[..], &rebase].concat();
        let answer = self.0.ask(Limit::Checkout, CONFLICTS, &rebase).await?;
        if !answer.says_no() {
            answer.succeeded()?;
            return head(&self.0).await.map(Joined::Commit);
        }
        let unmerged = ["diff", "--name-only", "--diff-filter=U", "-z"];
        let unmerged = self.0.ask(Limit::Scan, CONFLICTS, &unmerged).await?;
        let files = unmerged.succeeded()?.text;
        let files = files.split('\0').filter(|file| !file.is_empty());
        let files: Vec<String> = files.take(NAMED_FILES).map(ToOwned::to_owned).collect();
        if files.is_empty() {
            return Err(answer
                .succeeded()
                .err()
                .unwrap_or(Error::Git("rebase: it failed and says nothing".to_owned())));
        }
        Ok(Joined::Conflict(files))
    }
}

/// Removes a worktree that a landing has made, if it is there.
pub(crate) async fn remove(repository: &Repository, place: &Path) -> Result<(), Error> {
    let path = place.display().to_string();
    let remove = ["worktree", "remove", "--force", "--force", &path];
    let removed = repository.git(None, Limit::Checkout, &remove).await;
    if place.symlink_metadata().is_ok() {
        // Git does not know it, or something in it was in its way.
        fs::remove_dir_all(place).map_err(|cause| Error::CannotMake {
            path: place.to_owned(),
            cause,
        })?;
        if removed.is_err() {
            repository.git(None, Limit::Look, &remove).await.ok();
        }
    }
    Ok(())
}

/// Deletes the branch of a task whose work has landed, and its worktree before that; git refuses where
/// that holds anything which is not committed.
pub(crate) async fn delete_branch(
    repository: &Repository,
    work: &Work,
    place: Option<&Path>,
) -> Result<(), Error> {
    if let Some(place) = place {
        let place = place.display().to_string();
        let remove = ["worktree", "remove", &place];
        repository.git(None, Limit::Checkout, &remove).await?;
    }
    if let Some(checkout) = repository.checkout_of(&work.branch)? {
        return Err(Error::CheckedOut {
            branch: work.branch.clone(),
            at: checkout.place().to_owned(),
        });
    }
    let name = format!("refs/heads/{}", work.branch);
    let delete = ["update-ref", "-d", &name, &work.commit];
    repository.git(None, Limit::Look, &delete).await.map(drop)
}
