//! The checkouts of a repository: its own files, and its worktrees, as git keeps books of them.

use std::path::{Path, PathBuf};

use super::super::Error;
use super::{
    Listed, Repository, checked_out_at, place_of, small_file, spelled_out, worktree_folders,
};

impl Repository {
    /// The places of its worktrees below a folder, whether these are there or not. It blocks.
    pub(crate) fn worktrees_below(&self, folder: &Path) -> Vec<PathBuf> {
        let folder = spelled_out(folder);
        let folders = worktree_folders(&self.folders.common).into_iter().flatten();
        let places = folders.filter_map(|it| place_of(&it));
        places.filter(|place| place.starts_with(&folder)).collect()
    }

    /// The worktree in which somebody is in the middle of rewriting a branch, or of merging into it. It
    /// blocks.
    pub(crate) fn busy_with(&self, branch: &str) -> Option<PathBuf> {
        let common = &self.folders.common;
        let name = format!("refs/heads/{branch}");
        let head = format!("ref: {name}");
        let is_busy = |folder: &PathBuf| {
            let names =
                |file: &str| small_file(&folder.join(file)).is_some_and(|it| it.trim() == name);
            let stands_on = small_file(&folder.join("HEAD")).is_some_and(|it| it.trim() == head);
            let merges = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"];
            names("rebase-merge/head-name")
                || names("rebase-apply/head-name")
                || stands_on
                    && merges
                        .iter()
                        .any(|it| folder.join(it).symlink_metadata().is_ok())
        };
        if is_busy(common) {
            return Some(common.parent().unwrap_or(common).to_owned());
        }
        let mut folders = worktree_folders(common).into_iter().flatten();
        folders.find(is_busy).map(|it| place_of(&it).unwrap_or(it))
    }

    /// Returns true if git may run the programs that its settings name.
    pub(crate) fn is_trusted(&self) -> bool {
        self.view.is_none()
    }

    /// Finds the checkout of a branch: the repository's own files, or a worktree. It blocks.
    pub(crate) fn checkout_of(&self, branch: &str) -> Result<Option<Listed<'_>>, Error> {
        let common = &self.folders.common;
        let beside = common.parent().filter(|_| common.ends_with(".git"));
        let head = small_file(&common.join("HEAD"));
        if let Some(place) = beside
            && head.is_some_and(|head| head.trim() == format!("ref: refs/heads/{branch}"))
        {
            let files = self.own_files(place);
            return files
                .map(Some)
                .ok_or_else(|| Error::NotARepository(place.to_owned()));
        }
        let Some(place) = checked_out_at(common, branch, Path::new("")).filter(|at| at.exists())
        else {
            return Ok(None);
        };
        let listed = self.listed(&place).filter(Listed::is_as_made);
        listed.map(Some).ok_or(Error::NotListedByGit(place))
    }
}
