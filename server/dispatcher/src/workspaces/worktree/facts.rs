//! The facts about a workspace in receipts and in the changes of a task.

use std::os::unix::fs::symlink;

use domain::changes::{ChangeKind, ChangedFile};
use domain::check::GitFacts;
use domain::task::WorkspaceKind;

use super::super::fixture::task;
use super::super::new_files;
use super::super::tracked::Tracked;
use super::tests::{Repository, commit_all, git};
use super::*;
use crate::changes;

impl Repository {
    /// A worktree, and what git is asked about it.
    async fn tracked(&self) -> (PathBuf, Tracked) {
        let made = self.made(Some(&self.path), None).await;
        let branch = self.branch.lock().unwrap().clone();
        let tracked = Tracked::of(
            &task(WorkspaceKind::Worktree, made.path.to_str()),
            &made.path,
            None,
            branch.as_ref(),
            &self.known,
        );
        (made.path, tracked.unwrap())
    }
}

fn file(path: &str, kind: ChangeKind, lines: Option<(u32, u32)>) -> ChangedFile {
    ChangedFile {
        path: path.to_owned(),
        old_path: None,
        kind,
        added: lines.map(|(added, _)| added),
        removed: lines.map(|(_, removed)| removed),
    }
}

#[tokio::test]
async fn a_receipt_says_which_files_differ_from_the_base() {
    let repository = Repository::new();
    let text = "one\ntwo\n".repeat(20);
    fs::write(repository.path.join("long"), text).unwrap();
    fs::write(repository.path.join("gone"), "a\nb\n").unwrap();
    commit_all(&repository.path);
    let (place, tracked) = repository.tracked().await;
    let nothing = tracked.facts(&repository.home, &place).await.unwrap();
    assert_eq!((nothing.is_clean, &nothing.files), (Some(true), &vec![]));
    assert_eq!(nothing.commit, nothing.base);

    fs::rename(place.join("long"), place.join("moved")).unwrap();
    fs::remove_file(place.join("gone")).unwrap();
    fs::write(place.join("file"), "other\nlines\n").unwrap();
    fs::write(place.join("bytes"), b"\0\x01\x02").unwrap();
    fs::write(place.join("a \"name\"\n"), "x\n").unwrap();
    commit_all(&place);
    let GitFacts {
        commit,
        is_clean,
        base,
        files,
        more_files,
        ..
    } = tracked.facts(&repository.home, &place).await.unwrap();
    assert_eq!(
        commit.as_deref(),
        Some(git(&place, &["rev-parse", "HEAD"]).trim())
    );
    assert_eq!((is_clean, base, more_files), (Some(true), nothing.base, 0));
    let renamed = ChangedFile {
        old_path: Some("long".to_owned()),
        ..file("moved", ChangeKind::Renamed, Some((0, 0)))
    };
    let expected = [
        file("a \"name\"\n", ChangeKind::Added, Some((1, 0))),
        file("bytes", ChangeKind::Binary, None),
        file("file", ChangeKind::Changed, Some((2, 1))),
        file("gone", ChangeKind::Removed, Some((0, 2))),
        renamed,
    ];
    assert_eq!(files, expected);
}

#[tokio::test]
async fn work_that_is_not_committed_is_among_the_files_and_makes_the_workspace_unclean() {
    let repository = Repository::new();
    let (place, tracked) = repository.tracked().await;
    fs::write(place.join("file"), "changed\n").unwrap();
    fs::write(place.join("new"), "new\n").unwrap();
    let facts = tracked.facts(&repository.home, &place).await.unwrap();
    assert_eq!(facts.is_clean, Some(false));
    let expected = [
        file("file", ChangeKind::Changed, Some((1, 1))),
        file("new", ChangeKind::Added, None),
    ];
    assert_eq!(facts.files, expected);
}

#[tokio::test]
async fn of_many_files_three_hundred_are_named_and_the_others_counted() {
    let repository = Repository::new();
    let (place, tracked) = repository.tracked().await;
    for number in 0..450 {
        fs::write(place.join(format!("f{number:03}")), "x\n").unwrap();
    }
    commit_all(&place);
    let facts = tracked.facts(&repository.home, &place).await.unwrap();
    assert_eq!((facts.files.len(), facts.more_files), (300, 150));
    assert_eq!(facts.files[299].path, "f299");
}

#[tokio::test]
async fn a_folder_that_is_a_repository_is_asked_about_only_where_it_is_listed() {
    let mut repository = Repository::new();
    let folder = task(WorkspaceKind::Dir, repository.path.to_str());
    let of = |known: &Repositories| Tracked::of(&folder, &repository.path, None, None, known);
    assert_eq!(of(&Repositories::default()), None);
    let tracked = of(&repository.known).unwrap();
    let facts = tracked
        .facts(&repository.home, &repository.path)
        .await
        .unwrap();
    assert_eq!((facts.is_clean, &facts.base), (Some(true), &None));
    fs::write(repository.path.join("file"), "changed").unwrap();
    let facts = tracked
        .facts(&repository.home, &repository.path)
        .await
        .unwrap();
    assert_eq!(facts.is_clean, Some(false));
    // Its own index is asked, and not changed.
    git(&repository.path, &["add", "--all"]);
    let staged = git(&repository.path, &["status", "--porcelain"]);
    let facts = tracked
        .facts(&repository.home, &repository.path)
        .await
        .unwrap();
    assert_eq!(facts.is_clean, Some(false));
    assert_eq!(git(&repository.path, &["status", "--porcelain"]), staged);
    repository.known.listed.clear();
}

#[tokio::test]
async fn changes_are_commits_and_patches_by_file_with_what_is_not_committed_marked() {
    let repository = Repository::new();
    let text = "one\ntwo\n".repeat(20);
    fs::write(repository.path.join("long"), &text).unwrap();
    commit_all(&repository.path);
    let (place, _) = repository.tracked().await;
    fs::rename(place.join("long"), place.join("a \"name\"\t")).unwrap();
    fs::write(place.join("bytes"), b"\0\x01\x02").unwrap();
    fs::write(place.join("é"), "diff --git a/x b/x\n\x1b[31mred\n").unwrap();
    commit_all(&place);
    fs::write(place.join("file"), "uncommitted\n").unwrap();
    fs::write(place.join("new"), "new\n").unwrap();
    let branch = repository.branch.lock().unwrap().clone().unwrap();
    let read = async |place: &Path| {
        changes::read(&repository.home, &repository.known, &branch, place).await
    };
    let of_files = read(&place).await.unwrap();
    let listed: Vec<_> = of_files
        .files
        .iter()
        .map(|it| (it.file.path.as_str(), it.file.kind, it.is_uncommitted))
        .collect();
    let expected = [
        ("a \"name\" ", ChangeKind::Renamed, false),
        ("bytes", ChangeKind::Binary, false),
        ("file", ChangeKind::Changed, true),
        ("é", ChangeKind::Added, false),
        ("new", ChangeKind::Added, true),
    ];
    assert_eq!(listed, expected);
    let patches: Vec<_> = of_files
        .files
        .iter()
        .map(|it| it.patch.as_deref())
        .collect();
    let file = "@@ -1 +1 @@\n-first\n\\ No newline at end of file\n+uncommitted\n";
    let added = "@@ -0,0 +1,2 @@\n+diff --git a/x b/x\n+red\n";
    let new = "@@ -0,0 +1 @@\n+new\n";
    assert_eq!(patches, [None, None, Some(file), Some(added), Some(new)]);
    assert_eq!(of_files.commits.len(), 1);
    assert_eq!(of_files.commits[0].subject, "a commit");

    // Its worktree is removed, as gc does.
    let worktree = place.to_str().unwrap();
    git(
        &repository.path,
        &["worktree", "remove", "--force", worktree],
    );
    let of_branch = read(&place).await.unwrap();
    let listed: Vec<_> = of_branch
        .files
        .iter()
        .map(|it| it.file.path.as_str())
        .collect();
    assert_eq!(listed, ["a \"name\" ", "bytes", "é"]);
    assert_eq!(of_branch.commits, of_files.commits);

    git(&repository.path, &["branch", "-D", "kanban/t_00000001"]);
    let gone = read(&place).await.unwrap_err().to_string();
    assert_eq!(
        gone,
        "the branch kanban/t_00000001 is gone, and so is its worktree"
    );
}

#[tokio::test]
async fn changes_say_what_they_leave_out() {
    let repository = Repository::new();
    let (place, _) = repository.tracked().await;
    for number in 0..310 {
        fs::write(
            place.join(format!("f{number:03}")),
            "0123456789abcdef\n".repeat(400),
        )
        .unwrap();
    }
    commit_all(&place);
    for _ in 0..2 {
        let nothing = ["commit", "--quiet", "--allow-empty", "--message=nothing"];
        git(&place, &nothing);
    }
    let branch = repository.branch.lock().unwrap().clone().unwrap();
    let changes = changes::read(&repository.home, &repository.known, &branch, &place).await;
    let changes = changes.unwrap();
    assert_eq!((changes.files.len(), changes.more_files), (300, 10));
    assert_eq!((changes.commits.len(), changes.more_commits), (3, 0));
    assert!(changes.is_cut);
    let patches = changes.files.iter().filter_map(|it| it.patch.as_ref());
    assert!(patches.clone().count() > 100);
    assert!(patches.map(String::len).sum::<usize>() <= domain::changes::MOST_PATCH);
    let said = changes.left_out();
    assert_eq!(said[0], "10 more files are not listed.");
    assert_eq!(said.len(), 2);
}

#[tokio::test]
async fn a_patch_that_is_too_long_hides_none_after_it_and_is_named() {
    let repository = Repository::new();
    fs::write(repository.path.join("e"), "to be renamed\n".repeat(9)).unwrap();
    commit_all(&repository.path);
    let (place, _) = repository.tracked().await;
    for name in ["a", "c"] {
        fs::write(place.join(name), "small\n").unwrap();
    }
    for name in ["b", "d"] {
        fs::write(place.join(name), "0123456789abcdef\n".repeat(100_000)).unwrap();
    }
    fs::remove_file(place.join("e")).unwrap();
    fs::write(place.join("f: *"), "to be renamed\n".repeat(10)).unwrap();
    commit_all(&place);
    let branch = repository.branch.lock().unwrap().clone().unwrap();
    let changes = changes::read(&repository.home, &repository.known, &branch, &place).await;
    let changes = changes.unwrap();
    let shown: Vec<_> = changes
        .files
        .iter()
        .map(|it| (it.file.path.as_str(), it.patch.is_some()))
        .collect();
    let expected = [
        ("a", true),
        ("b", false),
        ("c", true),
        ("d", false),
        ("f: *", true),
    ];
    assert_eq!(shown, expected);
    assert_eq!(changes.files[4].file.old_path.as_deref(), Some("e"));
    assert!(changes.is_cut);
    let said = changes.left_out();
    assert!(said[0].contains("the patches of b, d:"), "{said:?}");
}

#[tokio::test]
async fn new_files_are_shown_as_additions_and_no_link_is_followed() {
    let repository = Repository::new();
    let (place, _) = repository.tracked().await;
    let secret = repository.path.with_file_name("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("key"), "hidden\n").unwrap();
    fs::create_dir(place.join("deep")).unwrap();
    fs::write(place.join("deep/text"), "one\n\x1b[31mtwo").unwrap();
    fs::write(place.join("bytes"), b"\0\x01\x02").unwrap();
    fs::write(place.join("empty"), "").unwrap();
    fs::write(place.join("long"), "x".repeat(100_000)).unwrap();
    symlink(secret.join("key"), place.join("link")).unwrap();
    let branch = repository.branch.lock().unwrap().clone().unwrap();
    let before = git(&place, &["status", "--porcelain"]);
    let changes = changes::read(&repository.home, &repository.known, &branch, &place).await;
    let changes = changes.unwrap();
    let shown: Vec<_> = changes
        .files
        .iter()
        .map(|it| (it.file.path.as_str(), it.file.kind, it.patch.as_deref()))
        .collect();
    let text = "@@ -0,0 +1,2 @@\n+one\n+two\n\\ No newline at end of file\n";
    let target = secret.join("key");
    let link = format!(
        "@@ -0,0 +1 @@\n+{}\n\\ No newline at end of file\n",
        target.display()
    );
    let expected = [
        ("bytes", ChangeKind::Binary, None),
        ("deep/text", ChangeKind::Added, Some(text)),
        ("empty", ChangeKind::Added, None),
        ("link", ChangeKind::Added, Some(&*link)),
        ("long", ChangeKind::Added, None),
    ];
    assert_eq!(shown, expected);
    let said = changes.left_out();
    assert!(said[0].contains("the patches of long:"), "{said:?}");
    assert_eq!(git(&place, &["status", "--porcelain"]), before);

    // A folder that has become a link since git looked.
    symlink(&secret, place.join("through")).unwrap();
    new_files::read(&place, "through/key").unwrap_err();
    new_files::read(&place, "../secret/key").unwrap_err();
}
