//! What a worker may do with the token of its run.

use domain::id::TaskId;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::board::answer;
use crate::harness::{Board, status, text};

const API: &str = "/api/plugins/kanban";

struct Worker<'a> {
    board: &'a Board,
    token: String,
}

impl<'a> Worker<'a> {
    async fn of(board: &'a Board, task: &TaskId) -> anyhow::Result<Self> {
        let (_, claimed) = board
            .post(&format!("/tasks/{task}/claim"), &json!({}))
            .await?;
        let token = text(&claimed, "/token")?.to_owned();
        Ok(Self { board, token })
    }

    fn request(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        Ok(self.board.stranger(method, path)?.bearer_auth(&self.token))
    }

    async fn says(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        answer(self.request(method, &format!("{API}{path}"))?.json(body)).await
    }
}

#[tokio::test]
async fn a_worker_reads_reports_and_leaves_work_for_others() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let other = board.create("other", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    for path in [
        "/board".to_owned(),
        format!("/tasks/{other}"),
        format!("/tasks/{own}/log"),
    ] {
        assert_eq!(
            worker.says(Method::GET, &path, &json!({})).await?.0,
            200,
            "{path}"
        );
    }
    let child = json!({ "title": "child", "assignee": "ada", "parents": [own] });
    assert_eq!(worker.says(Method::POST, "/tasks", &child).await?.0, 200);
    let said = json!({ "body": "look", "author": "the boss" });
    let path = format!("/tasks/{other}/comments");
    assert_eq!(worker.says(Method::POST, &path, &said).await?.0, 200);
    let comment = &board.task(&other).await?["comments"][0];
    assert_eq!(
        (&comment["author"], &comment["body"]),
        (&json!("worker"), &json!("look"))
    );
    let path = format!("/tasks/{own}/heartbeat");
    assert_eq!(worker.says(Method::POST, &path, &json!({})).await?.0, 200);
    let done = json!({ "status": "done", "result": "so", "metadata": { "tests": 3 } });
    let path = format!("/tasks/{own}");
    let (status, answer) = worker.says(Method::PATCH, &path, &done).await?;
    assert_eq!((status, &answer["task"]["result"]), (200, &json!("so")));
    let (_, runs) = board.get(&format!("/tasks/{own}/runs")).await?;
    assert_eq!(runs["runs"][0]["metadata"], json!({ "tests": 3 }));
    let late = worker.says(Method::GET, "/board", &json!({})).await?;
    assert_eq!(late.0, 401, "its token has died with its run");
    Ok(())
}

#[tokio::test]
async fn a_worker_changes_nothing_else() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let other = board.create("other", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    let (own, other) = (format!("/tasks/{own}"), format!("/tasks/{other}"));
    let link = json!({ "parent_id": "t_1", "child_id": "t_2" });
    for (method, path, body) in [
        (Method::PATCH, other.clone(), json!({ "status": "done" })),
        (Method::PATCH, other.clone(), json!({ "status": "blocked" })),
        (
            Method::PATCH,
            own.clone(),
            json!({ "assignee": "shell", "stop": true }),
        ),
        (Method::PATCH, own.clone(), json!({ "priority": 9 })),
        (Method::PATCH, own.clone(), json!({ "title": "x" })),
        (Method::PATCH, own.clone(), json!({ "status": "archived" })),
        (
            Method::POST,
            "/tasks".to_owned(),
            json!({ "title": "x", "assignee": "shell" }),
        ),
        (Method::POST, format!("{other}/claim"), json!({})),
        (Method::POST, format!("{other}/heartbeat"), json!({})),
        (Method::POST, format!("{own}/cancel"), json!({})),
        (
            Method::POST,
            format!("{own}/subscriptions"),
            json!({ "platform": "a", "chat_id": "b" }),
        ),
        (Method::POST, "/links".to_owned(), link),
        (
            Method::DELETE,
            "/links?parent_id=t_1&child_id=t_2".to_owned(),
            json!({}),
        ),
        (Method::POST, "/undo".to_owned(), json!({ "events": [1] })),
        (Method::POST, "/pause".to_owned(), json!({})),
        (Method::POST, "/resume".to_owned(), json!({})),
        (Method::POST, "/dispatch".to_owned(), json!({})),
        (Method::GET, "/subscriptions".to_owned(), json!({})),
    ] {
        let refused = worker.says(method.clone(), &path, &body).await?;
        assert_eq!(refused.0, 403, "{method} {path} {body}: {}", refused.1);
    }
    let many = json!({ "ids": [other.trim_start_matches("/tasks/")], "priority": 9 });
    let (_, results) = worker.says(Method::POST, "/tasks/bulk", &many).await?;
    assert_eq!(results["results"][0]["ok"], false);
    for path in [
        "/",
        "/fn/board",
        "/fn/page",
        "/metrics",
        "/api/openapi.json",
    ] {
        assert_eq!(
            status(worker.request(Method::GET, path)?).await?,
            403,
            "{path}"
        );
    }
    let move_task = worker.request(Method::POST, "/fn/move_task")?;
    assert_eq!(
        status(move_task.body("x")).await?,
        403,
        "the page has verbs beyond a worker's"
    );
    let bearer = format!("Bearer {}", worker.token);
    assert!(
        board
            .socket_with("", &[("authorization", &bearer)])
            .await
            .is_err()
    );
    let query = format!("token={}", worker.token);
    assert!(board.socket_with(&query, &[]).await.is_err());
    Ok(())
}
