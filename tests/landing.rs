//! Landing, on a real server that is killed and started again.

use anyhow::Context as _;
use serde_json::json;

use crate::changes::{COMMIT, git, repository};
use crate::harness::{Board, Gate, text};

#[tokio::test]
async fn a_landing_outlives_a_server_that_is_killed_and_is_told_through_every_door()
-> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let repository = repository(&board).await?;
    let gate = Gate::of(&board).await?;
    let workspace = format!("worktree:{}", repository.display());
    let body = format!("echo second >> file; {COMMIT}");
    let check = format!(
        // It may read, and change nothing.
        "case $PWD in */landings/*) kanban show \"$KANBAN_TASK\" && ! kanban archive \"$KANBAN_TASK\" \
             && ! kanban land \"$KANBAN_TASK\" --onto other && {{ {}; }} ;; esac",
        gate.script()
    );
    let mut flags = vec!["--assignee", "shell", "--workspace", &workspace];
    flags.extend(["--body", &body, "--check", &check]);
    let task = board.create("a", &flags).await?;
    board.happened(&task, "completed").await?;
    let before = git(&repository, &["rev-parse", "main"])?;

    let land = json!({ "task": task, "method": "rebase" });
    let (status, answer) = board.post("/verbs/land_task", &land).await?;
    assert_eq!(status, 200, "{answer}");
    let (_, detail) = board.get(&format!("/tasks/{task}")).await?;
    assert_eq!(text(&detail, "/landing/onto")?, "main");
    let shown = board.kanban(&["show", task.as_str()]).await?;
    assert!(
        shown.out.contains("landing:   on main, asked for by "),
        "{}",
        shown.out
    );
    // It runs its check by now.
    let opened = gate.open("go");
    board.kill().await?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    opened.await?;
    board.happened(&task, "landed").await?;

    let (_, detail) = board.get(&format!("/tasks/{task}")).await?;
    assert!(detail.get("landing").is_none(), "{detail}");
    let landed = git(&repository, &["rev-parse", "main"])?;
    assert_eq!(text(&detail, "/branch/landed_commit")?, landed);
    let receipts = detail["receipts"]
        .as_array()
        .context("there are receipts")?;
    let verdicts: Vec<_> = receipts.iter().map(|it| &it["check"]["verdict"]).collect();
    assert_eq!(verdicts, ["passed", "passed", "landed"]);
    assert_eq!(receipts[2]["check"]["base"], json!(before));
    let shown = board.kanban(&["show", task.as_str()]).await?;
    let says = format!("landed:    on main as {}", &landed[..10]);
    assert!(shown.out.contains(&says), "{}", shown.out);
    let file = std::fs::read_to_string(repository.join("file"))?;
    assert_eq!(file, "first\nsecond\n");
    let again = board.kanban(&["land", task.as_str()]).await?;
    assert_eq!(again.out, "Nothing to do\n");
    Ok(())
}

#[tokio::test]
async fn a_lane_lands_what_was_checked_and_approved_by_itself() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let script = board.home().join("writer.sh");
    std::fs::write(&script, format!("echo second >> file; {COMMIT}"))?;
    board.configure(&format!(
        "[lanes.writer]\ncommand = [\"sh\", \"{}\", \"{{task_id}}\"]\nsuccess = \"exit\"\n\
         repository = \"{}\"\ncheck = [\"grep\", \"-q\", \"second\", \"file\"]\n\
         review = \"person\"\nland = \"auto\"\n",
        script.display(),
        repository.display()
    ))?;
    let flags = ["--assignee", "writer", "--workspace", "worktree"];
    let task = board.create("a", &flags).await?;
    board.happened(&task, "review_requested").await?;
    let (_, detail) = board.get(&format!("/tasks/{task}")).await?;
    assert!(detail.get("landing").is_none(), "{detail}");
    let approved = board.kanban(&["approve", task.as_str()]).await?;
    assert_eq!(approved.code, Some(0), "{approved:?}");
    board.happened(&task, "landed").await?;
    let file = git(&repository, &["show", "main:file"])?;
    assert_eq!(file, "first\nsecond");
    Ok(())
}

#[tokio::test]
async fn a_task_lands_as_it_says_where_nobody_says_otherwise() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let workspace = format!("worktree:{}", repository.display());
    let body = format!("touch work; {COMMIT}");
    let mut flags = vec!["--assignee", "shell", "--workspace", &workspace];
    flags.extend(["--body", &body, "--land-method", "rebase"]);
    let task = board.create("a", &flags).await?;
    board.happened(&task, "completed").await?;
    let shown = board.kanban(&["show", task.as_str()]).await?;
    assert!(shown.out.contains("lands by:  rebase"), "{}", shown.out);
    let (_, detail) = board.get(&format!("/tasks/{task}")).await?;
    assert_eq!(text(&detail, "/task/land_method")?, "rebase");
    std::fs::write(repository.join("beside"), "meanwhile")?;
    git(&repository, &["add", "--all"])?;
    git(&repository, &["commit", "--quiet", "--message=beside"])?;

    let landed = board.kanban(&["land", task.as_str()]).await?;
    assert_eq!(landed.code, Some(0), "{landed:?}");
    board.happened(&task, "landed").await?;
    git(&repository, &["show", "main:work"])?;
    let merges = git(&repository, &["rev-list", "--count", "--merges", "main"])?;
    assert_eq!(merges, "0");

    let left_to_the_lane = ["edit", task.as_str(), "--land-method", ""];
    let edited = board.kanban(&left_to_the_lane).await?;
    assert_eq!(edited.code, Some(0), "{edited:?}");
    let (_, detail) = board.get(&format!("/tasks/{task}")).await?;
    assert!(detail["task"].get("land_method").is_none(), "{detail}");
    Ok(())
}

#[tokio::test]
async fn a_landing_says_that_none_begins_while_the_dispatcher_is_paused() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let workspace = format!("worktree:{}", repository.display());
    let body = format!("touch work; {COMMIT}");
    let mut flags = vec!["--assignee", "shell", "--workspace", &workspace];
    flags.extend(["--body", &body]);
    let task = board.create("a", &flags).await?;
    board.happened(&task, "completed").await?;
    board.kanban(&["pause"]).await?;
    board.kanban(&["land", task.as_str()]).await?;
    for verb in ["show", "why"] {
        let said = board.kanban(&[verb, task.as_str()]).await?;
        let says = "ago; no landing begins: the dispatcher is paused\n";
        assert!(said.out.contains(says), "{verb}: {}", said.out);
    }
    board.kanban(&["resume"]).await?;
    board.happened(&task, "landed").await?;
    let why = board.kanban(&["why", task.as_str()]).await?;
    assert!(!why.out.contains("land"), "{}", why.out);
    Ok(())
}

#[tokio::test]
async fn a_worker_lands_nothing() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let flags = [
        "--assignee",
        "shell",
        "--body",
        "kanban land \"$KANBAN_TASK\"",
    ];
    let task = board.create("a", &flags).await?;
    let failed = board.happened(&task, "attempt_failed").await?;
    let error = format!("{:?}", failed.payload);
    assert!(error.contains("may not land the work of a task"), "{error}");
    Ok(())
}
