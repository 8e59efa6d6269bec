use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;

use proptest::prelude::*;

use super::*;
use crate::workspaces::worktree_fixture::{Repository, commit_all, git};

fn nobody() -> InUse {
    InUse {
        busy: BTreeSet::new(),
        of_live_tasks: BTreeMap::new(),
    }
}

fn scratch(path: &Path) -> Workspace {
    Workspace {
        path: path.display().to_string(),
        task: TaskId::from_bits(1),
        kind: WorkspaceKind::Scratch,
        repository: None,
        branch: None,
    }
}

async fn removed(home: &Home, workspace: &Workspace, in_use: InUse) -> Result<Removed, Reason> {
    removed_of(home, &Repositories::default(), workspace, in_use).await
}

async fn worktree_removed(repository: &Repository, ours: &Workspace) -> Result<Removed, Reason> {
    removed_of(&repository.home, &repository.known, ours, nobody()).await
}

async fn removed_of(
    home: &Home,
    repositories: &Repositories,
    workspace: &Workspace,
    in_use: InUse,
) -> Result<Removed, Reason> {
    let place = Folders { home, repositories };
    let remove = async |mode| {
        let repository = look_through(place, workspace, in_use.clone()).await?;
        remove(place, workspace, in_use.clone(), repository, mode).await
    };
    let dry = remove(Mode::DryRun).await;
    let path = Path::new(&workspace.path);
    let was_there = path.exists();
    let removed = remove(Mode::Remove).await;
    assert!(
        was_there || !matches!(removed, Ok(Removed::Now(_))),
        "a dry run removed it"
    );
    let removed = match removed {
        Ok(Removed::Now(Some(aside))) => {
            let removed = aside.remove(home).await;
            removed
                .map(|()| Removed::Now(None))
                .map_err(|kept| kept.reason)
        }
        removed => removed,
    };
    assert_eq!(dry.is_ok(), removed.is_ok());
    removed
}

/// A worktree of task 1, and what the board says of it.
async fn worktree(repository: &Repository) -> Workspace {
    let made = repository.made(Some(&repository.path), None).await;
    made.ours.unwrap()
}

#[tokio::test]
async fn a_clean_worktree_goes_and_its_branch_stays() {
    let repository = Repository::new();
    let ours = worktree(&repository).await;
    let place = Path::new(&ours.path);
    fs::write(place.join("file"), "second").unwrap();
    commit_all(place);
    let gone = worktree_removed(&repository, &ours).await;
    assert!(matches!(gone, Ok(Removed::Now(_))));
    assert!(!place.exists());
    let again = worktree(&repository).await;
    assert_eq!(
        fs::read_to_string(Path::new(&again.path).join("file")).unwrap(),
        "second"
    );
}

#[tokio::test]
async fn a_dirty_worktree_is_refused() {
    let repository = Repository::new();
    let ours = worktree(&repository).await;
    let place = Path::new(&ours.path);
    fs::write(place.join("new file"), "not committed").unwrap();
    // Whatever the repository is told to show to people.
    let hide = ["config", "status.showUntrackedFiles", "no"];
    git(place, &hide);
    let refused = worktree_removed(&repository, &ours).await;
    assert!(matches!(refused, Err(Reason::Uncommitted)));
    assert!(place.join("new file").exists());
}

#[tokio::test]
async fn commits_that_are_on_no_branch_are_not_lost() {
    let repository = Repository::new();
    let ours = worktree(&repository).await;
    let place = Path::new(&ours.path);
    git(place, &["checkout", "--quiet", "--detach"]);
    fs::write(place.join("file"), "second").unwrap();
    commit_all(place);
    let refused = worktree_removed(&repository, &ours).await;
    assert!(matches!(refused, Err(Reason::OnNoBranch)));
    assert!(place.exists());
}

#[tokio::test]
async fn a_worktree_goes_with_empty_submodules_and_stays_with_one_that_is_checked_out() {
    for is_checked_out in [false, true] {
        let repository = Repository::new();
        let commit = git(&repository.path, &["rev-parse", "HEAD"]);
        let entry = format!("160000,{},sub", commit.trim());
        let add = ["update-index", "--add", "--cacheinfo", &entry];
        git(&repository.path, &add);
        git(&repository.path, &["commit", "--quiet", "--message=sub"]);
        let ours = worktree(&repository).await;
        let sub = Path::new(&ours.path).join("sub");
        if is_checked_out {
            git(&sub, &["init", "--quiet"]);
            let from = repository.path.to_str().unwrap();
            git(&sub, &["fetch", "--quiet", from]);
            git(&sub, &["checkout", "--quiet", commit.trim()]);
        }
        let gone = worktree_removed(&repository, &ours).await;
        if is_checked_out {
            assert!(matches!(gone, Err(Reason::Submodules)));
            assert!(sub.join("file").exists());
        } else {
            assert!(matches!(gone, Ok(Removed::Now(_))));
        }
    }
}

fn pipe(at: &Path) {
    let made = std::process::Command::new("mkfifo").arg(at).status();
    assert!(made.unwrap().success());
}

#[tokio::test]
async fn a_pipe_that_git_would_wait_for_is_named() {
    let repository = Repository::new();
    let ours = worktree(&repository).await;
    let place = Path::new(&ours.path);
    fs::create_dir(place.join("inner")).unwrap();
    for name in [".gitignore", "inner/.gitattributes"] {
        pipe(&place.join(name));
        let refused = worktree_removed(&repository, &ours).await.err().unwrap();
        let said = refused.to_string();
        assert!(said.contains(name), "{said}");
        fs::remove_file(place.join(name)).unwrap();
    }
    pipe(&place.join("other"));
    let gone = worktree_removed(&repository, &ours).await;
    assert!(matches!(gone, Ok(Removed::Now(_))));
}

#[tokio::test]
async fn files_that_git_is_told_to_look_away_from_are_not_lost() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let repository = Repository::new();
        let ours = worktree(&repository).await;
        let place = Path::new(&ours.path);
        git(place, &["update-index", flag, "file"]);
        fs::write(place.join("file"), "second").unwrap();
        let refused = worktree_removed(&repository, &ours).await;
        assert!(matches!(refused, Err(Reason::Hidden)), "{flag}");
        assert!(place.join("file").exists());
    }
}

#[tokio::test]
async fn a_sparse_checkout_goes() {
    let repository = Repository::new();
    let ours = worktree(&repository).await;
    let place = Path::new(&ours.path);
    git(place, &["update-index", "--skip-worktree", "file"]);
    fs::remove_file(place.join("file")).unwrap();
    let gone = worktree_removed(&repository, &ours).await;
    assert!(matches!(gone, Ok(Removed::Now(_))));
}

#[tokio::test]
async fn a_repository_in_an_ignored_folder_is_not_lost() {
    for bare in [&["--quiet"][..], &["--quiet", "--bare"]] {
        let repository = Repository::new();
        fs::write(repository.path.join(".gitignore"), "build/\n").unwrap();
        commit_all(&repository.path);
        let ours = worktree(&repository).await;
        let nested = Path::new(&ours.path).join("build/nested");
        fs::create_dir_all(&nested).unwrap();
        git(&nested, &[&["init"], bare].concat());
        let refused = worktree_removed(&repository, &ours).await;
        assert!(matches!(&refused, Err(Reason::Nested(path)) if *path == nested));
        fs::remove_dir_all(&nested).unwrap();
        let gone = worktree_removed(&repository, &ours).await;
        assert!(matches!(gone, Ok(Removed::Now(_))));
    }
}

#[tokio::test]
async fn a_commit_that_only_the_log_of_head_knows_is_not_lost() {
    let repository = Repository::new();
    let ours = worktree(&repository).await;
    let place = Path::new(&ours.path);
    let branch = "kanban/t_00000001";
    git(place, &["checkout", "--quiet", "--detach"]);
    fs::write(place.join("file"), "second").unwrap();
    commit_all(place);
    git(place, &["checkout", "--quiet", branch]);
    let refused = worktree_removed(&repository, &ours).await;
    assert!(matches!(refused, Err(Reason::OnNoBranch)));
    git(place, &["branch", "kept", "HEAD@{1}"]);
    let gone = worktree_removed(&repository, &ours).await;
    assert!(matches!(gone, Ok(Removed::Now(_))));
}

#[tokio::test]
async fn a_locked_worktree_stays() {
    let repository = Repository::new();
    let ours = worktree(&repository).await;
    git(&repository.path, &["worktree", "lock", &ours.path]);
    let refused = worktree_removed(&repository, &ours).await;
    assert!(matches!(refused, Err(Reason::Locked)));
    assert!(Path::new(&ours.path).join("file").exists());
}

/// Mounts are made in a namespace of their own, which not every system gives away.
#[tokio::test]
async fn a_worktree_in_which_something_is_mounted_stays_whole() {
    const INSIDE: &str = "DISPATCHER_TEST_MOUNTS";
    if std::env::var_os(INSIDE).is_none() {
        let apart = || {
            let mut command = std::process::Command::new("unshare");
            command.args(["--user", "--map-root-user", "--mount"]);
            command
        };
        if apart().arg("true").status().is_ok_and(|it| it.success()) {
            let name =
                "gc::workspaces::tests::a_worktree_in_which_something_is_mounted_stays_whole";
            let this = std::env::current_exe().unwrap();
            let again = apart()
                .arg(this)
                .args([name, "--exact"])
                .env(INSIDE, "yes")
                .status();
            assert!(again.unwrap().success());
        } else {
            let test = "a_worktree_in_which_something_is_mounted_stays_whole";
            domain::fixture::left_out(test, "namespaces for users and mounts");
        }
        return;
    }
    let repository = Repository::new();
    let ours = worktree(&repository).await;
    let inner = Path::new(&ours.path).join("inner");
    fs::create_dir(&inner).unwrap();
    let mut mount = std::process::Command::new("mount");
    let mounted = mount.args(["-t", "tmpfs", "none"]).arg(&inner).status();
    assert!(mounted.unwrap().success());
    let refused = worktree_removed(&repository, &ours).await;
    assert!(matches!(refused, Err(Reason::Mounted)));
    assert!(Path::new(&ours.path).join("file").exists());
    let unmounted = std::process::Command::new("umount").arg(&inner).status();
    assert!(unmounted.unwrap().success());
}

#[tokio::test]
async fn a_worktree_whose_repository_is_gone_stays() {
    let repository = Repository::new();
    let ours = worktree(&repository).await;
    fs::rename(&repository.path, repository.path.with_file_name("moved")).unwrap();
    let refused = worktree_removed(&repository, &ours).await;
    assert!(matches!(refused, Err(Reason::Git(_))));
    assert!(Path::new(&ours.path).join("file").exists());
}

#[tokio::test]
async fn a_workspace_is_known_by_every_name_of_its_home() {
    let root = tempfile::tempdir().unwrap();
    let task = TaskId::from_bits(1);
    let (home, link) = (root.path().join("home"), root.path().join("link"));
    let made = Home::at(&home).unwrap().workspace(&task);
    fs::create_dir_all(&made).unwrap();
    symlink(&home, &link).unwrap();
    let gone = removed(&Home::at(&link).unwrap(), &scratch(&made), nobody()).await;
    assert!(matches!(gone, Ok(Removed::Now(_))) && !made.exists());
}

#[tokio::test]
async fn what_another_task_works_in_stays() {
    let root = tempfile::tempdir().unwrap();
    let home = Home::at(root.path()).unwrap();
    let place = home.workspace(&TaskId::from_bits(1));
    fs::create_dir_all(place.join("inner")).unwrap();
    let other = TaskId::from_bits(2);
    let in_use = InUse {
        of_live_tasks: [(place.join("inner"), other.clone())].into(),
        ..nobody()
    };
    let refused = removed(&home, &scratch(&place), in_use).await;
    assert!(matches!(refused, Err(Reason::InUse(task)) if task == other));
    let in_use = InUse {
        busy: [TaskId::from_bits(1)].into(),
        ..nobody()
    };
    let refused = removed(&home, &scratch(&place), in_use).await;
    assert!(matches!(refused, Err(Reason::RunNotEnded)));
    assert!(place.exists());
}

/// A thing that may lie somewhere in the home folder.
#[derive(Clone, Debug)]
enum Thing {
    Folder,
    File,
    LinkOutside,
    LinkToFileOutside,
    LinkToSibling,
}

fn any_thing() -> impl Strategy<Value = Thing> {
    prop::sample::select(vec![
        Thing::Folder,
        Thing::File,
        Thing::LinkOutside,
        Thing::LinkToFileOutside,
        Thing::LinkToSibling,
    ])
}

fn put(thing: &Thing, at: &Path, outside: &Path) {
    if at.parent().is_some_and(Path::is_dir) && at.symlink_metadata().is_err() {
        match thing {
            Thing::Folder => fs::create_dir(at).unwrap(),
            Thing::File => fs::write(at, "x").unwrap(),
            Thing::LinkOutside => symlink(outside, at).unwrap(),
            Thing::LinkToFileOutside => symlink(outside.join("draft"), at).unwrap(),
            Thing::LinkToSibling => symlink("t_00000002", at).unwrap(),
        }
    }
}

/// All paths below a folder, links not followed.
fn all_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.unwrap();
        found.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            found.extend(all_in(&entry.path()));
        }
    }
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn gc_never_touches_a_path_outside_its_root_or_through_a_link(
        above in any_thing(),
        things in prop::collection::vec((any_thing(), "(t_00000001|t_00000002)(/[ab]){0,3}"), 0..16),
        recorded in "(t_0000000[12]|t_00000001/a|\\.\\./\\.\\./outside|t_00000002/\\.\\./\\.\\.|)",
    ) {
        let folder = tempfile::tempdir().unwrap();
        // So deep that no number of `..` leads out of the folder, should the code be wrong.
        let root = folder.path().join("1/2/3/4/5/6");
        let home = Home::at(root.join("home")).unwrap();
        let outside = root.join("outside");
        fs::create_dir_all(outside.join("t_00000001/a")).unwrap();
        fs::write(outside.join("draft"), "mine").unwrap();
        fs::create_dir_all(home.workspaces().parent().unwrap()).unwrap();
        put(&above, &home.workspaces(), &outside);
        for (thing, path) in &things {
            // What lies behind a link is outside, and stays as it is.
            if !matches!(above, Thing::Folder) { continue; }
            let at = home.workspaces().join(path);
            if at.parent().is_some_and(|parent| parent.canonicalize().is_ok_and(|real| real.starts_with(home.workspaces().canonicalize().unwrap()))) {
                put(thing, &at, &outside);
            }
        }
        let before = all_in(folder.path());
        let own = home.workspace(&TaskId::from_bits(1));
        let workspace = scratch(&home.workspaces().join(&recorded));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let removed = runtime.block_on(removed(&home, &workspace, nobody()));
        let after = all_in(folder.path());
        let missing: Vec<_> = before.iter().filter(|path| !after.contains(path)).collect();
        prop_assert!(missing.iter().all(|path| path.starts_with(&own)), "{missing:?}");
        prop_assert_eq!(fs::read_to_string(outside.join("draft")).unwrap(), "mine");
        prop_assert_eq!(missing.is_empty(), !matches!(removed, Ok(Removed::Now(_))));
        let was_folder = before.contains(&own) && matches!(above, Thing::Folder);
        if was_folder && recorded == "t_00000001" && removed.is_ok() {
            prop_assert!(!own.exists());
        }
    }
}
