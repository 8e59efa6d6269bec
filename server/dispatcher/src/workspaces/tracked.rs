//! Workspaces that git is asked about: the worktrees that the board made, and folders of tasks that are a
//! repository which `kanban.toml` names.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use domain::branch::{Branch, short};
use domain::changes::{ChangeKind, ChangedFile, MOST_FILES};
use domain::check::GitFacts;
use domain::task::{Task, WorkspaceKind};
use domain::text::one_line;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::beginning::{Ask, is_id};
use super::diff::Side;
use super::git::Limit;
use super::repository::{Listed, Repository, Trust, is_worktree};
use super::worktree::{Made, Worktree, is_occupied};
use super::{Error, Repositories};
use crate::home::Home;

/// The longest list of what is not committed that is read, in bytes.
const STATUS: u64 = 256 * 1024;

/// The longest name of a branch, in bytes.
const NAME: u64 = 8 * 1024;

/// The longest list of paths in a receipt, in bytes.
const RECEIPT_PATHS: usize = 32 * 1024;

/// A workspace of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tracked {
    pub(crate) repository: PathBuf,
    pub(crate) trust: Trust,
    /// The branch of the task; `None` in a folder that a person named.
    pub(crate) branch: Option<Branch>,
}

impl Tracked {
    /// The workspace of a task, unless nobody knows a repository that it is of. `added` is the worktree
    /// that is to be added there, `known` the board's record of its branch. It blocks.
    pub(crate) fn of(
        task: &Task,
        place: &Path,
        added: Option<&Worktree>,
        known: Option<&Branch>,
        repositories: &Repositories,
    ) -> Option<Self> {
        let (repository, branch) = match (task.workspace_kind, added, known) {
            (WorkspaceKind::Dir, _, _) => (place.to_owned(), None),
            (WorkspaceKind::Worktree, Some(added), _) => {
                // Its base is known once git has been asked.
                let branch = Branch {
                    name: added.branch.clone(),
                    repository: added.repository.display().to_string(),
                    ..Branch::default()
                };
                (added.repository.clone(), Some(branch))
            }
            (WorkspaceKind::Worktree, None, Some(known)) => {
                (PathBuf::from(&known.repository), Some(known.clone()))
            }
            _ => return None,
        };
        let trust = repositories.trust(&repository).ok()?;
        Some(Self {
            repository,
            trust,
            branch,
        })
    }

    /// Opens the repository.
    pub(crate) async fn open(&self, home: &Home) -> Result<Repository, Error> {
        Repository::open(home, &self.repository, self.trust).await
    }

    /// The workspace, as its repository has it. It blocks.
    pub(crate) fn listed<'a>(
        &self,
        repository: &'a Repository,
        place: &'a Path,
    ) -> Result<Listed<'a>, Error> {
        if self.branch.is_some() {
            return Made::find(repository, place).map(Made::into_listed);
        }
        let files = repository.own_files(place);
        files.ok_or_else(|| Error::NotARepository(place.to_owned()))
    }

    /// Returns the commit that is checked out at `place`.
    ///
    /// # Errors
    /// Fails when that is not the workspace any more, or with git's complaint.
    pub(crate) async fn head(&self, home: &Home, place: &Path) -> Result<String, Error> {
        let repository = self.open(home).await?;
        head(&self.listed(&repository, place)?).await
    }

    /// Returns the commit at which the branch is.
    ///
    /// # Errors
    /// Fails with git's complaint, also where there is no such branch.
    pub(crate) async fn tip(&self, home: &Home) -> Result<Option<String>, Error> {
        let Some(branch) = &self.branch else {
            return Ok(None);
        };
        let repository = self.open(home).await?;
        let name = format!("refs/heads/{}^{{commit}}", branch.name);
        let arguments = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        let tip = repository.git(None, Limit::Look, &arguments).await?;
        Ok(Some(tip.trim().to_owned()))
    }

    /// Returns where the work is, in words, if not at the commit of the branch: what builds on it would
    /// begin without.
    ///
    /// # Errors
    /// As [`Self::head`].
    pub(crate) async fn is_elsewhere(
        &self,
        home: &Home,
        place: &Path,
    ) -> Result<Option<String>, Error> {
        let Some(branch) = &self.branch else {
            return Ok(None);
        };
        let name = &branch.name;
        if !is_worktree(place) {
            let place = place.display();
            return Ok(Some(format!(
                "{place} is no worktree any more; put its .git back, and commit the work to {name}"
            )));
        }
        let repository = self.open(home).await?;
        let listed = self.listed(&repository, place)?;
        let commit = head(&listed).await?;
        if Ask::of(&repository).branch(&branch.name).await?.as_ref() == Some(&commit) {
            return Ok(None);
        }
        let on = match head_branch(&listed).await? {
            Some(other) if other != branch.name => format!("branch {}", one_line(&other)),
            _ => format!("commit {}", short(&commit)),
        };
        Ok(Some(format!(
            "the work is on {on}, and what builds on it begins at {name}; commit it to {name}"
        )))
    }

    /// Returns a digest of the files, which says whether they have changed: of the commit, of the patch of
    /// what is not committed, and of size and time of each new file.
    ///
    /// # Errors
    /// As [`Self::head`].
    pub(crate) async fn digest(&self, home: &Home, place: &Path) -> Result<u64, Error> {
        let repository = self.open(home).await?;
        let listed = self.listed(&repository, place)?;
        let mut digest = DefaultHasher::new();
        head(&listed).await?.hash(&mut digest);
        let files = uncommitted_files(&listed).await?;
        let at = place.to_owned();
        let looking = spawn_blocking(move || {
            for file in files {
                file.path.hash(&mut digest);
                if file.is_new {
                    let found = at.join(&file.path).symlink_metadata().ok();
                    let found = found.map(|it| (it.len(), it.mtime(), it.mtime_nsec()));
                    found.hash(&mut digest);
                }
            }
            digest
        });
        let mut digest = looking.await.map_err(|cause| Error::CannotEnter {
            path: place.to_owned(),
            cause: cause.into(),
        })?;
        let patch = Side::Files(&listed).patch_text("HEAD").await?;
        patch.hash(&mut digest);
        Ok(digest.finish())
    }

    /// Returns what a receipt says of the workspace.
    ///
    /// # Errors
    /// As [`Self::head`].
    pub(crate) async fn facts(&self, home: &Home, place: &Path) -> Result<GitFacts, Error> {
        let repository = self.open(home).await?;
        let listed = self.listed(&repository, place)?;
        let commit = head(&listed).await?;
        let uncommitted = uncommitted(&listed).await?;
        let mut facts = GitFacts {
            commit: Some(commit.clone()),
            is_clean: Some(uncommitted.is_empty()),
            ..GitFacts::default()
        };
        let base = self.branch.as_ref().and_then(|branch| branch.base.clone());
        let Some(base) = base.filter(|base| is_id(base)) else {
            return Ok(facts);
        };
        let side = if uncommitted.is_empty() {
            Side::Commit(&repository, &commit)
        } else {
            Side::Files(&listed)
        };
        let changed = side.changed_files(&base).await?;
        facts.base = Some(base);
        let files = with_new(changed.listed, &uncommitted);
        let mut room = RECEIPT_PATHS;
        let fits = |file: &&ChangedFile| {
            let old = file.old_path.as_ref().map_or(0, String::len);
            let rest = room.checked_sub(file.path.len() + old);
            room = rest.unwrap_or_default();
            rest.is_some()
        };
        facts.files = files
            .iter()
            .take(MOST_FILES)
            .take_while(fits)
            .cloned()
            .collect();
        let left_out = files.len() - facts.files.len();
        facts.more_files = changed.more + u32::try_from(left_out).unwrap_or(u32::MAX);
        Ok(facts)
    }
}

/// Returns the commit that is checked out.
pub(crate) async fn head(listed: &Listed<'_>) -> Result<String, Error> {
    let head = ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"];
    Ok(listed.git(&head).await?.trim().to_owned())
}

/// Returns the branch that is checked out, if one is.
async fn head_branch(listed: &Listed<'_>) -> Result<Option<String>, Error> {
    let head = ["symbolic-ref", "--quiet", "HEAD"];
    let answer = listed.ask(Limit::Look, NAME, &head).await?;
    if answer.says_no() {
        return Ok(None);
    }
    let name = answer.succeeded()?.text;
    let name = name.trim().strip_prefix("refs/heads/");
    Ok(name.map(ToOwned::to_owned))
}

/// A path that is not committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uncommitted {
    /// The path; of a folder that git does not know it ends in a slash.
    pub(crate) path: String,
    /// True for what git does not know.
    pub(crate) is_new: bool,
}

/// Returns what is not committed in a workspace, without what git is told to ignore. Of a new folder its
/// path alone.
pub(crate) async fn uncommitted(listed: &Listed<'_>) -> Result<Vec<Uncommitted>, Error> {
    Ok(status(listed, "--untracked-files=normal").await?.0)
}

/// Returns the same, with each file of new folders where the list is not too long.
pub(crate) async fn uncommitted_files(listed: &Listed<'_>) -> Result<Vec<Uncommitted>, Error> {
    match status(listed, "--untracked-files=all").await? {
        (files, false) => Ok(files),
        _ => uncommitted(listed).await,
    }
}

/// Returns what git says that is not committed, and whether the list is cut. `new` is said each time,
/// because a setting may hide new files.
async fn status(listed: &Listed<'_>, new: &str) -> Result<(Vec<Uncommitted>, bool), Error> {
    let status = [
        "status",
        "--porcelain=v1",
        "-z",
        "--no-renames",
        new,
        // Git would run in each submodule, by the settings that it finds there.
        "--ignore-submodules=dirty",
    ];
    let answer = listed
        .ask(Limit::Scan, STATUS, &status)
        .await?
        .succeeded()?;
    let mut entries: Vec<&str> = answer.text.split('\0').collect();
    // The rest after the last end, or that was cut.
    entries.pop();
    let of_entry = |entry: &str| {
        Some(Uncommitted {
            path: entry.get(3..)?.to_owned(),
            is_new: entry.starts_with("??"),
        })
    };
    let entries = entries.into_iter().filter_map(of_entry).collect();
    Ok((entries, answer.is_cut))
}

/// Adds the files that git does not know to those that it compares.
pub(crate) fn with_new(
    mut files: Vec<ChangedFile>,
    uncommitted: &[Uncommitted],
) -> Vec<ChangedFile> {
    let new = uncommitted.iter().filter(|it| it.is_new);
    files.extend(new.map(|it| ChangedFile {
        path: it.path.clone(),
        old_path: None,
        kind: ChangeKind::Added,
        added: None,
        removed: None,
    }));
    files
}

/// The submodules at `place`, each in words: an empty one is named because nothing is fetched for it.
///
/// # Errors
/// As [`Tracked::head`].
pub(crate) async fn submodules(
    repository: &Repository,
    place: &Path,
) -> Result<Vec<String>, Error> {
    let submodules = Made::find(repository, place)?.submodules().await?;
    let place = place.to_owned();
    let looking = spawn_blocking(move || {
        let say = |path: &PathBuf| {
            let name = path.strip_prefix(&place).ok()?.display();
            Some(if is_occupied(path) {
                format!("submodule {name} is filled")
            } else {
                format!("submodule {name} is empty: nothing is fetched")
            })
        };
        submodules.iter().filter_map(say).collect()
    });
    looking.await.map_err(|cause| Error::Git(cause.to_string()))
}
