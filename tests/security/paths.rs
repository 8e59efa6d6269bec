//! Ids that would lead somewhere else.

use reqwest::Method;
use serde_json::json;

use crate::harness::{API, Board, status};

/// Ids as they stand in an address.
const IDS: [&str; 7] = [
    "..%2F..%2Fx",
    "t_1%2F..%2F..%2F..%2Fx",
    "%2e%2e%2f%2e%2e%2fx",
    "..%5C..%5Cx",
    "%2Fetc%2Fpasswd",
    "t_1%00",
    "t_%2F",
];

/// A board with a file where a path that leads out of the folder of logs would look.
async fn board_with_a_secret() -> anyhow::Result<Board> {
    let board = Board::shown().await?;
    std::fs::create_dir_all(board.home().join("kanban/logs"))?;
    std::fs::write(board.home().join("x.log"), "a secret")?;
    std::fs::write(board.home().join("x"), "a secret")?;
    Ok(board)
}

#[tokio::test]
async fn no_id_in_an_address_leads_out_of_the_folder() -> anyhow::Result<()> {
    let board = board_with_a_secret().await?;
    for id in IDS {
        let tasks = format!("{API}/tasks/{id}");
        for path in [
            tasks.clone(),
            format!("{tasks}/log"),
            format!("{tasks}/log/stream"),
            format!("{tasks}/runs"),
            format!("{tasks}/why"),
            format!("{tasks}/subscriptions"),
            format!("/t/{id}/log"),
            format!("/guide/{id}"),
            format!("/pkg/{id}"),
            format!("/{id}"),
        ] {
            let answer = board.request(Method::GET, &path)?.send().await?;
            assert_eq!(answer.status(), 404, "{path}");
            assert!(!answer.text().await?.contains("a secret"), "{path}");
        }
        for verb in ["comments", "claim", "heartbeat", "cancel"] {
            let body = json!({ "body": "x" });
            let refused = board.post(&format!("/tasks/{id}/{verb}"), &body).await?;
            assert_eq!(refused.0, 404, "{id}/{verb}");
        }
        let refused = board.patch(&format!("/tasks/{id}"), &json!({})).await?;
        assert_eq!(refused.0, 404, "{id}");
        let links = format!("/links?parent_id={id}&child_id={id}");
        let (code, answer) = board.delete(&links).await?;
        assert!(code == 400 || answer["ok"] == false, "{code} {answer}");
        for path in [format!("/fn/task?task={id}"), format!("/fn/log?task={id}")] {
            let refused = status(board.request(Method::GET, &path)?).await?;
            assert!((400..500).contains(&refused), "{refused} {path}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_id_in_a_body_leads_out_of_the_folder() -> anyhow::Result<()> {
    let board = board_with_a_secret().await?;
    let task = board.create("a", &[]).await?;
    for id in ["../../x", "/etc/passwd", "t_1/../../x", "t_1\0", "..\\x"] {
        for (path, body) in [
            ("/tasks", json!({ "title": "x", "parents": [id] })),
            ("/links", json!({ "parent_id": id, "child_id": task })),
            ("/links", json!({ "parent_id": task, "child_id": id })),
        ] {
            let refused = board.post(path, &body).await?;
            assert_eq!(refused.0, 400, "{path} {body}: {}", refused.1);
        }
        let many = json!({ "ids": [task, id], "priority": 1 });
        let (_, answer) = board.post("/tasks/bulk", &many).await?;
        assert_eq!(answer["results"][1]["ok"], false, "{answer}");
    }
    let (_, all) = board.get("/board").await?;
    assert!(!all.to_string().contains("passwd"));
    Ok(())
}
