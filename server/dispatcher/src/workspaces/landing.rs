//! The branch that work is to land on, and how commits get there: merged or rewritten aside, and put
//! into the branch at the end by one step that fails where somebody else was faster.

mod in_the_way;

use std::fs;
use std::path::Path;

use domain::landing::Method;

use super::Error;
use super::beginning::{Ask, IDENTITY, NAMED_FILES, PATHS};
use super::git::Limit;
use super::repository::{Listed, Repository};
use super::tracked::head;
use super::worktree::Made;
use crate::gc::reason_to_keep;

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
pub(crate) enum Integration {
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
        let ask = Ask::of(repository);
        let commit = ask.branch(branch).await?;
        let commit = commit.ok_or_else(|| Error::NoTarget {
            branch: branch.to_owned(),
            repository: path.to_owned(),
        })?;
        if ask.is_symbolic(branch).await? {
            return Err(Error::SymbolicBranch(branch.to_owned()));
        }
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
        if let Some(at) = self.repository.busy_with(&self.branch) {
            let branch = self.branch.clone();
            return Err(Error::BusyTarget { branch, at });
        }
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

    /// Finds the files of the branch as [`Self::clean_checkout`] does, where nothing is in the way of those
    /// of a result.
    pub(crate) async fn free_checkout(&self, result: &str) -> Result<Option<Listed<'a>>, Error> {
        let checkout = self.clean_checkout().await?;
        if let Some(checkout) = &checkout {
            let is_trusted = self.repository.is_trusted();
            in_the_way::refuse(checkout, &self.commit, result, is_trusted).await?;
        }
        Ok(checkout)
    }

    /// Refuses work on a branch that is another name of one.
    pub(crate) async fn refuse_symbolic(&self, work: &Work) -> Result<(), Error> {
        if Ask::of(self.repository).is_symbolic(&work.branch).await? {
            return Err(Error::SymbolicBranch(work.branch.clone()));
        }
        Ok(())
    }

    /// Merges work into the target's commit. Only objects are written.
    pub(crate) async fn merged(&self, work: &Work) -> Result<Integration, Error> {
        let ours = (self.branch.clone(), self.commit.clone());
        let theirs = (work.branch.clone(), work.commit.clone());
        let merged = Ask::of(self.repository).merge(&ours, &theirs, &self.branch);
        match merged.await {
            Ok(commit) => Ok(Integration::Commit(commit)),
            Err(Error::Conflict { files, .. }) => Ok(Integration::Conflict(files)),
            Err(error) => Err(error),
        }
    }

    /// Moves the target to a commit that holds it, and its files with it where it is checked out.
    ///
    /// # Errors
    /// Fails where its files have changes, or git would write over others.
    pub(crate) async fn advance(&self, result: &str) -> Result<Advanced, Error> {
        let files = self.free_checkout(result).await?;
        if self.has_moved().await? {
            return Ok(Advanced::Moved);
        }
        // Files first and the branch after them, so that no files are ever behind their branch.
        if let Some(files) = &files {
            turn_files(files, &self.commit, result).await?;
        }
        if let Err(error) = self.update(result).await {
            if let Some(files) = &files {
                turn_files(files, result, &self.commit).await?;
            }
            if self.has_moved().await? {
                return Ok(Advanced::Moved);
            }
            return Err(error);
        }
        // Somebody may have left the branch in the moment before: those are not its files any more.
        if let Some(files) = &files
            && self.repository.checkout_of(&self.branch)?.is_none()
        {
            turn_files(files, result, &self.commit).await?;
        }
        Ok(Advanced::Done)
    }

    /// Ends what a lander has begun that was killed between the files of the target and its branch.
    /// Returns false where there is no such thing.
    pub(crate) async fn finish(&self, result: &str) -> Result<bool, Error> {
        let Some(files) = self.repository.checkout_of(&self.branch)? else {
            return Ok(false);
        };
        let unlike = ["diff-index", "--quiet", "--cached", result];
        let index = files.ask(Limit::Scan, CONFLICTS, &unlike).await?;
        let unlike = ["diff-files", "--quiet"];
        let tree = files.ask(Limit::Scan, CONFLICTS, &unlike).await?;
        if index.says_no() || tree.says_no() {
            return Ok(false);
        }
        index.succeeded()?;
        tree.succeeded()?;
        self.update(result).await?;
        Ok(true)
    }

    async fn has_moved(&self) -> Result<bool, Error> {
        let now = Ask::of(self.repository).branch(&self.branch).await?;
        Ok(now.as_deref() != Some(&*self.commit))
    }

    /// Moves the branch from the commit at which it was found.
    async fn update(&self, result: &str) -> Result<(), Error> {
        let name = format!("refs/heads/{}", self.branch);
        let update = ["update-ref", "--no-deref", &name, result, &self.commit];
        let updated = self.repository.git(None, Limit::Look, &update);
        updated.await.map(drop)
    }
}

/// Turns files and their index from one commit into another, whichever branch they are of. Git refuses
/// where they are not those of the first, and where it would write over a file that it does not know.
async fn turn_files(files: &Listed<'_>, from: &str, to: &str) -> Result<(), Error> {
    // A file with another time only is no other file.
    files.git(&["update-index", "-q", "--refresh"]).await.ok();
    let turn = ["read-tree", "-m", "-u", from, to];
    let answer = files.ask(Limit::Checkout, CONFLICTS, &turn).await?;
    answer.succeeded().map(drop)
}

/// Brings work and target together by a method. A rebase is made in the worktree at `place`, which is
/// added for that and stays.
pub(crate) async fn integrate(
    target: &Target<'_>,
    work: &Work,
    method: Method,
    place: &Path,
) -> Result<Integration, Error> {
    match method {
        Method::Merge => target.merged(work).await,
        Method::Rebase => {
            let worktree = DetachedWorktree::add(target.repository, place, &work.commit).await?;
            let rebased = worktree.rebased(target).await?;
            if let Integration::Commit(result) = &rebased {
                refuse_lost_merges(target, work, result).await?;
            }
            Ok(rebased)
        }
    }
}

/// Refuses a rebase of work that holds merges where a merge would come to other files: what somebody did in
/// the commit of a merge itself is in no other.
async fn refuse_lost_merges(target: &Target<'_>, work: &Work, result: &str) -> Result<(), Error> {
    let range = format!("{}..{}", target.commit, work.commit);
    let merges = ["rev-list", "--merges", "--max-count=1", &range];
    let merges = target.repository.git(None, Limit::Scan, &merges).await?;
    if merges.is_empty() {
        return Ok(());
    }
    let merged = Ask::of(target.repository).merged_tree(&target.commit, &work.commit);
    let merged = merged.await?;
    let name = format!("{result}^{{tree}}");
    let tree = ["rev-parse", "--verify", "--quiet", &name];
    let tree = target.repository.git(None, Limit::Look, &tree).await?;
    if merged.as_deref() == Some(tree.trim()) {
        return Ok(());
    }
    Err(Error::HoldsMerges(work.branch.clone()))
}

/// A worktree beside those of the tasks, with no branch, for a moment.
#[derive(Debug)]
pub(crate) struct DetachedWorktree<'a>(Listed<'a>);

impl<'a> DetachedWorktree<'a> {
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
    async fn rebased(&self, target: &Target<'_>) -> Result<Integration, Error> {
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
        let answer = self.0.ask(Limit::Checkout, PATHS, &rebase).await?.whole()?;
        if !answer.says_no() {
            answer.succeeded()?;
            return head(&self.0).await.map(Integration::Commit);
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
        Ok(Integration::Conflict(files))
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
        let made = Made::find(repository, place)?;
        reason_to_keep(&made).await.map_err(|reason| Error::Kept {
            place: place.to_owned(),
            reason: reason.to_string(),
        })?;
        let place = place.display().to_string();
        let remove = ["worktree", "remove", &place];
        repository.git(None, Limit::Checkout, &remove).await?;
    }
    if let Some(checkout) = repository.checkout_of(&work.branch)? {
        return Err(Error::InUse {
            branch: work.branch.clone(),
            at: checkout.place().to_owned(),
        });
    }
    let name = format!("refs/heads/{}", work.branch);
    let delete = ["update-ref", "--no-deref", "-d", &name, &work.commit];
    repository.git(None, Limit::Look, &delete).await.map(drop)
}
