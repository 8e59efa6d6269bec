//! `Idempotency-Key`: what is sent again is not done again.

use std::collections::BTreeSet;

use anyhow::Context as _;
use domain::id::TaskId;
use futures::future::{join_all, try_join_all};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{API, Board, answer, header, text};

fn keyed(
    board: &Board,
    key: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> anyhow::Result<RequestBuilder> {
    let request = board.request(method, &format!("{API}{path}"))?;
    Ok(request.header("idempotency-key", key).json(body))
}

async fn post(board: &Board, key: &str, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
    answer(keyed(board, key, Method::POST, path, body)?).await
}

async fn comments(board: &Board, id: &TaskId) -> anyhow::Result<usize> {
    let detail = board.task(id).await?;
    let comments = detail.get("comments").and_then(Value::as_array);
    comments.map(Vec::len).context("none")
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_answered_as_before_also_by_another_server()
-> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}/comments");
    let said = json!({ "body": "so?" });
    let first = post(&board, "k", &path, &said).await?;
    assert_eq!(first.0, 200);
    assert_eq!(post(&board, "k", &path, &said).await?, first);
    board.stop().await?;
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let again = keyed(&board, "k", Method::POST, &path, &said)?
        .send()
        .await?;
    assert_eq!(again.status(), 200);
    assert_eq!(header(&again, "idempotent-replayed"), "true");
    assert_eq!(comments(&board, &id).await?, 1);
    assert_eq!(post(&board, "other", &path, &said).await?.0, 200);
    assert_eq!(comments(&board, &id).await?, 2);
    let (status, refused) = post(&board, "k", &path, &json!({ "body": "no" })).await?;
    assert_eq!(status, 422, "{refused}");
    assert_eq!(comments(&board, &id).await?, 2);
    Ok(())
}

#[tokio::test]
async fn every_writing_route_takes_a_key() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let other = board.create("b", &[]).await?;
    let task = format!("/tasks/{id}");
    let link = format!("/links?parent_id={other}&child_id={id}");
    let requests = [
        (Method::PATCH, task.clone(), json!({ "priority": 3 })),
        (
            Method::POST,
            format!("{task}/comments"),
            json!({ "body": "x" }),
        ),
        (Method::POST, format!("{task}/claim"), json!({})),
        (Method::POST, format!("{task}/heartbeat"), json!({})),
        (Method::POST, format!("{task}/reclaim"), json!({})),
        (
            Method::POST,
            "/links".to_owned(),
            json!({ "parent_id": other, "child_id": id }),
        ),
        (Method::DELETE, link, json!({})),
        (Method::POST, "/pause".to_owned(), json!({})),
        (Method::POST, "/resume".to_owned(), json!({})),
        (
            Method::POST,
            "/tasks/bulk".to_owned(),
            json!({ "ids": [id, other], "priority": 4 }),
        ),
        (Method::DELETE, task.clone(), json!({})),
    ];
    for (number, (method, path, body)) in requests.into_iter().enumerate() {
        let key = format!("key {number}");
        let ask = || async {
            let request = keyed(&board, &key, method.clone(), &path, &body)?;
            let response = request.send().await?;
            let undo = header(&response, "kanban-undo").to_owned();
            anyhow::Ok((response.status().as_u16(), undo, response.text().await?))
        };
        let (_, before) = board.get("/board").await?;
        let first = ask().await?;
        assert_eq!(first.0, 200, "{path}: {first:?}");
        let (_, between) = board.get("/board").await?;
        assert_eq!(ask().await?, first, "{path}");
        let (_, after) = board.get("/board").await?;
        let newest = |board: &Value| board["latest_event_id"].clone();
        assert_eq!(newest(&between), newest(&after), "{path} was done again");
        let is_told = path != "/pause" && path != "/resume" && !path.ends_with("heartbeat");
        assert_eq!(newest(&before) != newest(&between), is_told, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn the_key_of_a_new_task_may_stand_in_the_header() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let new = json!({ "title": "a" });
    let (_, first) = post(&board, "k", "/tasks", &new).await?;
    assert_eq!(first["task"]["idempotency_key"], "k");
    let (_, again) = post(&board, "k", "/tasks", &new).await?;
    assert_eq!(
        (&again["task"]["id"], &again["created"]),
        (&first["task"]["id"], &json!(false))
    );
    let in_body = json!({ "title": "a", "idempotency_key": "k" });
    assert_eq!(post(&board, "k", "/tasks", &in_body).await?.0, 200);
    let (status, refused) = post(&board, "other", "/tasks", &in_body).await?;
    assert_eq!(status, 400);
    assert!(text(&refused, "/detail")?.contains("idempotency_key"));
    Ok(())
}

#[tokio::test]
async fn requests_that_race_under_one_key_are_carried_out_once() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}/comments");
    let said = json!({ "body": "so?" });
    let answer = race(&board, &path, &said).await?;
    assert_eq!(comments(&board, &id).await?, 1);
    assert_eq!(post(&board, "k", &path, &said).await?, (200, answer));
    Ok(())
}

/// Sends a request sixteen times at once, asserts that it is carried out for one of them and all get the
/// same answer, and returns that.
async fn race(board: &Board, path: &str, body: &Value) -> anyhow::Result<Value> {
    let all = (0..16).map(|_| async {
        let request = keyed(board, "k", Method::POST, path, body)?;
        let response = request.send().await?;
        let is_replayed = header(&response, "idempotent-replayed") == "true";
        anyhow::ensure!(response.status() == 200, "{response:?}");
        Ok((is_replayed, response.json::<Value>().await?))
    });
    let answers = try_join_all(all).await?;
    let carried_out = answers.iter().filter(|(is_replayed, _)| !is_replayed);
    assert_eq!(carried_out.count(), 1, "{answers:?}");
    let (_, first) = answers.first().context("none")?;
    assert!(answers.iter().all(|(_, it)| it == first), "{answers:?}");
    Ok(first.clone())
}

#[tokio::test]
async fn looks_that_race_under_one_key_are_one_look() -> anyhow::Result<()> {
    let board = Board::running().await?;
    race(&board, "/dispatch?max=1", &json!({})).await?;
    Ok(())
}

#[tokio::test]
async fn creates_that_race_under_one_key_make_one_task() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let new = json!({ "title": "a" });
    let all = join_all((0..16).map(|_| post(&board, "k", "/tasks", &new))).await;
    let mut made = 0;
    let mut ids = BTreeSet::new();
    for answered in all {
        let (status, answer) = answered?;
        assert_eq!(status, 200, "{answer}");
        made += usize::from(answer["created"] != json!(false));
        ids.insert(text(&answer, "/task/id")?.to_owned());
    }
    assert_eq!((made, ids.len()), (1, 1));
    Ok(())
}

#[tokio::test]
async fn what_was_refused_is_carried_out_when_it_is_sent_again_and_can_be() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}/heartbeat");
    assert_eq!(post(&board, "k", &path, &json!({})).await?.0, 409);
    board
        .post(&format!("/tasks/{id}/claim"), &json!({}))
        .await?;
    assert_eq!(post(&board, "k", &path, &json!({})).await?.0, 200);
    for bad in ["", " ", &"x".repeat(256)] {
        assert_eq!(post(&board, bad, &path, &json!({})).await?.0, 400, "{bad}");
    }
    Ok(())
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_not_carried_out_again() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}/comments");
    let said = json!({ "body": "so?" });
    post(&board, "k", &path, &said).await?;
    // As a server leaves it that is killed between the change and its answer.
    board.write_past_us("UPDATE requests SET answer = NULL")?;
    let (status, refused) = post(&board, "k", &path, &said).await?;
    assert_eq!(status, 409, "{refused}");
    assert_eq!(comments(&board, &id).await?, 1);

    let bulk = json!({ "ids": [id], "priority": 3 });
    post(&board, "b", "/tasks/bulk", &bulk).await?;
    board.write_past_us("UPDATE requests SET answer = NULL, part = 1 WHERE key = 'b'")?;
    board
        .patch(&format!("/tasks/{id}"), &json!({ "priority": 0 }))
        .await?;
    let (status, answer) = post(&board, "b", "/tasks/bulk", &bulk).await?;
    assert_eq!((status, &answer["results"][0]["ok"]), (200, &json!(true)));
    let detail = board.task(&id).await?;
    assert_eq!(
        detail["task"]["priority"], 0,
        "that part had been carried out"
    );
    Ok(())
}

#[tokio::test]
async fn the_answer_to_as_many_changes_as_may_be_asked_for_is_kept() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let ids: Vec<&str> = (0..1_000)
        .map(|number| if number % 2 == 0 { id.as_str() } else { "t_00" })
        .collect();
    let bulk = json!({ "ids": ids, "priority": 3 });
    let (status, answer) = post(&board, "b", "/tasks/bulk", &bulk).await?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        post(&board, "b", "/tasks/bulk", &bulk).await?,
        (200, answer)
    );
    Ok(())
}

#[tokio::test]
async fn the_keys_of_a_worker_are_its_own() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let (_, claim) = board
        .post(&format!("/tasks/{id}/claim"), &json!({}))
        .await?;
    let path = format!("/tasks/{id}/comments");
    let said = json!({ "body": "so?" });
    post(&board, "k", &path, &said).await?;
    let by_worker = || {
        let request = board.stranger(Method::POST, &format!("{API}{path}"))?;
        let request = request.bearer_auth(text(&claim, "/token")?);
        anyhow::Ok(request.header("idempotency-key", "k").json(&said))
    };
    for _ in 0..2 {
        assert_eq!(answer(by_worker()?).await?.0, 200);
    }
    assert_eq!(comments(&board, &id).await?, 2);
    Ok(())
}
