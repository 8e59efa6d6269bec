//! Git worktrees: each task works on a branch of its own beside the others of its repository.

use std::fs;
use std::path::{Path, PathBuf};

use domain::id::{RunToken, TaskId};
use serde::{Deserialize, Serialize};

use super::git::git_of_run;
use super::{Error, git};
use crate::home::Home;

/// A worktree that has yet to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Worktree {
    /// Of this repository.
    pub(crate) repository: PathBuf,
    /// With this branch, which begins where the repository stands unless it is there already.
    pub(crate) branch: String,
}

/// The branch that the workers of a task work on.
pub(super) fn branch_of(task: &TaskId) -> String {
    format!("kanban/{task}")
}

/// Where the worktree of a task is, and what has to be added there.
///
/// Looks at files only: git itself may have to wait for a slow disk or for another git.
pub(super) fn find(
    home: &Home,
    task: &TaskId,
    asked_for: Option<PathBuf>,
    of_the_lane: Option<&Path>,
) -> Result<(PathBuf, Option<Worktree>), Error> {
    let own_place = home.workspace(task);
    let of_the_lane = of_the_lane.map(Path::to_owned);
    let (place, repository) = match asked_for {
        Some(repository) if is_repository(&repository) => (own_place, Some(repository)),
        // The home folder may lie in a repository, of somebody's settings for one; that says nothing
        // about the tasks.
        Some(place) if place.starts_with(home.workspaces()) => (place, of_the_lane),
        Some(place) => {
            let around = || place.ancestors().skip(1).find(|path| is_repository(path));
            let repository = of_the_lane.or_else(|| around().map(Path::to_owned));
            (place, repository)
        }
        None => (own_place, of_the_lane),
    };
    let is_half_made = is_half_made(&place);
    if repository_of(&place).is_some() && !is_half_made {
        return Ok((place, None));
    }
    if is_occupied(&place) && !is_half_made {
        return Err(Error::Occupied(place));
    }
    let repository = repository
        .or_else(|| repository_of(&place))
        .ok_or(Error::NoRepository)?;
    if !is_repository(&repository) && repository_of(&repository).is_none() {
        return Err(Error::NotARepository(repository));
    }
    let branch = branch_of(task);
    Ok((place, Some(Worktree { repository, branch })))
}

/// Whether git was killed while it made the worktree at `place`: it locks one while it does, for this
/// reason. No worker has ever run there.
fn is_half_made(place: &Path) -> bool {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let link = read(&place.join(".git"));
    let folder = link.trim().strip_prefix("gitdir: ").map(Path::new);
    folder.is_some_and(|folder| read(&folder.join("locked")).starts_with("initializing"))
}

impl Worktree {
    /// Adds it at `place`, for the run with this token.
    ///
    /// # Errors
    /// What git complains about.
    pub(crate) async fn add(&self, place: &Path, token: &RunToken) -> Result<(), Error> {
        let git = async |arguments: &[&str]| git_of_run(&self.repository, arguments, token).await;
        let (path, branch) = (&*place.display().to_string(), &*self.branch);
        if is_half_made(place) {
            git(&["worktree", "remove", "--force", "--force", path]).await?;
        }
        let full_name = format!("refs/heads/{branch}");
        let is_there = git(&["show-ref", "--verify", "--quiet", &full_name]).await;
        if is_there.is_err() {
            let add = ["worktree", "add", "--no-track", "-b", branch, path, "HEAD"];
            return git(&add).await.map(drop);
        }
        // A worktree whose folder somebody deleted is still in git's books and would be refused. Of one
        // that is not in them git says so, which is as well.
        git(&["worktree", "remove", path]).await.ok();
        git(&["worktree", "add", path, branch]).await.map(drop)
    }

    /// Whether the worktree at `place` has changes, or new files, that are not committed. Ignored files
    /// do not count, as for git itself.
    pub(crate) async fn has_changes(&self, place: &Path) -> Result<bool, Error> {
        // Said here, because a setting may hide new files.
        let status = ["status", "--porcelain", "--untracked-files=normal"];
        Ok(!git(place, &status).await?.is_empty())
    }

    /// Whether what is checked out at `place` can be found again once the worktree is gone.
    pub(crate) async fn is_on_a_branch(&self, place: &Path) -> Result<bool, Error> {
        let branches = ["for-each-ref", "--contains=HEAD", "--count=1"];
        Ok(!git(place, &branches).await?.is_empty())
    }

    /// Removes the worktree at `place`. Its branch stays.
    pub(crate) async fn remove(&self, place: &Path) -> Result<(), Error> {
        let place = place.display().to_string();
        let remove = ["worktree", "remove", &place];
        git(&self.repository, &remove).await.map(drop)
    }
}

/// Whether `path` is the top of a repository: one with files beside it, or a bare one.
fn is_repository(path: &Path) -> bool {
    let is_git_folder = |path: &Path| path.join("HEAD").is_file() && path.join("objects").is_dir();
    is_git_folder(&path.join(".git")) || is_git_folder(path)
}

/// The repository that the worktree at `path` was added to; `None` where there is no worktree.
///
/// The file `.git` of a worktree says `gitdir: REPOSITORY/.git/worktrees/NAME`, as
/// gitrepository-layout(5) has it.
pub(super) fn repository_of(path: &Path) -> Option<PathBuf> {
    let link = fs::read_to_string(path.join(".git")).ok()?;
    let git_folder = path.join(link.strip_prefix("gitdir:")?.trim());
    let worktrees = git_folder.parent()?;
    let common = worktrees.parent()?;
    if worktrees.file_name()? != "worktrees" {
        return None;
    }
    let beside = common.parent().filter(|_| common.ends_with(".git"));
    Some(beside.unwrap_or(common).to_owned())
}

/// Whether something is there that git would not add a worktree over.
fn is_occupied(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.symlink_metadata().is_ok(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::task::WorkspaceKind;

    use super::super::fixture::task;
    use super::super::{OfLane, Prepared, prepare};
    use super::*;

    /// A home folder, and beside it a repository with one commit.
    pub(crate) struct Repository {
        _folder: tempfile::TempDir,
        pub(crate) home: Home,
        pub(crate) path: PathBuf,
    }

    impl Repository {
        pub(crate) async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("repository");
            fs::create_dir(&path).unwrap();
            let repository = Self {
                home: Home::at(folder.path().join("home")).unwrap(),
                path,
                _folder: folder,
            };
            git(&repository.path, &["init", "--quiet"]).await.unwrap();
            fs::write(repository.path.join("file"), "first").unwrap();
            repository.commit_all(&repository.path).await;
            repository
        }

        pub(crate) async fn commit_all(&self, worktree: &Path) {
            git(worktree, &["add", "--all"]).await.unwrap();
            let name = ["-c", "user.name=a", "-c", "user.email=a@b"];
            let commit = ["commit", "--quiet", "--message=a commit"];
            git(worktree, &[&name[..], &commit].concat()).await.unwrap();
        }

        fn prepare(&self, path: Option<&Path>, of_lane: Option<&Path>) -> Result<Prepared, Error> {
            let path = path.map(|path| path.to_str().unwrap());
            let task = task(WorkspaceKind::Worktree, path);
            let lane = OfLane {
                repository: of_lane,
                ..OfLane::default()
            };
            prepare(&self.home, &task, lane)
        }

        /// The workspace that a task with this path gets.
        pub(crate) async fn made(&self, path: Option<&Path>, of_lane: Option<&Path>) -> Prepared {
            let prepared = self.prepare(path, of_lane).unwrap();
            if let Some(worktree) = &prepared.worktree {
                let token = RunToken::from_bits(1);
                worktree.add(&prepared.path, &token).await.unwrap();
            }
            prepared
        }

        async fn branch_at(&self, path: &Path) -> String {
            let branch = git(path, &["branch", "--show-current"]).await.unwrap();
            branch.trim().to_owned()
        }
    }

    #[tokio::test]
    async fn a_worktree_is_a_checkout_on_a_branch_of_its_own() {
        let repository = Repository::new().await;
        for (path, of_lane) in [
            (Some(&*repository.path), None),
            (None, Some(&*repository.path)),
        ] {
            let made = repository.made(path, of_lane).await;
            assert_eq!(made.path, repository.home.workspace(&TaskId::from_bits(1)));
            assert_eq!(fs::read_to_string(made.path.join("file")).unwrap(), "first");
            assert_eq!(repository.branch_at(&made.path).await, "kanban/t_00000001");
            let ours = made.ours.unwrap();
            assert_eq!(ours.repository.as_deref(), repository.path.to_str());
            assert_eq!(ours.branch.as_deref(), Some("kanban/t_00000001"));
        }
    }

    #[tokio::test]
    async fn a_retry_finds_the_worktree_as_the_attempt_before_left_it() {
        let repository = Repository::new().await;
        let first = repository.made(Some(&repository.path), None).await;
        fs::write(first.path.join("file"), "changed").unwrap();
        // The board knows the resolved path by now.
        for path in [&first.path, &repository.path] {
            let again = repository.made(Some(path), None).await;
            assert_eq!((&again.path, &again.worktree), (&first.path, &None));
            assert_eq!(again.ours, first.ours);
            assert_eq!(
                fs::read_to_string(again.path.join("file")).unwrap(),
                "changed"
            );
        }
    }

    #[tokio::test]
    async fn a_worktree_that_was_not_finished_is_made_anew() {
        let repository = Repository::new().await;
        let first = repository.made(Some(&repository.path), None).await;
        // What is left when git is killed while it checks out.
        let link = fs::read_to_string(first.path.join(".git")).unwrap();
        let folder = Path::new(link.trim().strip_prefix("gitdir: ").unwrap());
        fs::write(folder.join("locked"), "initializing").unwrap();
        fs::remove_file(first.path.join("file")).unwrap();
        for path in [&first.path, &repository.path] {
            let again = repository.made(Some(path), None).await;
            assert_eq!(again.path, first.path);
            assert_eq!(
                fs::read_to_string(again.path.join("file")).unwrap(),
                "first"
            );
        }
    }

    #[tokio::test]
    async fn a_worktree_that_somebody_deleted_comes_back_with_its_branch() {
        let repository = Repository::new().await;
        let first = repository.made(Some(&repository.path), None).await;
        fs::write(first.path.join("file"), "second").unwrap();
        repository.commit_all(&first.path).await;
        fs::remove_dir_all(&first.path).unwrap();
        let again = repository.made(Some(&repository.path), None).await;
        assert_eq!(
            fs::read_to_string(again.path.join("file")).unwrap(),
            "second"
        );
    }

    #[tokio::test]
    async fn a_place_inside_a_repository_gets_a_worktree_of_it_which_is_not_ours() {
        let repository = Repository::new().await;
        let place = repository.path.join(".worktrees/t_1");
        let made = repository.made(Some(&place), None).await;
        assert_eq!((&made.path, &made.ours), (&place, &None));
        assert_eq!(repository.branch_at(&place).await, "kanban/t_00000001");
        assert_eq!(repository_of(&place), Some(repository.path.clone()));
    }

    #[tokio::test]
    async fn what_stands_in_the_way_is_said_in_a_sentence() {
        let repository = Repository::new().await;
        let says = |path: Option<&Path>, of_lane| {
            let refused = repository.prepare(path, of_lane);
            refused.unwrap_err().to_string()
        };
        assert!(says(None, None).contains("which repository"));
        let nowhere = Path::new("/nonexistent");
        assert_eq!(
            says(None, Some(nowhere)),
            "/nonexistent is no git repository"
        );
        let taken = repository.path.join("taken");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("draft"), "mine").unwrap();
        assert!(
            says(Some(&taken), None).ends_with("taken is there already and is no git worktree")
        );
        assert!(says(Some(Path::new("here")), None).contains("here is not absolute"));

        let empty = repository.path.with_file_name("empty");
        fs::create_dir(&empty).unwrap();
        git(&empty, &["init", "--quiet"]).await.unwrap();
        let prepared = repository.prepare(Some(&empty), None).unwrap();
        let (worktree, token) = (prepared.worktree.unwrap(), RunToken::from_bits(1));
        let refused = worktree.add(&prepared.path, &token).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "git: invalid reference: HEAD"
        );
    }

    #[tokio::test]
    async fn a_bare_repository_has_worktrees_too() {
        let repository = Repository::new().await;
        let bare = repository.path.with_file_name("bare.git");
        let from = repository.path.to_str().unwrap();
        let clone = ["clone", "--quiet", "--bare", from, bare.to_str().unwrap()];
        git(&repository.path, &clone).await.unwrap();
        let made = repository.made(Some(&bare), None).await;
        assert_eq!(fs::read_to_string(made.path.join("file")).unwrap(), "first");
        assert_eq!(repository_of(&made.path), Some(bare));
    }
}
