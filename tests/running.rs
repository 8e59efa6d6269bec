//! Tasks that run by themselves: what becomes of them when all goes well, when they fail, and when
//! the server is killed.

use std::fs;

use domain::id::TaskId;
use serde_json::{Value, json};

use crate::harness::{Board, Gate, text};

/// The runs of a task as the command line shows them, without their times.
async fn runs(board: &Board, task: &TaskId) -> anyhow::Result<Vec<String>> {
    let said = board.kanban(&["show", task.as_str()]).await?;
    let lines = said
        .out
        .lines()
        .skip_while(|line| !line.starts_with("Runs ("))
        .skip(1);
    let runs = lines.take_while(|line| !line.is_empty());
    Ok(runs
        .filter_map(|line| line.split_once("] ").map(|(_, rest)| rest.to_owned()))
        .collect())
}

/// The number of events of this kind in a task's history.
fn count(task: &Value, kind: &str) -> usize {
    task["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| it["kind"] == kind)
        .count()
}

#[tokio::test]
async fn a_shell_task_runs_by_itself_and_keeps_its_output() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let body = "pwd > where; echo working; echo \"the answer is $((6 * 7))\"";
    let task = board
        .create("reckon", &["--assignee", "shell", "--body", body])
        .await?;
    board.happened(&task, "completed").await?;
    let done = board.task(&task).await?;
    assert_eq!(done["task"]["status"], "done");
    assert!(
        text(&done, "/task/result")?.ends_with("the answer is 42"),
        "{done}"
    );
    for kind in ["created", "claimed", "spawned", "completed"] {
        assert_eq!(count(&done, kind), 1, "{kind}");
    }
    for gone in ["claim_lock", "claim_expires", "worker_pid"] {
        assert_eq!(done["task"][gone], Value::Null, "{gone}");
    }
    let workspace = board.home().join("kanban/workspaces").join(task.as_str());
    assert_eq!(
        text(&done, "/task/workspace_path")?,
        workspace.to_string_lossy()
    );
    let ran_in = fs::read_to_string(workspace.join("where"))?;
    assert_eq!(
        fs::canonicalize(ran_in.trim())?,
        fs::canonicalize(workspace)?
    );
    let log = fs::read_to_string(board.home().join(format!("kanban/logs/{task}.log")))?;
    assert!(log.contains("working\nthe answer is 42\n"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_task_that_exits_3_is_not_lost_and_says_why() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let flags = [
        "--assignee",
        "shell",
        "--body",
        "echo 'no such city' >&2; exit 3",
    ];
    let task = board.create("fail", &flags).await?;
    let failed = board.happened(&task, "attempt_failed").await?;
    let payload = failed.payload.unwrap_or_default();
    assert_eq!(
        (&payload["outcome"], &payload["code"]),
        (&json!("exit"), &json!(3))
    );
    assert_eq!(payload["failures"], 1);
    assert!(payload["retry_at"].is_i64(), "{payload}");
    let after = board.task(&task).await?;
    assert_eq!(after["task"]["status"], "ready", "it will be tried again");
    assert_eq!(after["task"]["spawn_failures"], 1);
    assert!(
        text(&after, "/task/last_spawn_error")?.contains('3'),
        "{after}"
    );
    let shown = runs(&board, &task).await?;
    assert!(shown[0].starts_with("shell  exit: "), "{shown:?}");
    let log = fs::read_to_string(board.home().join(format!("kanban/logs/{task}.log")))?;
    assert!(log.contains("no such city"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_parents_result_reaches_its_child_which_then_starts() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let script = "echo 'seven loaves'";
    let flags = ["--assignee", "shell", "--body", script, "--triage"];
    let parent = board.create("bake", &flags).await?;
    let flags = [
        "--assignee",
        "shell",
        "--body",
        "kanban context",
        "--parent",
        parent.as_str(),
    ];
    let child = board.create("serve", &flags).await?;
    assert_eq!(board.task(&child).await?["task"]["status"], "todo");
    board.kanban(&["promote", parent.as_str()]).await?;
    board.happened(&child, "completed").await?;
    let served = board.task(&child).await?;
    assert_eq!(
        (count(&served, "ready"), count(&served, "completed")),
        (1, 1)
    );
    let told = format!("## Parent task results\n### {parent}\nseven loaves");
    assert!(text(&served, "/task/result")?.contains(&told), "{served}");
    Ok(())
}

#[tokio::test]
async fn a_worker_reports_by_the_command_line() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let other = board.create("not its task", &[]).await?;
    let script = format!(
        "kanban comment 'half way' || exit 1
         kanban complete {other} && exit 1
         kanban create 'follow up' --parent $KANBAN_TASK || exit 1
         kanban complete --result 'by my own word'
         echo 'the last line of output'"
    );
    let task = board
        .create("report", &["--assignee", "shell", "--body", &script])
        .await?;
    board.happened(&task, "completed").await?;
    let done = board.task(&task).await?;
    assert_eq!(done["task"]["result"], "by my own word");
    assert_eq!(done["comments"][0]["body"], "half way");
    assert_eq!(done["comments"][0]["author"], "shell");
    assert_eq!(count(&done, "completed"), 1);
    assert_eq!(board.task(&other).await?["task"]["status"], "ready");
    let children = done["links"]["children"].as_array().map(Vec::len);
    assert_eq!(children, Some(1));
    Ok(())
}

#[tokio::test]
async fn a_worker_that_has_a_question_blocks_its_task() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let flags = [
        "--assignee",
        "shell",
        "--body",
        "kanban block 'which city?'",
    ];
    let task = board.create("ask", &flags).await?;
    board.happened(&task, "blocked").await?;
    let asked = board.task(&task).await?;
    assert_eq!(asked["task"]["status"], "blocked");
    assert_eq!(asked["comments"][0]["body"], "BLOCKED: which city?");
    Ok(())
}

/// A task that waits, once it runs, until somebody opens its gate and says a word.
struct Gated {
    task: TaskId,
    gate: Gate,
}

impl Gated {
    async fn running_on(board: &Board) -> anyhow::Result<Self> {
        let gate = Gate::of(board).await?;
        let flags = ["--assignee", "shell", "--body", &gate.script()];
        let task = board.create("wait", &flags).await?;
        board.happened(&task, "spawned").await?;
        Ok(Self { task, gate })
    }
}

#[tokio::test]
async fn a_task_that_outlives_a_killed_server_is_finished_once() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let gated = Gated::running_on(&board).await?;
    board.kill().await?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    board.happened(&gated.task, "adopted").await?;
    gated.gate.open("through").await?;
    board.happened(&gated.task, "completed").await?;
    assert_finished_once(&board, &gated.task, "through").await
}

#[tokio::test]
async fn a_task_that_ends_while_no_server_runs_is_finished_once() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let gated = Gated::running_on(&board).await?;
    board.kill().await?;
    gated.gate.open("alone").await?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    board.happened(&gated.task, "completed").await?;
    assert_finished_once(&board, &gated.task, "alone").await
}

#[tokio::test]
async fn stopping_the_server_is_no_failure_of_what_it_runs() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let gated = Gated::running_on(&board).await?;
    let (ended, _) = board.stop().await?;
    assert!(ended.success());
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    gated.gate.open("on").await?;
    board.happened(&gated.task, "completed").await?;
    assert_finished_once(&board, &gated.task, "on").await
}

async fn assert_finished_once(board: &Board, task: &TaskId, result: &str) -> anyhow::Result<()> {
    let done = board.task(task).await?;
    assert_eq!(
        (text(&done, "/task/status")?, text(&done, "/task/result")?),
        ("done", result)
    );
    for (kind, times) in [
        ("claimed", 1),
        ("spawned", 1),
        ("completed", 1),
        ("attempt_failed", 0),
    ] {
        assert_eq!(count(&done, kind), times, "{kind}: {done}");
    }
    assert_eq!(runs(board, task).await?, ["shell  completed"]);
    Ok(())
}

#[tokio::test]
async fn a_second_server_of_a_board_only_shows_it() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let mut second = board.beside()?;
    second.serve(&["--listen", "127.0.0.1:0"]).await?;
    second
        .logged("this server shows the board and starts tasks once that ends")
        .await?;
    let task = second
        .create("once", &["--assignee", "shell", "--body", "echo ran"])
        .await?;
    second.happened(&task, "completed").await?;
    assert_eq!(count(&second.task(&task).await?, "claimed"), 1);
    Ok(())
}

#[tokio::test]
async fn the_sample_runs_fails_once_asks_and_ends_when_it_is_answered() -> anyhow::Result<()> {
    let board = Board::running().await?;
    board.kanban(&["sample"]).await?;
    let listed = board.kanban(&["list", "--json"]).await?.json()?;
    let named = |title: &str| {
        let tasks = listed.as_array().into_iter().flatten();
        let mut named =
            tasks.filter(|task| task["title"].as_str().is_some_and(|it| it.contains(title)));
        anyhow::Ok(text(named.next().unwrap_or_default(), "/id")?.parse::<TaskId>()?)
    };
    let (names, ask, print) = (named("fails once")?, named("Ask")?, named("printer")?);
    board.happened(&names, "attempt_failed").await?;
    board.happened(&names, "completed").await?;
    board.happened(&ask, "blocked").await?;
    board
        .kanban(&["comment", ask.as_str(), "Lewis Carroll"])
        .await?;
    board.kanban(&["unblock", ask.as_str()]).await?;
    board.happened(&print, "completed").await?;
    let answered = board.task(&ask).await?;
    assert!(
        text(&answered, "/task/result")?.contains("Lewis Carroll"),
        "{answered}"
    );
    let done = board
        .kanban(&["list", "--status", "done", "--json"])
        .await?
        .json()?;
    assert_eq!(
        done.as_array().map(Vec::len),
        listed.as_array().map(Vec::len)
    );
    Ok(())
}
