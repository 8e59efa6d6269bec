//! Changing many tasks at once, and taking it back.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{API, Board, header, text};

#[tokio::test]
async fn many_tasks_are_changed_each_for_itself() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let a = board.create("a", &[]).await?;
    let b = board.create("b", &["--parent", a.as_str()]).await?;
    let c = board.create("c", &[]).await?;
    board.post(&format!("/tasks/{c}/claim"), &json!({})).await?;
    let wish = json!({ "ids": [a, "", " ", b, "nope", c, a], "status": "ready", "priority": 4 });
    let (status, answer) = board.post("/tasks/bulk", &wish).await?;
    assert_eq!(status, 200, "{answer}");
    let results = answer["results"].as_array().context("no results")?;
    let ids: Vec<_> = results.iter().map(|it| &it["id"]).collect();
    assert_eq!(
        ids,
        [&json!(a), &json!(b), &json!("nope"), &json!(c), &json!(a)]
    );
    assert_eq!(results[0], json!({ "id": a, "ok": true }));
    assert_eq!(results[1]["ok"], false);
    let error = text(&results[1], "/error")?;
    assert!(
        error.starts_with("transition to 'ready' refused"),
        "{error}"
    );
    assert_eq!(
        results[2],
        json!({ "id": "nope", "ok": false, "error": "not found" })
    );
    assert_eq!(
        board.task(&b).await?["task"]["priority"],
        0,
        "all of it or nothing"
    );
    assert_eq!(board.task(&a).await?["task"]["priority"], 4);
    Ok(())
}

#[tokio::test]
async fn what_is_said_of_finished_tasks_is_kept_of_each() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (a, b) = (board.create("a", &[]).await?, board.create("b", &[]).await?);
    let c = board.create("c", &[]).await?;
    board.post(&format!("/tasks/{b}/claim"), &json!({})).await?;
    let said = json!({
        "status": "done", "result": "42", "summary": "counted", "metadata": { "rows": 42 }
    });
    let mut wish = said.clone();
    wish["ids"] = json!([a, b]);
    let (_, answer) = board.post("/tasks/bulk", &wish).await?;
    assert_eq!(answer["results"][1]["ok"], true, "{answer}");
    // What a dashboard always sends.
    let (status, answer) = board.patch(&format!("/tasks/{c}"), &said).await?;
    assert_eq!(status, 200, "{answer}");
    for task in [a, b, c] {
        assert_eq!(board.task(&task).await?["task"]["result"], "42");
        let (_, runs) = board.get(&format!("/tasks/{task}/runs")).await?;
        let run = &runs["runs"][0];
        assert_eq!(run["summary"], "counted", "{runs}");
        assert_eq!(run["metadata"], json!({ "rows": 42 }));
        assert_eq!(run["outcome"], "completed");
    }
    Ok(())
}

#[tokio::test]
async fn the_oddities_of_many_are_those_of_the_original() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let a = board.create("a", &[]).await?;
    let first = |answer: Value| answer["results"][0].clone();
    for (wish, error) in [
        (
            json!({ "ids": [a], "status": "archived" }),
            "unknown status 'archived'",
        ),
        (
            json!({ "ids": [a], "status": "nonsense", "priority": 9 }),
            "unknown status 'nonsense'",
        ),
        (
            json!({ "ids": ["t_00"], "status": "nonsense" }),
            "not found",
        ),
        (json!({ "ids": ["t_00"] }), "not found"),
    ] {
        let (status, answer) = board.post("/tasks/bulk", &wish).await?;
        assert_eq!(
            (status, &first(answer)["error"]),
            (200, &json!(error)),
            "{wish}"
        );
    }
    let archive = json!({ "ids": [a], "archive": true, "status": "nonsense", "assignee": "x" });
    let (_, answer) = board.post("/tasks/bulk", &archive).await?;
    assert_eq!(first(answer), json!({ "id": a, "ok": true }));
    let (_, answer) = board.post("/tasks/bulk", &archive).await?;
    assert!(text(&first(answer), "/error")?.starts_with("archive refused"));
    let task = board.task(&a).await?;
    assert_eq!(
        (&task["task"]["status"], &task["task"]["assignee"]),
        (&json!("archived"), &json!("x"))
    );
    for (wish, code) in [
        (json!({ "ids": [] }), 400),
        (json!({ "ids": ["", " "] }), 400),
        (json!({}), 422),
        (json!({ "ids": "t_1" }), 422),
        (json!({ "ids": [7] }), 422),
        (json!({ "ids": vec!["t_1"; 1_001] }), 422),
    ] {
        assert_eq!(board.post("/tasks/bulk", &wish).await?.0, code, "{code}");
    }
    let (status, answer) = board.post("/tasks/bulk", &json!({ "ids": [] })).await?;
    assert_eq!(
        (status, answer),
        (400, json!({ "detail": "ids is required" }))
    );
    let (_, answer) = board
        .post(
            "/tasks/bulk",
            &json!({ "ids": vec!["t_1"; 1_000], "priority": 1 }),
        )
        .await?;
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(1_000));
    Ok(())
}

#[tokio::test]
async fn what_was_done_is_taken_back_unless_more_has_happened() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let a = board.create("a", &[]).await?;
    let b = board.create("b", &[]).await?;
    let path = format!("{API}/tasks/bulk");
    let wish = json!({ "ids": [a, b, "t_00"], "status": "done" });
    let done = board
        .request(Method::POST, &path)?
        .json(&wish)
        .send()
        .await?;
    let undo: Vec<i64> = header(&done, "kanban-undo")
        .split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    assert_eq!(undo.len(), 2, "one act a task");
    let take_back = json!({ "events": undo });
    assert_eq!(
        board.post("/undo", &take_back).await?,
        (200, json!({ "ok": true }))
    );
    for id in [&a, &b] {
        assert_eq!(board.task(id).await?["task"]["status"], "ready");
    }
    let again = board
        .request(Method::POST, &path)?
        .json(&wish)
        .send()
        .await?;
    let undo = header(&again, "kanban-undo").to_owned();
    board
        .patch(&format!("/tasks/{b}"), &json!({ "status": "triage" }))
        .await?;
    let events: Vec<i64> = undo.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let (status, answer) = board.post("/undo", &json!({ "events": events })).await?;
    assert_eq!(status, 409, "{answer}");
    assert_eq!(
        board.task(&a).await?["task"]["status"],
        "done",
        "all of it or nothing"
    );
    assert_eq!(
        board
            .post("/undo", &json!({ "events": [999_999] }))
            .await?
            .0,
        409
    );
    assert_eq!(board.post("/undo", &json!({ "events": [] })).await?.0, 400);
    assert_eq!(
        board.post("/undo", &json!({ "events": ["x"] })).await?.0,
        422
    );
    let comment = board
        .request(Method::POST, &format!("{API}/tasks/{a}/comments"))?
        .json(&json!({ "body": "x" }));
    assert_eq!(
        answer_header(comment).await?,
        "",
        "a comment is not taken back"
    );
    Ok(())
}

async fn answer_header(request: reqwest::RequestBuilder) -> anyhow::Result<String> {
    let response = request.send().await?;
    Ok(header(&response, "kanban-undo").to_owned())
}
