//! The page's forms, as a browser sends them that runs no scripts.

use anyhow::Context as _;
use domain::id::TaskId;
use reqwest::Method;

use crate::harness::{Board, Gate, Markup, gone, header, text};

/// Sends a form of the page, and tells where the browser is led.
async fn sent(board: &Board, path: &str, form: &[(&str, &str)]) -> anyhow::Result<String> {
    let request = board
        .request(Method::POST, path)?
        .header("accept", "text/html");
    let referer = format!("http://{}/", board.address()?);
    let answer = request.header("referer", referer).form(form).send().await?;
    Ok(header(&answer, "location").to_owned())
}

/// A page as a browser without scripts shows it.
async fn page(board: &Board, path: &str) -> anyhow::Result<String> {
    let request = board
        .request(Method::GET, path)?
        .header("accept", "text/html");
    Ok(request.send().await?.text().await?)
}

async fn status(board: &Board, task: &TaskId) -> anyhow::Result<String> {
    let task = board.task(task).await?;
    Ok(text(&task, "/task/status")?.to_owned())
}

#[tokio::test]
async fn a_form_ends_a_run_only_where_it_says_so() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let gate = Gate::of(&board).await?;
    let task = board
        .create("deploy", &["--assignee", "shell", "--body", &gate.script()])
        .await?;
    board.happened(&task, "spawned").await?;
    // It opens with its log; what can be done stands in another tab.
    let open = page(&board, &format!("/t/{task}?tab=overview")).await?;
    assert!(open.contains("name=\"end_run\""), "{open}");
    for to in ["done", "archived", "ready", "blocked"] {
        let form = [("task", task.as_str()), ("to", to)];
        let led_to = sent(&board, "/fn/move_task", &form).await?;
        assert_eq!(status(&board, &task).await?, "running", "{to}");
        let (_, path) = led_to
            .split_once(board.address()?)
            .context(led_to.clone())?;
        let told = page(&board, path).await?;
        assert!(
            told.contains("Tick “End the run” to have it done."),
            "{told}"
        );
    }
    let form = [("task", task.as_str()), ("to", "done"), ("end_run", "true")];
    let (_, runs) = board.get(&format!("/tasks/{task}/runs")).await?;
    let worker = runs.pointer("/runs/0/worker_pid").context("no worker")?;
    sent(&board, "/fn/move_task", &form).await?;
    assert_eq!(status(&board, &task).await?, "done");
    gone(&worker.to_string()).await
}

#[tokio::test]
async fn a_task_that_no_worker_is_at_is_moved_at_once() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let task = board.create("write", &[]).await?;
    let open = page(&board, &format!("/t/{task}")).await?;
    assert!(!Markup::of(&open).title.is_empty() && !open.contains("end_run"));
    board.kanban(&["claim", task.as_str()]).await?;
    let form = [("task", task.as_str()), ("to", "done")];
    sent(&board, "/fn/move_task", &form).await?;
    assert_eq!(status(&board, &task).await?, "done");
    Ok(())
}
