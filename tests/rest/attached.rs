//! The attachments of a task: comments, links, and subscriptions.

use anyhow::Context as _;
use domain::id::TaskId;
use serde_json::{Value, json};

use crate::harness::Board;

#[tokio::test]
async fn a_comment_has_an_author_and_a_text() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let a = board.create("a", &[]).await?;
    let path = format!("/tasks/{a}/comments");
    for body in [
        json!({ "body": " one " }),
        json!({ "body": "two", "author": "" }),
        json!({ "body": "three", "author": null }),
        json!({ "body": "four", "author": "ada" }),
    ] {
        assert_eq!(
            board.post(&path, &body).await?,
            (200, json!({ "ok": true })),
            "{body}"
        );
    }
    let comments = board.task(&a).await?["comments"].clone();
    let said: Vec<_> = comments
        .as_array()
        .context("no comments")?
        .iter()
        .map(|it| (it["author"].clone(), it["body"].clone()))
        .collect();
    let by = |author: &str, body: &str| (json!(author), json!(body));
    let expected = [
        by("dashboard", "one"),
        by("dashboard", "two"),
        by("dashboard", "three"),
    ];
    assert_eq!(said[..3], expected);
    assert_eq!(said[3], by("ada", "four"));
    let blank = (400, json!({ "detail": "body is required" }));
    assert_eq!(
        board
            .post("/tasks/t_00/comments", &json!({ "body": " " }))
            .await?,
        blank
    );
    assert_eq!(
        board
            .post("/tasks/t_00/comments", &json!({ "body": "x" }))
            .await?
            .0,
        404
    );
    assert_eq!(board.post(&path, &json!({})).await?.0, 422);
    let nobody = json!({ "body": "x", "author": "  " });
    assert_eq!(
        board.post(&path, &nobody).await?.0,
        400,
        "500 in the original"
    );
    Ok(())
}

#[tokio::test]
async fn links_come_and_go_and_never_form_a_circle() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let a = board.create("a", &[]).await?;
    let b = board.create("b", &[]).await?;
    let link = |parent: &TaskId, child: &TaskId| json!({ "parent_id": parent, "child_id": child });
    let done = |ok: bool| (200, json!({ "ok": ok }));
    assert_eq!(board.post("/links", &link(&a, &b)).await?, done(true));
    assert_eq!(board.task(&b).await?["task"]["status"], "todo");
    assert_eq!(board.post("/links", &link(&a, &b)).await?, done(true));
    for refused in [
        link(&b, &a),
        link(&a, &a),
        json!({ "parent_id": a, "child_id": "t_00" }),
    ] {
        assert_eq!(board.post("/links", &refused).await?.0, 400, "{refused}");
    }
    let (status, answer) = board.post("/links", &json!({ "parent_id": a })).await?;
    assert_eq!(
        (status, &answer["detail"][0]["loc"]),
        (422, &json!(["body", "child_id"]))
    );
    let unlink = format!("/links?parent_id={a}&child_id={b}");
    assert_eq!(board.delete(&unlink).await?, done(true));
    assert_eq!(board.task(&b).await?["task"]["status"], "ready");
    assert_eq!(board.delete(&unlink).await?, done(false));
    assert_eq!(
        board.delete("/links?parent_id=x&child_id=..%2Fy").await?,
        done(false)
    );
    let (status, answer) = board.delete(&format!("/links?parent_id={a}")).await?;
    let fault = &answer["detail"][0];
    assert_eq!(
        (status, &fault["loc"]),
        (422, &json!(["query", "child_id"]))
    );
    assert_eq!(
        (&fault["type"], &fault["input"]),
        (&json!("missing"), &Value::Null)
    );
    Ok(())
}

#[tokio::test]
async fn somebody_is_told_of_a_task_until_they_are_not() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}/subscriptions");
    let address = json!({ "platform": "telegram", "chat_id": "4711" });
    assert_eq!(
        board.post(&path, &address).await?,
        (200, json!({ "ok": true }))
    );
    assert_eq!(
        board.post(&path, &address).await?,
        (200, json!({ "ok": false }))
    );
    for place in [path.as_str(), "/subscriptions"] {
        let (_, all) = board.get(place).await?;
        let all = all["subscriptions"].as_array().context("no list")?;
        assert_eq!((all.len(), &all[0]["chat_id"]), (1, &json!("4711")));
    }
    assert_eq!(board.post(&path, &json!({ "platform": "x" })).await?.0, 422);
    let blank = json!({ "platform": " ", "chat_id": "1" });
    assert_eq!(board.post(&path, &blank).await?.0, 400);
    assert_eq!(
        board.post("/tasks/t_00/subscriptions", &address).await?.0,
        404
    );
    let there = format!("{path}?platform=telegram&chat_id=4711");
    assert_eq!(board.delete(&there).await?, (200, json!({ "ok": true })));
    assert_eq!(board.delete(&there).await?, (200, json!({ "ok": false })));
    Ok(())
}
