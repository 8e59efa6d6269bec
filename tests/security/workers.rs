//! The requests that the token of a run does not allow.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Board, answer, status};
use crate::workers::Worker;

async fn all_forbidden(
    worker: &Worker<'_>,
    wishes: impl IntoIterator<Item = (Method, String, Value)>,
) -> anyhow::Result<()> {
    for (method, path, body) in wishes {
        let refused = worker.says(method.clone(), &path, &body).await?;
        assert_eq!(refused.0, 403, "{method} {path} {body}: {}", refused.1);
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_changes_no_other_task() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let other = board.create("other", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    let before = board.task(&other).await?;
    let path = format!("/tasks/{other}");
    let wishes = [
        (Method::PATCH, path.clone(), json!({ "status": "done" })),
        (Method::PATCH, path.clone(), json!({ "status": "blocked" })),
        (Method::PATCH, path.clone(), json!({ "title": "x" })),
        (Method::POST, format!("{path}/claim"), json!({})),
        (Method::POST, format!("{path}/heartbeat"), json!({})),
        (Method::POST, format!("{path}/cancel"), json!({})),
    ];
    all_forbidden(&worker, wishes).await?;
    let many = json!({ "ids": [other], "priority": 9 });
    let (_, results) = worker.says(Method::POST, "/tasks/bulk", &many).await?;
    assert_eq!(results["results"][0]["ok"], false);
    let without_age = |mut task: Value| {
        task["task"]["age"].take();
        task
    };
    let after = board.task(&other).await?;
    assert_eq!(without_age(after), without_age(before));
    Ok(())
}

#[tokio::test]
async fn a_worker_gives_nothing_to_the_shell() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    let own = format!("/tasks/{own}");
    let to_shell = json!({ "assignee": "shell", "stop": true });
    let new = json!({ "title": "x", "body": "touch planted", "assignee": "shell" });
    let wishes = [
        (Method::PATCH, own.clone(), to_shell),
        (Method::POST, "/tasks".to_owned(), new),
    ];
    all_forbidden(&worker, wishes).await?;
    let many = json!({ "ids": [own.trim_start_matches("/tasks/")], "assignee": "shell" });
    let (_, results) = worker.says(Method::POST, "/tasks/bulk", &many).await?;
    assert_eq!(results["results"][0]["ok"], false);
    let (_, all) = board.get("/board").await?;
    assert_eq!(all["assignees"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_worker_does_nothing_that_belongs_to_people() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    let own = format!("/tasks/{own}");
    let link = json!({ "parent_id": "t_1", "child_id": "t_2" });
    let unlink = "/links?parent_id=t_1&child_id=t_2".to_owned();
    let address = json!({ "platform": "webhook", "chat_id": "b" });
    let wishes = [
        (Method::PATCH, own.clone(), json!({ "priority": 9 })),
        (Method::PATCH, own.clone(), json!({ "title": "x" })),
        (Method::PATCH, own.clone(), json!({ "status": "archived" })),
        (Method::POST, format!("{own}/cancel"), json!({})),
        (Method::POST, format!("{own}/subscriptions"), address),
        (Method::POST, "/links".to_owned(), link),
        (Method::DELETE, unlink, json!({})),
        (Method::POST, "/undo".to_owned(), json!({ "events": [1] })),
        (Method::POST, "/pause".to_owned(), json!({})),
        (Method::POST, "/resume".to_owned(), json!({})),
        (Method::POST, "/dispatch".to_owned(), json!({})),
        (Method::GET, "/subscriptions".to_owned(), json!({})),
    ];
    all_forbidden(&worker, wishes).await
}

#[tokio::test]
async fn a_worker_gets_to_no_page_and_no_socket() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    for path in [
        "/",
        "/guide",
        "/fn/board",
        "/fn/page",
        "/metrics",
        "/api/openapi.json",
    ] {
        let refused = status(worker.request(Method::GET, path)?).await?;
        assert_eq!(refused, 403, "{path}");
    }
    let move_task = worker.request(Method::POST, "/fn/move_task")?;
    let refused = status(move_task.body("x")).await?;
    assert_eq!(refused, 403, "the page has verbs beyond a worker's");
    let bearer = format!("Bearer {}", worker.token);
    let by_header = board.socket_with("", &[("authorization", &bearer)]).await;
    assert!(by_header.is_err());
    let query = format!("token={}", worker.token);
    assert!(board.socket_with(&query, &[]).await.is_err());
    Ok(())
}

/// The routes that a worker may use; of another's task only what the kernel lets it.
const ROUTES: [(&str, &str); 22] = [
    ("get", "/assignees"),
    ("get", "/board"),
    ("get", "/boards"),
    ("get", "/config"),
    ("get", "/diagnostics"),
    ("get", "/dispatcher"),
    ("get", "/lanes"),
    ("get", "/runs/{id}"),
    ("get", "/search"),
    ("get", "/stats"),
    ("get", "/tasks/{id}"),
    ("get", "/tasks/{id}/attachments"),
    ("get", "/tasks/{id}/changes"),
    ("get", "/tasks/{id}/log"),
    ("get", "/tasks/{id}/runs"),
    ("get", "/tasks/{id}/why"),
    ("get", "/workers/active"),
    ("patch", "/tasks/{id}"),
    ("post", "/tasks"),
    ("post", "/tasks/bulk"),
    ("post", "/tasks/{id}/comments"),
    ("post", "/tasks/{id}/heartbeat"),
];

#[tokio::test]
async fn each_route_is_refused_to_a_worker_for_whom_it_is_not_named() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let other = board.create("other", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    let document = board.request(Method::GET, "/api/openapi.json")?;
    let (_, document) = answer(document).await?;
    let mut let_in = Vec::new();
    for (path, verbs) in document["paths"].as_object().context("no paths")? {
        for verb in verbs.as_object().context("no verbs")?.keys() {
            let address = path.replace("{id}", own.as_str());
            let address = address.replace("/links", "/links?parent_id=t_1&child_id=t_2");
            let method: Method = verb.to_uppercase().parse()?;
            let (code, said) = worker.says(method, &address, &json!({})).await?;
            assert_ne!(code, 401, "{verb} {path}: {said}");
            if code != 403 {
                let_in.push((verb.clone(), path.clone()));
            }
        }
    }
    let_in.sort();
    let named = ROUTES.map(|(verb, path)| (verb.to_owned(), path.to_owned()));
    assert_eq!(let_in, named);
    let others_log = format!("/tasks/{other}/log");
    let refused = worker.says(Method::GET, &others_log, &json!({})).await?;
    assert_eq!(refused.0, 403);
    Ok(())
}
