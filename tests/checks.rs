//! Checks on a real server.

use serde_json::{Value, json};

use crate::harness::{Board, Gate, text};

/// The receipts of a task, as programs get them.
async fn receipts(board: &Board, task: &domain::id::TaskId) -> anyhow::Result<Vec<Value>> {
    let task = board.task(task).await?;
    let receipts = task.get("receipts").and_then(Value::as_array);
    Ok(receipts.cloned().unwrap_or_default())
}

#[tokio::test]
async fn a_check_outlives_a_server_that_is_killed_and_leaves_one_receipt() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let gate = Gate::of(&board).await?;
    let check = format!(
        "read word < '{}'; test \"$word\" = go",
        gate.path().display()
    );
    let flags = [
        "--assignee",
        "shell",
        "--body",
        "echo 42",
        "--check",
        &check,
    ];
    let task = board.create("a", &flags).await?;
    board.happened(&task, "check_started").await?;
    board.kill().await?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    board.happened(&task, "adopted").await?;
    assert_eq!(board.task(&task).await?["task"]["status"], "running");
    gate.open("go").await?;
    board.happened(&task, "completed").await?;
    let receipts = receipts(&board, &task).await?;
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    assert_eq!(receipts[0]["check"]["verdict"], "passed");
    let shown = board.kanban(&["show", task.as_str()]).await?;
    assert!(shown.out.contains("\nChecks (1):\n"), "{}", shown.out);
    Ok(())
}

#[tokio::test]
async fn a_task_with_a_check_is_finished_by_hand_only_where_somebody_says_so() -> anyhow::Result<()>
{
    let board = Board::running().await?;
    let task = board.create("a", &["--check", "make test"]).await?;
    let path = format!("/tasks/{task}");
    let (status, refused) = board.patch(&path, &json!({ "status": "done" })).await?;
    assert_eq!(status, 409, "{refused}");
    assert!(
        text(&refused, "/detail")?.contains("has a check"),
        "{refused}"
    );
    let refused = board.kanban(&["complete", task.as_str()]).await?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let done = json!({ "status": "done", "unchecked": true });
    assert_eq!(board.patch(&path, &done).await?.0, 200);
    let receipts = receipts(&board, &task).await?;
    assert_eq!(receipts[0]["check"]["verdict"], "unchecked");
    assert_eq!(receipts[0]["check"]["command"], "make test");
    let page = board.request(reqwest::Method::GET, "/")?;
    let page = page
        .header("accept", "text/html")
        .send()
        .await?
        .text()
        .await?;
    assert!(
        page.contains("Finished without its check"),
        "no mark on its card"
    );
    Ok(())
}
