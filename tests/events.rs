//! The WebSocket: what happens, in order, without a gap, whoever did it.

use anyhow::Context as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::harness::Board;

#[tokio::test]
async fn a_socket_tells_everything_after_its_cursor_in_order() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for _ in 0..70 {
        board.post("/tasks", &json!({ "title": "a" })).await?;
    }
    let mut all = board.socket("since=0").await?;
    let mut late = board.socket("since=65").await?;
    let mut told = Vec::new();
    while told.len() < 70 {
        told.extend(all.events().await?.into_iter().map(|event| event.id.0));
    }
    assert_eq!(told, (1..=70).collect::<Vec<_>>());
    let frame = late.frame().await?;
    let ids: Vec<_> = frame["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, [66, 67, 68, 69, 70]);
    assert_eq!(frame["cursor"], 70);
    Ok(())
}

#[tokio::test]
async fn a_long_history_comes_in_frames_of_two_hundred() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let body = json!({ "title": "a" });
    for created in futures::future::join_all((0..230).map(|_| board.post("/tasks", &body))).await {
        assert_eq!(created?.0, 200);
    }
    let mut socket = board.socket("").await?;
    assert_eq!(socket.events().await?.len(), 200);
    assert_eq!(socket.events().await?.len(), 30);
    Ok(())
}

#[tokio::test]
async fn old_clients_get_two_keys_and_the_page_gets_the_tasks_too() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let mut old = board.socket("since=0").await?;
    let mut page = board.socket("since=0&tasks=1").await?;
    let keys = |frame: &serde_json::Value| {
        frame
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect::<Vec<_>>()
    };
    let first = page.frame().await?;
    assert_eq!(
        first,
        json!({ "events": [], "cursor": 0, "tasks": [] }),
        "a sign of life at once"
    );
    let task = board.create("a", &["--tenant", "acme"]).await?;
    assert_eq!(keys(&old.frame().await?), ["events", "cursor"]);
    let frame = page.frame().await?;
    assert_eq!(keys(&frame), ["events", "cursor", "tasks"]);
    assert_eq!(frame["tasks"][0]["id"], json!(task));
    assert_eq!(frame["tasks"][0]["tenant"], "acme");
    Ok(())
}

#[tokio::test]
async fn a_page_hears_from_a_quiet_board_within_ten_seconds() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let mut page = board.socket("tasks=1").await?;
    page.frame().await?;
    let beat = tokio::time::timeout(std::time::Duration::from_secs(12), page.frame());
    assert_eq!(beat.await.context("no heartbeat")??["events"], json!([]));
    Ok(())
}

#[tokio::test]
async fn an_unreadable_cursor_means_everything_and_one_beyond_the_end_is_told_so()
-> anyhow::Result<()> {
    let board = Board::shown().await?;
    board.create("a", &[]).await?;
    for query in [
        "since=x",
        "since=",
        "since=99999999999999999999",
        "since=-5",
    ] {
        assert_eq!(
            board.socket(query).await?.events().await?[0].id.0,
            1,
            "{query}"
        );
    }
    let mut beyond = board.socket("since=2").await?;
    let reset = json!({ "events": [], "cursor": 1, "reset": true });
    assert_eq!(beyond.frame().await?, reset);
    board.create("b", &[]).await?;
    assert_eq!(beyond.events().await?[0].id.0, 2);
    Ok(())
}

#[tokio::test]
async fn a_page_with_a_cursor_of_another_database_is_told_to_start_again() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    board.create("a", &[]).await?;
    let mut page = board.socket("since=99&tasks=1").await?;
    assert_eq!(page.frame().await?, json!({ "reset": true }));
    assert_eq!(
        page.frame().await?["cursor"],
        1,
        "it follows from the newest event"
    );
    board.create("b", &[]).await?;
    assert_eq!(page.events().await?[0].id.0, 2);
    let mut known = board.socket("since=2&tasks=1").await?;
    assert_eq!(
        known.frame().await?,
        json!({ "events": [], "cursor": 2, "tasks": [] })
    );
    Ok(())
}

#[tokio::test]
async fn what_another_process_writes_arrives() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let mut socket = board.socket("").await?;
    let task = board.create("from the command line", &[]).await?;
    let created = socket
        .event("the creation", |event| event.kind == "created")
        .await?;
    assert_eq!(created.task_id, task);
    board
        .kanban(&["block", task.as_str(), "which", "one?"])
        .await?;
    let blocked = socket
        .event("the block", |event| event.kind == "blocked")
        .await?;
    assert_eq!(blocked.payload, Some(json!({ "reason": "which one?" })));
    Ok(())
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_and_exits_well() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let mut socket = board.socket("").await?;
    let (closed, stopped) = tokio::join!(socket.closed(), board.stop());
    let frame = closed?.context("a close without a reason")?;
    assert_eq!(frame.code, CloseCode::Away);
    assert!(stopped?.0.success());
    Ok(())
}

#[tokio::test]
async fn a_page_hears_what_no_event_tells_of_and_old_clients_do_not() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let mut page = board.socket("tasks=1").await?;
    let first = page
        .status("a living dispatcher", |it| {
            it["dispatch"]["report"].is_object()
        })
        .await?;
    assert!(first["dispatch"]["report"]["cap"].is_i64(), "{first}");
    board.post("/pause", &json!({})).await?;
    let task = board
        .create(
            "a",
            &["--assignee", "shell", "--body", "echo one; read x; echo"],
        )
        .await?;
    let paused = |status: &serde_json::Value| status["why"]["shell"]["reason"] == "paused";
    page.status("why the task waits", paused).await?;
    board.post("/resume", &json!({})).await?;
    let gate = board
        .create(
            "b",
            &["--assignee", "shell", "--body", "echo two; exec sleep 30"],
        )
        .await?;
    board.happened(&task, "completed").await?;
    let running = |status: &serde_json::Value| status["output"][gate.as_str()] == "two";
    let status = page.status("the last line of the worker", running).await?;
    assert_eq!(status["dispatch"]["running"][0]["count"], 1, "{status}");
    board
        .post(&format!("/tasks/{gate}/cancel"), &json!({}))
        .await?;
    let mut old = board.socket("since=0").await?;
    let frame = old.frame().await?;
    assert!(frame.get("status").is_none());
    Ok(())
}

#[tokio::test]
async fn a_board_that_cannot_be_read_for_a_while_is_told_of_once_and_then_followed()
-> anyhow::Result<()> {
    let board = Board::shown().await?;
    let mut socket = board.socket("").await?;
    let task = board.create("a", &[]).await?;
    socket.events().await?;
    // The event is there, but what it touched cannot be read.
    board.write_past_us(&format!(
        "BEGIN; ALTER TABLE task_comments RENAME TO away; \
         INSERT INTO task_events (task_id, kind, created_at) VALUES ('{task}', 'edited', 0); COMMIT"
    ))?;
    board.logged("events cannot be read").await?;
    board.logged("events still cannot be read").await?;
    board.write_past_us("ALTER TABLE away RENAME TO task_comments")?;
    let told = socket.event("what could not be read", |it| it.kind == "edited");
    assert_eq!(told.await?.task_id, task);
    board.logged("events can be read again").await?;
    let said = |text: &str| board.log().matches(text).count();
    assert_eq!(said("events cannot be read"), 1);
    assert_eq!(said("events can be read again"), 1);
    Ok(())
}
