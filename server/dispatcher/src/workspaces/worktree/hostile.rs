//! Repositories and worktrees in which others have laid traps: each would run a program of theirs.

use std::os::unix::fs::symlink;

use domain::changes::Changes;

use super::super::Repository as Opened;
use super::super::tracked::Tracked;
use super::tests::{Repository, commit_all, git};
use super::*;
use crate::changes;
use crate::lanes::fixture::write_program;

/// A program that records that it was run, and by which name.
struct Trap {
    program: PathBuf,
    ran: PathBuf,
}

impl Trap {
    fn new(folder: &Path) -> Self {
        let (program, ran) = (folder.join("trap"), folder.join("ran"));
        let script = format!(
            "#!/bin/sh\necho \"${{1:-$0}}\" >> '{}'\ncat\n",
            ran.display()
        );
        write_program(&program, &script);
        Self { program, ran }
    }

    /// Lays every trap that a git folder has room for.
    fn lay(&self, git_folder: &Path, worktree: &Path) {
        fs::create_dir_all(git_folder.join("hooks")).unwrap();
        for hook in [
            "post-checkout",
            "reference-transaction",
            "post-index-change",
            "pre-auto-gc",
        ] {
            let script = format!(
                "#!/bin/sh\nexec {} hook </dev/null\n",
                self.program.display()
            );
            write_program(&git_folder.join("hooks").join(hook), &script);
        }
        let settings = [
            ("core.fsmonitor", "fsmonitor"),
            ("filter.trap.smudge", "smudge"),
            ("filter.trap.clean", "clean"),
            ("diff.trap.textconv", "textconv"),
            ("diff.external", "diff"),
            ("merge.trap.driver", "merge"),
            ("gpg.program", "gpg"),
            ("core.pager", "pager"),
            ("core.sshCommand", "ssh"),
            ("core.editor", "editor"),
            ("credential.helper", "credential"),
        ];
        let config = git_folder.join("config");
        let config = config.to_str().unwrap();
        for (name, says) in settings {
            let runs = format!("{} {says}", self.program.display());
            git(worktree, &["config", "--file", config, name, &runs]);
        }
        fs::create_dir_all(git_folder.join("info")).unwrap();
        fs::write(
            git_folder.join("info/attributes"),
            "* filter=trap diff=trap merge=trap\n",
        )
        .unwrap();
    }

    /// The programs that ran.
    fn ran(&self) -> String {
        fs::read_to_string(&self.ran).unwrap_or_default()
    }
}

/// Returns true when the worktree has changes, as gc asks.
async fn has_changes(repository: &Repository, place: &Path) -> Result<bool, Error> {
    let trust = repository.known.trust(&repository.path)?;
    let opened = Opened::open(&repository.home, &repository.path, trust).await?;
    let made = Made::find(&opened, place)?;
    Ok(made.has_changes().await? || !made.is_on_a_branch().await?)
}

/// Removes the worktree, as gc does.
async fn remove(repository: &Repository, place: &Path) -> Result<(), Error> {
    let trust = repository.known.trust(&repository.path)?;
    let opened = Opened::open(&repository.home, &repository.path, trust).await?;
    Made::find(&opened, place)?;
    fs::remove_dir_all(place).unwrap();
    forget(&opened, place).await
}

/// Makes a file look changed to git, which then has to read it.
fn touch(path: &Path) {
    let text = fs::read(path).unwrap();
    fs::remove_file(path).unwrap();
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn git_runs_no_program_that_a_repository_names() {
    let repository = Repository::new();
    let trap = Trap::new(repository.folder.path());
    trap.lay(&repository.path.join(".git"), &repository.path);
    let made = repository.made(Some(&repository.path), None).await;
    assert_eq!(trap.ran(), "");
    touch(&made.path.join("file"));
    assert!(!has_changes(&repository, &made.path).await.unwrap());
    fs::write(made.path.join("file"), "changed").unwrap();
    assert!(has_changes(&repository, &made.path).await.unwrap());
    fs::write(made.path.join("file"), "first").unwrap();
    remove(&repository, &made.path).await.unwrap();
    assert!(!made.path.exists());
    // Of a branch that is there already, too.
    repository.made(Some(&repository.path), None).await;
    assert_eq!(trap.ran(), "");
}

/// A worktree in which a worker has committed to its branch, with traps laid since.
async fn worked_in(repository: &Repository, trap: &Trap) -> (PathBuf, Tracked) {
    let made = repository.made(Some(&repository.path), None).await;
    fs::write(made.path.join(".gitattributes"), ATTRIBUTES).unwrap();
    fs::write(made.path.join("file"), "second\n").unwrap();
    commit_all(&made.path);
    for setting in [
        "log.showSignature",
        "commit.gpgSign",
        "diff.autoRefreshIndex",
    ] {
        git(&repository.path, &["config", setting, "true"]);
    }
    trap.lay(&repository.path.join(".git"), &repository.path);
    fs::remove_file(&trap.ran).ok();
    let branch = repository.branch.lock().unwrap().clone();
    let tracked = Tracked {
        repository: repository.path.clone(),
        trust: repository.known.trust(&repository.path).unwrap(),
        branch,
    };
    (made.path, tracked)
}

const ATTRIBUTES: &str = "* filter=trap diff=trap merge=trap\n";

/// The changes of the task, as somebody who looks at it asks for them.
async fn changes(repository: &Repository, place: &Path) -> Result<Changes, Error> {
    let branch = repository.branch.lock().unwrap().clone().unwrap();
    changes::read(&repository.home, &repository.known, &branch, place).await
}

#[tokio::test]
async fn looking_at_work_runs_no_program_that_anybody_names() {
    let repository = Repository::new();
    let trap = Trap::new(repository.folder.path());
    let (place, tracked) = worked_in(&repository, &trap).await;
    for is_clean in [true, false] {
        let facts = tracked.facts(&repository.home, &place).await.unwrap();
        assert_eq!((facts.is_clean, facts.files.len()), (Some(is_clean), 2));
        let changes = changes(&repository, &place).await.unwrap();
        assert_eq!((changes.commits.len(), changes.files.len()), (1, 2));
        assert!(changes.files.iter().all(|file| file.patch.is_some()));
        fs::write(place.join("file"), "third\n").unwrap();
    }
    tracked.tip(&repository.home).await.unwrap();
    assert_eq!(trap.ran(), "");
}

#[tokio::test]
async fn merging_parents_runs_no_program_that_a_repository_names() {
    let repository = Repository::new();
    let trap = Trap::new(repository.folder.path());
    for (number, text) in [(2, "a\nb\nc\nd\ne\nother\n"), (3, "mine\na\nb\nc\nd\ne\n")] {
        let name = format!("kanban/t_{number:08x}");
        if number == 2 {
            fs::write(repository.path.join("file"), "a\nb\nc\nd\ne\n").unwrap();
            fs::write(repository.path.join(".gitattributes"), ATTRIBUTES).unwrap();
            commit_all(&repository.path);
            git(&repository.path, &["branch", "start"]);
        }
        git(
            &repository.path,
            &["checkout", "--quiet", "-b", &name, "start"],
        );
        fs::write(repository.path.join("file"), text).unwrap();
        commit_all(&repository.path);
    }
    git(&repository.path, &["checkout", "--quiet", "start"]);
    trap.lay(&repository.path.join(".git"), &repository.path);
    fs::remove_file(&trap.ran).ok();
    let prepared = repository.prepare(Some(&repository.path), None).unwrap();
    let parents = [2, 3].map(|number| ParentBranch {
        task: TaskId::from_bits(number),
        tip: None,
        landed: None,
    });
    let worktree = Worktree {
        parents: parents.to_vec(),
        ..prepared.worktree.unwrap()
    };
    let token = RunToken::from_bits(1);
    let added = worktree.add(&repository.home, &prepared.path, &token).await;
    added.unwrap();
    let merged = fs::read_to_string(prepared.path.join("file")).unwrap();
    assert_eq!(merged, "mine\na\nb\nc\nd\ne\nother\n");
    assert_eq!(trap.ran(), "");
}

#[tokio::test]
async fn of_a_worktree_whose_git_was_swapped_only_the_branch_is_shown() {
    let repository = Repository::new();
    let trap = Trap::new(repository.folder.path());
    let (place, tracked) = worked_in(&repository, &trap).await;
    let evil = repository.folder.path().join("evil");
    fs::create_dir(&evil).unwrap();
    git(&evil, &["init", "--quiet"]);
    trap.lay(&evil.join(".git"), &evil);
    fs::remove_file(place.join(".git")).unwrap();
    fs::rename(evil.join(".git"), place.join(".git")).unwrap();
    fs::write(place.join("file"), "evil").unwrap();
    let refused = tracked.facts(&repository.home, &place).await.unwrap_err();
    assert!(matches!(refused, Error::NotListedByGit(_)), "{refused}");
    let changes = changes(&repository, &place).await.unwrap();
    let file = changes.files.iter().find(|it| it.file.path == "file");
    let patch = file.unwrap().patch.clone().unwrap();
    assert!(
        patch.contains("+second") && !patch.contains("evil"),
        "{patch}"
    );
    assert_eq!(trap.ran(), "");
}

/// An imported board can name anything.
#[tokio::test]
async fn what_the_board_has_on_record_is_taken_for_no_option() {
    let repository = Repository::new();
    let prepared = repository.prepare(Some(&repository.path.join(".worktrees/t_2")), None);
    let trap = Trap::new(repository.folder.path());
    let (place, mut tracked) = worked_in(&repository, &trap).await;
    let written = repository.folder.path().join("written");
    let option = format!("--output={}", written.display());
    let mut branch = tracked.branch.clone().unwrap();
    branch.base = Some(option.clone());
    *repository.branch.lock().unwrap() = Some(branch.clone());
    tracked.branch = Some(branch);
    assert_eq!(
        tracked.facts(&repository.home, &place).await.unwrap().base,
        None
    );
    assert_eq!(changes(&repository, &place).await.unwrap().commits.len(), 1);
    let parent = ParentBranch {
        task: TaskId::from_bits(9),
        tip: Some(option),
        landed: None,
    };
    let worktree = Worktree {
        branch: "kanban/t_00000002".to_owned(),
        parents: vec![parent],
        ..prepared.unwrap().worktree.unwrap()
    };
    let token = RunToken::from_bits(1);
    let refused = worktree
        .begin(&repository.home, &token)
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, Error::ParentGone { .. }), "{refused}");
    assert!(!written.exists());
}

#[tokio::test]
async fn a_repository_that_leads_to_another_is_refused() {
    let repository = Repository::new();
    let elsewhere = Repository::new();
    let (here, there) = (repository.path.join(".git"), elsewhere.path.join(".git"));
    let refused = async || {
        let prepared = match repository.prepare(Some(&repository.path), None) {
            Ok(prepared) => prepared,
            Err(error) => return matches!(error, Error::NotListed(_)),
        };
        let Some(worktree) = &prepared.worktree else {
            return false;
        };
        let token = RunToken::from_bits(1);
        let added = worktree.add(&repository.home, &prepared.path, &token).await;
        matches!(added, Err(Error::NotListed(_)))
    };
    fs::write(here.join("commondir"), there.display().to_string()).unwrap();
    assert!(refused().await);
    fs::remove_file(here.join("commondir")).unwrap();
    fs::rename(here.join("refs"), here.join("aside")).unwrap();
    std::os::unix::fs::symlink(there.join("refs"), here.join("refs")).unwrap();
    assert!(refused().await);
}

/// A worker can write the git folder of its repository.
#[tokio::test]
async fn git_waits_for_no_pipe_in_a_git_folder() {
    let repository = Repository::new();
    let first = repository.made(Some(&repository.path), None).await;
    git(&first.path, &["checkout", "--quiet", "--detach"]);
    git(&first.path, &["branch", "--delete", "kanban/t_00000001"]);
    let prepared = |path: &Path| repository.prepare(Some(path), None).unwrap();
    let next = prepared(&repository.path.join(".worktrees/t_2"));
    let folder = repository.path.join(".git");
    let token = RunToken::from_bits(2);
    for name in [
        "config",
        "info/exclude",
        "packed-refs",
        "refs/heads/other",
        "worktrees/t_00000001/HEAD",
    ] {
        let (pipe, aside) = (folder.join(name), folder.join("aside"));
        let was_there = fs::rename(&pipe, &aside).is_ok();
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let worktree = next.worktree.as_ref().unwrap();
        let added = worktree.add(&repository.home, &next.path, &token).await;
        let error = added.unwrap_err();
        assert!(
            matches!(&error, Error::WaitedFor(path) if path.ends_with(name)),
            "{name}: {error}"
        );
        fs::remove_file(&pipe).unwrap();
        if was_there {
            fs::rename(&aside, &pipe).unwrap();
        }
    }
}

#[tokio::test]
async fn of_a_trusted_repository_hooks_and_filters_run_and_nothing_else() {
    let mut repository = Repository::new();
    repository.known.trusted = vec![repository.path.clone()];
    let trap = Trap::new(repository.folder.path());
    trap.lay(&repository.path.join(".git"), &repository.path);
    let made = repository.made(Some(&repository.path), None).await;
    touch(&made.path.join("file"));
    assert!(!has_changes(&repository, &made.path).await.unwrap());
    let ran = trap.ran();
    let ran: std::collections::BTreeSet<&str> = ran.lines().collect();
    assert_eq!(ran, ["clean", "hook", "smudge"].into());
}

#[tokio::test]
async fn a_git_that_a_worker_put_into_its_worktree_is_not_asked() {
    let repository = Repository::new();
    let trap = Trap::new(repository.folder.path());
    let evil = repository.folder.path().join("evil");
    fs::create_dir(&evil).unwrap();
    git(&evil, &["init", "--quiet"]);
    fs::write(evil.join("file"), "evil").unwrap();
    commit_all(&evil);
    trap.lay(&evil.join(".git"), &evil);
    git(
        &evil,
        &[
            "-c",
            "core.hooksPath=",
            "-c",
            "core.fsmonitor=false",
            "worktree",
            "add",
            "--no-checkout",
            "-b",
            "x",
            "wt",
        ],
    );
    fs::remove_file(&trap.ran).ok();
    let made = repository.made(Some(&repository.path), None).await;
    let link = made.path.join(".git");
    let as_made = fs::read_to_string(&link).unwrap();
    let put_folder = || {
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .args([&evil.join(".git"), &link])
            .status();
        assert!(copied.unwrap().success());
    };
    let put_link = || symlink(evil.join(".git"), &link).unwrap();
    let put_file = || {
        let folder = evil.join(".git/worktrees/wt");
        fs::write(folder.join("gitdir"), link.to_str().unwrap()).unwrap();
        fs::write(&link, format!("gitdir: {}\n", folder.display())).unwrap();
    };
    let put_pipe = || {
        let made = std::process::Command::new("mkfifo").arg(&link).status();
        assert!(made.unwrap().success());
    };
    let tricks: [&dyn Fn(); 4] = [&put_folder, &put_link, &put_file, &put_pipe];
    for trick in tricks {
        fs::remove_file(&link)
            .or_else(|_| fs::remove_dir_all(&link))
            .unwrap();
        trick();
        let refused = has_changes(&repository, &made.path).await.unwrap_err();
        assert!(matches!(refused, Error::NotListedByGit(_)), "{refused}");
        assert!(remove(&repository, &made.path).await.is_err());
        // Nor when the task is tried again.
        for path in [&repository.path, &made.path] {
            if let Ok(again) = repository.prepare(Some(path), None) {
                assert_eq!((again.worktree, again.ours), (None, None));
            }
        }
        assert!(made.path.join("file").exists());
        assert_eq!(trap.ran(), "");
    }
    fs::remove_file(&link).unwrap();
    fs::write(&link, as_made).unwrap();
    assert!(!has_changes(&repository, &made.path).await.unwrap());
}

#[tokio::test]
async fn a_submodule_is_neither_fetched_nor_looked_into() {
    let repository = Repository::new();
    let trap = Trap::new(repository.folder.path());
    let program = trap.program.display();
    let modules = format!(
        "[submodule \"sub\"]\n\tpath = sub\n\turl = \"ext::{program} url\"\n\tupdate = \"!{program} update\"\n"
    );
    fs::write(repository.path.join(".gitmodules"), modules).unwrap();
    let commit = git(&repository.path, &["rev-parse", "HEAD"]);
    let entry = format!("160000,{},sub", commit.trim());
    git(
        &repository.path,
        &["update-index", "--add", "--cacheinfo", &entry],
    );
    for (name, value) in [
        ("submodule.sub.active", "true"),
        ("submodule.sub.url", &format!("ext::{program} url")),
        ("submodule.sub.update", &format!("!{program} update")),
        ("submodule.recurse", "true"),
        ("protocol.ext.allow", "always"),
    ] {
        git(&repository.path, &["config", name, value]);
    }
    fs::create_dir(repository.path.join("sub")).unwrap();
    git(&repository.path, &["add", ".gitmodules"]);
    git(
        &repository.path,
        &["commit", "--quiet", "--message=a submodule"],
    );
    let made = repository.made(Some(&repository.path), None).await;
    assert!(made.path.join("sub").is_dir());
    // A worker makes it a repository of its own liking.
    let sub = made.path.join("sub");
    git(&sub, &["init", "--quiet"]);
    git(
        &sub,
        &["fetch", "--quiet", repository.path.to_str().unwrap()],
    );
    git(&sub, &["checkout", "--quiet", commit.trim()]);
    trap.lay(&sub.join(".git"), &sub);
    touch(&sub.join("file"));
    fs::remove_file(&trap.ran).ok();
    has_changes(&repository, &made.path).await.unwrap();
    remove(&repository, &made.path).await.ok();
    assert_eq!(trap.ran(), "");
}

#[tokio::test]
async fn a_repository_that_is_not_listed_is_refused_whoever_names_it() {
    let mut repository = Repository::new();
    let listed = std::mem::take(&mut repository.known);
    let place = repository.path.join(".worktrees/t_1");
    for path in [&repository.path, &place] {
        let refused = repository.prepare(Some(path), None).unwrap_err();
        assert!(matches!(refused, Error::NotListed(_)), "{refused}");
    }
    repository.known = listed;
    assert!(repository.prepare(Some(&repository.path), None).is_ok());
    // By another name it is the same one.
    let link = repository.folder.path().join("link");
    symlink(&repository.path, &link).unwrap();
    assert!(repository.prepare(Some(&link), None).is_ok());
}

#[tokio::test]
async fn a_task_puts_no_worktree_where_its_files_could_be_programs() {
    let repository = Repository::new();
    let outside = repository.folder.path().join("config/autostart");
    let escaping = repository.path.join(".worktrees/../.git/hooks-2");
    fs::create_dir(repository.path.join(".worktrees")).unwrap();
    symlink(
        repository.folder.path(),
        repository.path.join(".worktrees/out"),
    )
    .unwrap();
    let behind_a_link = repository.path.join(".worktrees/out/t_1");
    let in_git_folder = repository.path.join(".git/new");
    for path in [&outside, &escaping, &behind_a_link, &in_git_folder] {
        let refused = repository.prepare(Some(path), Some(&repository.path));
        let refused = refused.unwrap_err();
        assert!(matches!(refused, Error::NoPlace { .. }), "{refused}");
    }
}
