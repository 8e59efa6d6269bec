//! The log of a task's workers.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::json;

use crate::harness::{API, Board, header, keys};

#[tokio::test]
async fn a_log_is_told_from_its_end() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}/log");
    let (status, log) = board.get(&path).await?;
    assert_eq!(status, 200);
    let log_keys = [
        "task_id",
        "path",
        "exists",
        "size_bytes",
        "content",
        "truncated",
    ];
    assert_eq!(keys(&log), log_keys);
    assert_eq!(
        (&log["exists"], &log["size_bytes"]),
        (&json!(false), &json!(0))
    );
    let folder = board.home().join("kanban/logs");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{id}.log")), "one\ntwo\nthree\n")?;
    let (_, log) = board.get(&path).await?;
    assert_eq!(
        (&log["content"], &log["truncated"], &log["size_bytes"]),
        (&json!("one\ntwo\nthree\n"), &json!(false), &json!(14))
    );
    let (_, tail) = board.get(&format!("{path}?tail=6")).await?;
    assert_eq!(
        (&tail["content"], &tail["truncated"]),
        (&json!("three\n"), &json!(true))
    );
    let (_, tail) = board.get(&format!("{path}?tail=2")).await?;
    assert_eq!(tail["content"], "e\n");
    let (_, tail) = board.get(&format!("{path}?tail=2000000")).await?;
    assert_eq!(tail["truncated"], false);
    for (tail, kind) in [
        ("0", "greater_than_equal"),
        ("2000001", "less_than_equal"),
        ("-1", "greater_than_equal"),
        ("x", "int_parsing"),
    ] {
        let (status, answer) = board.get(&format!("{path}?tail={tail}")).await?;
        assert_eq!(
            (status, &answer["detail"][0]["type"]),
            (422, &json!(kind)),
            "{tail}"
        );
        assert_eq!(answer["detail"][0]["loc"], json!(["query", "tail"]));
    }
    assert_eq!(board.get("/tasks/t_00/log").await?.0, 404);
    assert_eq!(board.get("/tasks/..%2F..%2Ftoken/log").await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn a_log_is_told_as_it_is_written() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let folder = board.home().join("kanban/logs");
    std::fs::create_dir_all(&folder)?;
    let (log, aside) = (
        folder.join(format!("{id}.log")),
        folder.join(format!("{id}.log.1")),
    );
    std::fs::write(&log, "before\n")?;
    let path = format!("{API}/tasks/{id}/log/stream");
    let mut stream = board.request(Method::GET, &path)?.send().await?;
    assert_eq!(header(&stream, "content-type"), "text/event-stream");
    let mut told = String::new();
    let mut hear = async |text: &str| {
        while !told.contains(text) {
            let chunk = stream.chunk().await?.context("the stream ended")?;
            told.push_str(&String::from_utf8(chunk.into())?);
        }
        anyhow::Ok(())
    };
    hear("data: \"before\\n\"\n\n").await?;
    std::fs::write(&log, "before\nafter\n")?;
    hear("data: \"after\\n\"\n\n").await?;
    std::fs::rename(&log, &aside)?;
    std::fs::write(&log, "anew\n")?;
    hear("data: \"anew\\n\"\n\n").await?;
    assert_eq!(board.get("/tasks/t_00/log/stream").await?.0, 404);
    Ok(())
}
