//! The routes of the server rather than of a task.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{API, Board, header, keys, status, text};

#[tokio::test]
async fn the_configuration_of_the_original_is_read_leniently() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let defaults = json!({
        "default_tenant": "",
        "lane_by_profile": true,
        "include_archived_by_default": false,
        "render_markdown": true,
    });
    assert_eq!(board.get("/config").await?, (200, defaults.clone()));
    let file = board.home().join("config.yaml");
    std::fs::write(
        &file,
        "model: x\ndashboard:\n  kanban:\n    default_tenant: acme\n    render_markdown: false\n",
    )?;
    let (_, config) = board.get("/config").await?;
    assert_eq!(
        (&config["default_tenant"], &config["render_markdown"]),
        (&json!("acme"), &json!(false))
    );
    assert_eq!(keys(&config), keys(&defaults));
    std::fs::write(&file, "dashboard: [")?;
    assert_eq!(board.get("/config").await?, (200, defaults));
    Ok(())
}

#[tokio::test]
async fn the_numbers_leave_out_archived_tasks_and_nobody() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (status, empty) = board.get("/stats").await?;
    assert_eq!(status, 200);
    let stats_keys = [
        "by_status",
        "by_assignee",
        "oldest_ready_age_seconds",
        "now",
    ];
    assert_eq!(keys(&empty), stats_keys);
    assert_eq!(empty["oldest_ready_age_seconds"], Value::Null);
    board.create("a", &["--assignee", "w"]).await?;
    board.create("b", &[]).await?;
    let c = board.create("c", &["--assignee", "w"]).await?;
    board
        .patch(&format!("/tasks/{c}"), &json!({ "status": "archived" }))
        .await?;
    let (_, stats) = board.get("/stats").await?;
    assert_eq!(stats["by_status"], json!({ "ready": 2 }));
    assert_eq!(stats["by_assignee"], json!({ "w": { "ready": 1 } }));
    assert!(stats["oldest_ready_age_seconds"].is_i64());
    Ok(())
}

#[tokio::test]
async fn the_document_holds_all_that_it_refers_to() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let answer = board
        .request(Method::GET, "/api/openapi.json")?
        .send()
        .await?;
    assert_eq!(answer.status(), 200);
    let document: Value = answer.json().await?;
    assert!(text(&document, "/openapi")?.starts_with("3.1"));
    let written = document.to_string();
    for reference in written.split("\"$ref\":\"#").skip(1) {
        let (place, _) = reference.split_once('"').context("no end")?;
        ensure!(document.pointer(place).is_some(), "nothing is at {place}");
    }
    assert!(document["components"]["schemas"]["NewTask"]["example"].is_object());
    assert_eq!(
        status(board.stranger(Method::GET, "/api/openapi.json")?).await?,
        401
    );
    Ok(())
}

#[tokio::test]
async fn what_is_measured_is_for_those_with_the_token() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    board.create("a", &[]).await?;
    board.post("/tasks", &json!({ "title": "b" })).await?;
    let _socket = board.socket("").await?;
    let answer = board.request(Method::GET, "/metrics")?.send().await?;
    assert!(header(&answer, "content-type").starts_with("text/plain; version=0.0.4"));
    let text = answer.text().await?;
    for line in [
        "kanban_tasks{status=\"ready\"} 2",
        "kanban_sockets 1",
        "kanban_deliveries{state=\"dead\"} 0",
        "kanban_writes_waiting 0",
        "kanban_dispatcher_up 0",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}:\n{text}");
    }
    // The notifier has written too, or will.
    let mut lines = text.lines();
    assert!(lines.any(|it| it.starts_with("kanban_write_seconds_count ")));
    assert_eq!(status(board.stranger(Method::GET, "/metrics")?).await?, 401);
    Ok(())
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_those_who_can_read_it() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    board
        .create("a", &["--body", &"long ".repeat(2_000)])
        .await?;
    for (accepted, coding) in [
        ("gzip", "gzip"),
        ("br;q=1.0, gzip;q=0.5", "gzip"),
        ("identity", ""),
    ] {
        let board = board.request(Method::GET, &format!("{API}/board"))?;
        let answer = board.header("accept-encoding", accepted).send().await?;
        assert_eq!(header(&answer, "content-encoding"), coding, "{accepted}");
    }
    Ok(())
}
