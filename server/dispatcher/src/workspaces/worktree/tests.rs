//! Worktrees of a repository that is made for the test, and what `git` says of them.

use std::process::Command;
use std::sync::Mutex;

use domain::task::WorkspaceKind;

use super::super::fixture::task;
use super::super::{Prepared, prepare};
use super::*;

/// A home folder, and beside it a repository with one commit, which is listed.
pub(crate) struct Repository {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) home: Home,
    pub(crate) path: PathBuf,
    pub(crate) known: Repositories,
    /// The branch as the board has it on record.
    pub(crate) branch: Mutex<Option<Branch>>,
}

/// Runs git as a person would in `folder`, and returns its output.
#[track_caller]
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn commit_all(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message=a commit"]);
}

impl Repository {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("repository");
        fs::create_dir(&path).unwrap();
        git(&path, &["init", "--quiet"]);
        fs::write(path.join("file"), "first").unwrap();
        commit_all(&path);
        Self {
            home: Home::at(folder.path().join("home")).unwrap(),
            known: Repositories {
                listed: vec![path.clone()],
                ..Repositories::default()
            },
            path,
            folder,
            branch: Mutex::default(),
        }
    }

    pub(crate) fn prepare(
        &self,
        path: Option<&Path>,
        of_lane: Option<&Path>,
    ) -> Result<Prepared, Error> {
        let path = path.map(|path| path.to_str().unwrap());
        let task = task(WorkspaceKind::Worktree, path);
        let lane = OfLane {
            repository: of_lane,
            ..OfLane::default()
        };
        prepare(&self.home, &task, lane, &self.known, None)
    }

    /// The workspace that a task with this path gets.
    pub(crate) async fn made(&self, path: Option<&Path>, of_lane: Option<&Path>) -> Prepared {
        let prepared = self.prepare(path, of_lane).unwrap();
        if let Some(worktree) = prepared.worktree.clone() {
            let known = self.branch.lock().unwrap().clone();
            let worktree = Worktree { known, ..worktree };
            let token = RunToken::from_bits(1);
            let added = worktree.add(&self.home, &prepared.path, &token).await;
            *self.branch.lock().unwrap() = Some(added.unwrap());
        }
        prepared
    }
}

fn branch_at(path: &Path) -> String {
    let branch = git(path, &["branch", "--show-current"]);
    branch.trim().to_owned()
}

#[tokio::test]
async fn a_worktree_is_a_checkout_on_a_branch_of_its_own() {
    for is_of_the_lane in [false, true] {
        let repository = Repository::new();
        let named = Some(&*repository.path);
        let (path, of_lane) = if is_of_the_lane {
            (None, named)
        } else {
            (named, None)
        };
        let made = repository.made(path, of_lane).await;
        assert_eq!(made.path, repository.home.workspace(&TaskId::from_bits(1)));
        assert_eq!(fs::read_to_string(made.path.join("file")).unwrap(), "first");
        assert_eq!(branch_at(&made.path), "kanban/t_00000001");
        let ours = made.ours.unwrap();
        assert_eq!(ours.repository.as_deref(), repository.path.to_str());
        assert_eq!(ours.branch.as_deref(), Some("kanban/t_00000001"));
    }
}

#[tokio::test]
async fn a_retry_finds_the_worktree_as_the_attempt_before_left_it() {
    let repository = Repository::new();
    let first = repository.made(Some(&repository.path), None).await;
    fs::write(first.path.join("file"), "changed").unwrap();
    // The board knows the resolved path by now.
    for path in [&first.path, &repository.path] {
        let again = repository.made(Some(path), None).await;
        assert_eq!((&again.path, &again.worktree), (&first.path, &None));
        // It was noted when it was made; what it says of itself by now is not.
        assert_eq!(again.ours, None);
        assert_eq!(
            fs::read_to_string(again.path.join("file")).unwrap(),
            "changed"
        );
    }
}

#[tokio::test]
async fn a_worktree_that_was_not_finished_is_made_anew() {
    let repository = Repository::new();
    let first = repository.made(Some(&repository.path), None).await;
    let link = fs::read_to_string(first.path.join(".git")).unwrap();
    let folder = Path::new(link.trim().strip_prefix("gitdir: ").unwrap());
    let half = |is_linked: bool| {
        fs::write(folder.join("locked"), "initializing").unwrap();
        fs::remove_file(first.path.join("file")).unwrap();
        if !is_linked {
            fs::remove_file(first.path.join(".git")).unwrap();
        }
    };
    // What is left when git is killed while it checks out, or before.
    for is_linked in [true, false] {
        half(is_linked);
        let again = repository.made(Some(&repository.path), None).await;
        assert_eq!(again.path, first.path);
        assert_eq!(
            fs::read_to_string(again.path.join("file")).unwrap(),
            "first"
        );
        assert!(!folder.join("locked").exists());
    }
    // The board knows the resolved path by now, and has noted whose worktree that is.
    half(true);
    let task = task(WorkspaceKind::Worktree, first.path.to_str());
    let (lane, noted) = (OfLane::default(), first.ours.as_ref());
    let again = prepare(&repository.home, &task, lane, &repository.known, noted).unwrap();
    assert_eq!(again.worktree, first.worktree);
}

#[tokio::test]
async fn a_worktree_that_somebody_deleted_comes_back_with_its_branch() {
    let repository = Repository::new();
    let first = repository.made(Some(&repository.path), None).await;
    fs::write(first.path.join("file"), "second").unwrap();
    commit_all(&first.path);
    fs::remove_dir_all(&first.path).unwrap();
    let again = repository.made(Some(&repository.path), None).await;
    assert_eq!(
        fs::read_to_string(again.path.join("file")).unwrap(),
        "second"
    );
}

#[tokio::test]
async fn a_place_inside_a_repository_gets_a_worktree_of_it_which_is_not_ours() {
    let repository = Repository::new();
    let place = repository.path.join(".worktrees/t_1");
    let made = repository.made(Some(&place), None).await;
    assert_eq!((&made.path, &made.ours), (&place, &None));
    assert_eq!(branch_at(&place), "kanban/t_00000001");
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_in_a_sentence() {
    let mut repository = Repository::new();
    let nowhere = Path::new("/nonexistent");
    let empty = repository.path.with_file_name("empty");
    let more = [nowhere.to_owned(), empty.clone()];
    repository.known.listed.extend(more);
    let says = |path: Option<&Path>, of_lane| {
        let refused = repository.prepare(path, of_lane);
        refused.unwrap_err().to_string()
    };
    assert!(says(None, None).contains("which repository"));
    assert_eq!(
        says(None, Some(nowhere)),
        "/nonexistent is no git repository"
    );
    let taken = repository.path.join("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("draft"), "mine").unwrap();
    assert!(says(Some(&taken), None).ends_with("taken is there already and is no git worktree"));
    assert!(says(Some(Path::new("here")), None).contains("here is not absolute"));

    fs::create_dir(&empty).unwrap();
    git(&empty, &["init", "--quiet"]);
    let prepared = repository.prepare(Some(&empty), None).unwrap();
    let (worktree, token) = (prepared.worktree.unwrap(), RunToken::from_bits(1));
    let refused = worktree.add(&repository.home, &prepared.path, &token).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!(
            "the repository {} has no commit yet; make the first one, then unblock the task",
            empty.display()
        )
    );
}

#[tokio::test]
async fn a_bare_repository_has_worktrees_too() {
    let mut repository = Repository::new();
    let bare = repository.path.with_file_name("bare.git");
    repository.known.listed.push(bare.clone());
    let from = repository.path.to_str().unwrap();
    let clone = ["clone", "--quiet", "--bare", from, bare.to_str().unwrap()];
    git(&repository.path, &clone);
    let made = repository.made(Some(&bare), None).await;
    assert_eq!(fs::read_to_string(made.path.join("file")).unwrap(), "first");
    assert!(git(&bare, &["worktree", "list"]).contains("t_00000001"));
}

#[tokio::test]
async fn a_worktree_belongs_to_its_repository_as_one_that_a_person_added() {
    let repository = Repository::new();
    let settings = ["config", "core.autocrlf", "true"];
    git(&repository.path, &settings);
    fs::write(repository.path.join("file"), "one\ntwo\n").unwrap();
    commit_all(&repository.path);
    let made = repository.made(Some(&repository.path), None).await;
    let read = |name| fs::read_to_string(made.path.join(name)).unwrap();
    // Settings of the repository that say how files are written are kept.
    assert_eq!(read("file"), "one\r\ntwo\r\n");
    let folder = repository.path.join(".git/worktrees/t_00000001");
    let folder = folder.canonicalize().unwrap();
    assert_eq!(read(".git"), format!("gitdir: {}\n", folder.display()));
    assert_eq!(git(&made.path, &["status", "--porcelain"]), "");
    commit_nothing(&made.path);
    let log = git(
        &repository.path,
        &["log", "--format=%s", "kanban/t_00000001"],
    );
    assert_eq!(log.lines().count(), 3);
}

fn commit_nothing(folder: &Path) {
    let commit = ["commit", "--quiet", "--allow-empty", "--message=nothing"];
    git(folder, &commit);
}
