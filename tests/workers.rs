//! The powers of a worker with the token of its run.

use domain::id::TaskId;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{API, Board, answer, text};

/// Somebody with the token of a run.
pub(crate) struct Worker<'a> {
    board: &'a Board,
    pub(crate) token: String,
}

impl<'a> Worker<'a> {
    /// The worker of this task, which it claims.
    pub(crate) async fn of(board: &'a Board, task: &TaskId) -> anyhow::Result<Self> {
        let (_, claimed) = board
            .post(&format!("/tasks/{task}/claim"), &json!({}))
            .await?;
        let token = text(&claimed, "/token")?.to_owned();
        Ok(Self { board, token })
    }

    /// A request with its token.
    pub(crate) fn request(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        Ok(self.board.stranger(method, path)?.bearer_auth(&self.token))
    }

    /// Sends a request to the plugin API; refusals are answers too.
    pub(crate) async fn says(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<(u16, Value)> {
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
    assert_eq!(late.0, 409, "its token has died with its run");
    let told = text(&late.1, "/detail")?;
    assert!(told.contains("is over (completed)"), "{told}");
    // Whoever goes on trying is told the same, and is not taken for somebody who guesses tokens.
    for _ in 0..25 {
        let late = worker.says(Method::GET, "/board", &json!({})).await?;
        assert_eq!(late.0, 409);
    }
    Ok(())
}
