//! Garbage collection, and above all what it keeps: workspaces, worktrees, logs and events.

mod brought_back;

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::ensure;
use domain::id::TaskId;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{Board, Said, program, within};

/// Removes everything that may be removed, however new it is.
const NOW: [&str; 3] = [
    "--event-retention-days=0",
    "--log-retention-days=0",
    "--workspace-retention-days=0",
];

async fn gc(board: &Board, flags: &[&str]) -> anyhow::Result<Said> {
    board.kanban(&[&["gc"], flags].concat()).await
}

/// A task of lane `shell` that is done.
async fn done(board: &Board, body: &str, flags: &[&str]) -> anyhow::Result<TaskId> {
    let task = board
        .create(
            "work",
            &[&["--assignee", "shell", "--body", body], flags].concat(),
        )
        .await?;
    board.happened(&task, "completed").await?;
    // The look that follows has put the run away: nothing of the task is in use any more.
    board.post("/dispatch", &json!({})).await?;
    Ok(task)
}

async fn archived(board: &Board, body: &str, flags: &[&str]) -> anyhow::Result<TaskId> {
    let task = done(board, body, flags).await?;
    let said = board.kanban(&["archive", task.as_str()]).await?;
    ensure!(said.code == Some(0), "{said:?}");
    Ok(task)
}

fn workspace(board: &Board, task: &TaskId) -> PathBuf {
    board.home().join("kanban/workspaces").join(task.as_str())
}

/// A git repository with one commit, beside the home folder, which tasks may name.
async fn repository(board: &Board) -> anyhow::Result<PathBuf> {
    let path = board.home().with_file_name("repository");
    let listed = path.display();
    board.configure(&format!("[board]\nrepositories = [\"{listed}\"]\n"))?;
    fs::create_dir(&path)?;
    fs::write(path.join("file"), "first\n")?;
    git(&path, "init --quiet").await?;
    git(&path, "add file").await?;
    git(
        &path,
        "-c user.name=a -c user.email=a@b commit --quiet -m first",
    )
    .await?;
    board.logged("the settings were read again").await?;
    Ok(path)
}

async fn git(folder: &Path, words: &str) -> anyhow::Result<String> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(words.split(' '))
        .output()
        .await?;
    ensure!(output.status.success(), "git {words}: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn nothing_is_removed_when_a_task_is_done_or_was_archived_lately() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let done = done(&board, "echo mine > draft", &[]).await?;
    let archived = archived(&board, "echo mine > draft", &[]).await?;
    assert_eq!(
        gc(&board, &[]).await?.out,
        "GC complete: 0 workspace(s), 0 event row(s), 0 log file(s) removed\n"
    );
    gc(&board, &NOW).await?;
    assert!(workspace(&board, &done).join("draft").exists());
    assert!(!workspace(&board, &archived).exists());
    Ok(())
}

#[tokio::test]
async fn a_dry_run_says_what_would_go_and_removes_nothing() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let task = archived(&board, "echo mine > draft", &[]).await?;
    let log = board.home().join(format!("kanban/logs/{task}.log"));
    let shown = async || -> anyhow::Result<_> {
        let mut shown = board.task(&task).await?;
        shown["task"]["age"] = Value::Null;
        Ok(shown)
    };
    let before = shown().await?;
    let dry = gc(&board, &[&NOW[..], &["--dry-run"]].concat()).await?;
    for line in [
        format!("would remove {}", workspace(&board, &task).display()),
        format!("would remove {}", log.display()),
    ] {
        assert!(dry.out.lines().any(|said| said == line), "{}", dry.out);
    }
    assert!(
        dry.out.contains("GC dry run: 1 workspace(s), "),
        "{}",
        dry.out
    );
    assert!(workspace(&board, &task).join("draft").exists() && log.exists());
    assert_eq!(shown().await?, before);

    let wet = gc(&board, &NOW).await?;
    let counts = |said: &Said| {
        let line = said.out.lines().last().unwrap_or_default();
        line.split(|char: char| !char.is_ascii_digit())
            .collect::<String>()
    };
    assert_eq!(counts(&wet), counts(&dry), "{dry:?} {wet:?}");
    assert!(!workspace(&board, &task).exists() && !log.exists());
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_removed_is_promised_by_no_dry_run_and_told_with_the_exit_status()
-> anyhow::Result<()> {
    let board = Board::running().await?;
    // Folders that lie too deep in each other.
    let body = "for i in $(seq 300); do mkdir d && cd d; done";
    let task = archived(&board, body, &[]).await?;
    let place = workspace(&board, &task);
    let dry = gc(&board, &[&NOW[..], &["--dry-run"]].concat()).await?;
    let kept = format!("kept {}: it cannot be removed: too many", place.display());
    assert!(dry.out.contains(&kept), "{dry:?}");
    assert!(dry.out.contains(": 0 workspace(s), "), "{dry:?}");
    assert_eq!(dry.code, Some(0));
    let wet = gc(&board, &NOW).await?;
    assert!(
        wet.out.contains("it cannot be removed: too many"),
        "{wet:?}"
    );
    assert!(wet.out.contains(": 0 workspace(s), "), "{wet:?}");
    assert_eq!(wet.code, Some(1), "{wet:?}");
    Ok(())
}

#[tokio::test]
async fn a_folder_that_a_person_named_is_never_removed() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let projects = board.home().with_file_name("projects");
    let inside = board.home().join("kanban/workspaces/shared");
    for folder in [&projects, &inside] {
        let flag = format!("dir:{}", folder.display());
        archived(&board, "echo mine > draft", &["--workspace", &flag]).await?;
    }
    let collected = gc(&board, &NOW).await?;
    assert!(
        collected.out.contains("GC complete: 0 workspace(s)"),
        "{}",
        collected.out
    );
    assert!(projects.join("draft").exists() && inside.join("draft").exists());
    Ok(())
}

#[tokio::test]
async fn a_workspace_that_another_task_works_in_stays() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let first = archived(&board, "echo mine > draft", &[]).await?;
    let place = workspace(&board, &first);
    let flag = format!("dir:{}", place.display());
    let second = board
        .create("goes on there", &["--workspace", &flag])
        .await?;
    let collected = gc(&board, &NOW).await?;
    let kept = format!("kept {}: task {second} works in it\n", place.display());
    assert!(collected.out.starts_with(&kept), "{}", collected.out);
    assert!(place.join("draft").exists());
    Ok(())
}

#[tokio::test]
async fn what_is_behind_a_link_is_never_removed() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let task = archived(&board, "true", &[]).await?;
    let projects = board.home().with_file_name("projects");
    fs::create_dir(&projects)?;
    fs::write(projects.join("draft"), "mine")?;
    let place = workspace(&board, &task);
    fs::remove_dir(&place)?;
    symlink(&projects, &place)?;
    let collected = gc(&board, &NOW).await?;
    let kept = format!(
        "kept {}: it is not a folder that we made\n",
        place.display()
    );
    assert!(collected.out.starts_with(&kept), "{}", collected.out);

    let workspaces = place.with_file_name("");
    fs::rename(&workspaces, board.home().join("moved"))?;
    fs::create_dir(projects.join(task.as_str()))?;
    symlink(&projects, board.home().join("kanban/workspaces"))?;
    let collected = gc(&board, &NOW).await?;
    assert!(collected.out.contains("kept "), "{}", collected.out);
    assert!(projects.join("draft").exists() && projects.join(task.as_str()).exists());
    Ok(())
}

#[tokio::test]
async fn what_is_mounted_in_a_workspace_is_never_removed() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let task = archived(&board, "mkdir mounted", &[]).await?;
    let projects = board.home().with_file_name("projects");
    fs::create_dir(&projects)?;
    fs::write(projects.join("draft"), "mine")?;
    let place = workspace(&board, &task);
    // In a name space of its own: nothing stays mounted.
    let in_name_space = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script]);
        command
    };
    if !in_name_space("true").status().await?.success() {
        let test = "what_is_mounted_in_a_workspace_is_never_removed";
        domain::fixture::left_out(test, "a namespace for mounts");
        return Ok(());
    }
    let script = format!(
        "mount --bind \"$1\" \"$2\" && exec \"$0\" gc {}",
        NOW.join(" ")
    );
    let collected = in_name_space(&script)
        .arg(board.command("gc")?.as_std().get_program())
        .args([&projects, &place.join("mounted")])
        .env("KANBAN_HOME", board.home())
        .output()
        .await?;
    let said = String::from_utf8(collected.stdout)?;
    let kept = format!("kept {}: something is mounted in it\n", place.display());
    assert!(said.starts_with(&kept), "{said}");
    assert_eq!(fs::read_to_string(projects.join("draft"))?, "mine");
    Ok(())
}

#[tokio::test]
async fn a_worktree_is_on_a_branch_of_its_own_and_a_dirty_one_stays() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let flag = format!("worktree:{}", repository.display());
    let body = "git branch --show-current; cat file; echo second > file";
    let task = archived(&board, body, &["--workspace", &flag]).await?;
    let branch = format!("kanban/{task}");
    assert_eq!(
        board.task(&task).await?["task"]["result"],
        format!("{branch}\nfirst")
    );
    let place = workspace(&board, &task);

    let collected = gc(&board, &NOW).await?;
    let kept = format!(
        "kept {}: it has changes that are not committed\n",
        place.display()
    );
    assert!(collected.out.starts_with(&kept), "{}", collected.out);
    assert!(place.join("file").exists());

    git(
        &place,
        "-c user.name=a -c user.email=a@b commit --quiet --all -m second",
    )
    .await?;
    let collected = gc(&board, &NOW).await?;
    assert!(
        collected.out.contains("GC complete: 1 workspace(s)"),
        "{}",
        collected.out
    );
    assert!(!place.exists());
    assert_eq!(
        git(&repository, &format!("show {branch}:file")).await?,
        "second\n"
    );
    assert!(
        !git(&repository, "worktree list")
            .await?
            .contains(task.as_str())
    );
    Ok(())
}

/// The settings and hooks of a repository name programs. A worker may write both, and may put a
/// repository of its own into its worktree.
#[tokio::test]
async fn nothing_that_a_worker_wrote_runs_outside_of_its_run() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let ran = board.home().with_file_name("ran");
    let trap = board.home().with_file_name("trap");
    let script = format!("#!/bin/sh\necho ran >> '{}'\ncat\n", ran.display());
    program::write(&trap, &script)?;
    let trap = trap.display();
    let lay = format!(
        "git config core.fsmonitor {trap}; git config filter.x.smudge {trap}; \
         git config filter.x.clean {trap}; common=$(git rev-parse --git-common-dir); \
         mkdir -p $common/hooks $common/info; echo '* filter=x' > $common/info/attributes; \
         for hook in post-checkout reference-transaction post-index-change; \
         do cp {trap} $common/hooks/$hook; done;"
    );
    let flag = format!("worktree:{}", repository.display());
    let flags = ["--workspace", &flag];
    let replaced = format!("rm .git; git init --quiet; {lay}");
    let replaced = archived(&board, &replaced, &flags).await?;
    let poisoned = archived(&board, &lay, &flags).await?;
    fs::remove_file(&ran).ok();

    let next = archived(&board, "cat file", &flags).await?;
    assert_eq!(board.task(&next).await?["task"]["result"], "first");
    for dry in [&["--dry-run"][..], &[]] {
        let collected = gc(&board, &[&NOW[..], dry].concat()).await?;
        let kept = format!(
            "kept {0}: {0} is not the worktree that was made there\n",
            workspace(&board, &replaced).display()
        );
        assert!(collected.out.contains(&kept), "{}", collected.out);
        assert!(
            collected.out.contains(": 2 workspace(s)"),
            "{}",
            collected.out
        );
    }
    assert!(!workspace(&board, &poisoned).exists());
    assert!(!ran.exists(), "{}", fs::read_to_string(&ran)?);
    Ok(())
}

#[tokio::test]
async fn a_pipe_that_a_worker_left_in_its_worktree_is_named_and_waited_for_by_nobody()
-> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let flag = format!("worktree:{}", repository.display());
    let task = archived(&board, "mkfifo .gitignore", &["--workspace", &flag]).await?;
    let pipe = workspace(&board, &task).join(".gitignore");
    let collected = within("gc", gc(&board, &NOW)).await??;
    let named = format!("{} is a pipe or a device", pipe.display());
    assert!(collected.out.contains(&named), "{}", collected.out);
    assert!(pipe.exists());
    done(&board, "true", &["--workspace", &flag]).await?;
    Ok(())
}

#[tokio::test]
async fn a_pipe_in_a_git_folder_is_named_and_takes_up_no_slot() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let flag = format!("worktree:{}", repository.display());
    let body = "c=$(git rev-parse --git-common-dir); mkdir -p $c/info; \
                rm -f $c/info/exclude; mkfifo $c/info/exclude";
    let flags = ["--workspace", &flag];
    done(&board, body, &flags).await?;
    let words = [
        "--assignee",
        "shell",
        "--body",
        "true",
        "--workspace",
        &flag,
    ];
    let next = board.create("next", &words).await?;
    let failed = board.happened(&next, "spawn_auto_blocked").await?;
    let payload = failed.payload.unwrap_or_default();
    let error = payload["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("info/exclude is a pipe or a device"),
        "{error}"
    );
    fs::remove_file(repository.join(".git/info/exclude"))?;
    assert_eq!(
        board.kanban(&["unblock", next.as_str()]).await?.code,
        Some(0)
    );
    board.happened(&next, "completed").await?;
    Ok(())
}

#[tokio::test]
async fn while_somebody_removes_workspaces_tasks_wait_and_are_told_why() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let lock = board.home().join("kanban/workspaces.lock");
    fs::create_dir_all(board.home().join("kanban"))?;
    let lock = File::options().create(true).append(true).open(lock)?;
    lock.lock()?;
    let words = ["--assignee", "shell", "--body", "true"];
    let task = board.create("waits", &words).await?;
    board.logged("old workspaces are being removed").await?;
    let holder = format!("process {}", std::process::id());
    for words in [&["why", task.as_str()][..], &["doctor"]] {
        // It may just be given back.
        let told = async {
            loop {
                let said = board.kanban(words).await?;
                if said.out.contains("old workspaces are being removed") {
                    return anyhow::Ok(said);
                }
            }
        };
        let said = within("the reason", told).await??;
        assert!(said.out.contains(&holder), "{said:?}");
    }
    lock.unlock()?;
    board.happened(&task, "completed").await?;
    let runs = board.kanban(&["runs", task.as_str(), "--json"]).await?;
    assert!(!runs.out.contains("spawn_failed"), "{runs:?}");
    Ok(())
}

#[tokio::test]
async fn a_worktree_that_cannot_be_made_is_a_spawn_failure_with_one_sentence() -> anyhow::Result<()>
{
    let board = Board::running().await?;
    let unlisted = board.home().with_file_name("unlisted");
    fs::create_dir(&unlisted)?;
    git(&unlisted, "init --quiet").await?;
    for (flag, says) in [
        (
            "worktree".to_owned(),
            "workspace: nothing says which repository",
        ),
        (
            format!("worktree:{}", board.home().display()),
            "is there already and is no git worktree",
        ),
        (
            format!("worktree:{}", unlisted.display()),
            "add it to `repositories` of [board] there",
        ),
    ] {
        let flags = [
            "--assignee",
            "shell",
            "--body",
            "true",
            "--workspace",
            &flag,
        ];
        let task = board.create("no repository", &flags).await?;
        let failed = board.happened(&task, "spawn_auto_blocked").await?;
        let payload = failed.payload.unwrap_or_default();
        let error = payload["error"].as_str().unwrap_or_default();
        assert!(error.contains(says) && !error.contains('\n'), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn old_logs_go_and_new_ones_stay() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let (old, new) = (
        done(&board, "echo old", &[]).await?,
        done(&board, "echo new", &[]).await?,
    );
    let log = |task: &TaskId| board.home().join(format!("kanban/logs/{task}.log"));
    let aside = log(&old).with_extension("log.1");
    fs::write(&aside, "older still")?;
    for path in [&log(&old), &aside] {
        File::options()
            .write(true)
            .open(path)?
            .set_modified(SystemTime::UNIX_EPOCH)?;
    }
    let collected = gc(&board, &[]).await?;
    assert!(
        collected.out.ends_with(", 2 log file(s) removed\n"),
        "{}",
        collected.out
    );
    assert!(!log(&old).exists() && !aside.exists() && log(&new).exists());
    Ok(())
}

#[tokio::test]
async fn a_worker_may_not_collect() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let archived = archived(&board, "echo mine > draft", &[]).await?;
    let body = format!("kanban gc {} 2>&1; echo exited with $?", NOW.join(" "));
    let task = done(&board, &body, &[]).await?;
    let result = &board.task(&task).await?["task"]["result"];
    assert!(
        result
            .as_str()
            .unwrap_or_default()
            .ends_with("exited with 1"),
        "{result}"
    );
    assert!(workspace(&board, &archived).join("draft").exists());
    Ok(())
}
