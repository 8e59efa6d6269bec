//! Creating a task, and asking for one.

use reqwest::Method;
use serde_json::{Value, json};

use super::TASK_KEYS;
use crate::harness::{API, Board, answer, keys, text};

#[tokio::test]
async fn a_task_is_created_as_clients_of_the_original_expect() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (status, answer) = board
        .post("/tasks", &json!({ "title": "  write it  " }))
        .await?;
    assert_eq!(status, 200);
    assert_eq!(keys(&answer), ["task"]);
    let task = &answer["task"];
    assert_eq!(keys(task), TASK_KEYS);
    assert_eq!(task["title"], "write it");
    assert_eq!(task["status"], "ready");
    assert_eq!(task["created_by"], "dashboard");
    assert_eq!(task["workspace_kind"], "scratch");
    assert_eq!(
        (&task["priority"], &task["spawn_failures"]),
        (&json!(0), &json!(0))
    );
    for absent in [
        "body",
        "assignee",
        "started_at",
        "tenant",
        "result",
        "worker_pid",
    ] {
        assert_eq!(task[absent], Value::Null, "{absent}");
    }
    let ages = [
        "created_age_seconds",
        "started_age_seconds",
        "time_to_complete_seconds",
    ];
    assert_eq!(keys(&task["age"]), ages);
    Ok(())
}

#[tokio::test]
async fn every_field_of_a_new_task_is_kept() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let parent = board.create("parent", &[]).await?;
    let body = json!({
        "title": "child",
        "body": "ünïcode\nand lines",
        "assignee": "ops",
        "tenant": "acme",
        "priority": "-7",
        "workspace_kind": "dir",
        "workspace_path": "/srv/x",
        "parents": [parent, "", parent],
        "idempotency_key": "k",
        "unknown": { "is": "ignored" },
    });
    let (status, answer) = board.post("/tasks", &body).await?;
    assert_eq!(status, 200, "{answer}");
    let task = &answer["task"];
    let same = [
        "title",
        "body",
        "assignee",
        "tenant",
        "workspace_kind",
        "workspace_path",
    ];
    for key in same.into_iter().chain(["idempotency_key"]) {
        assert_eq!(task[key], body[key], "{key}");
    }
    assert_eq!(
        (&task["priority"], &task["status"]),
        (&json!(-7), &json!("todo"))
    );
    let id = text(task, "/id")?;
    let (_, detail) = board.get(&format!("/tasks/{id}")).await?;
    assert_eq!(
        keys(&detail),
        ["task", "comments", "events", "links", "runs", "attachments"]
    );
    let task_keys: Vec<_> = TASK_KEYS.into_iter().chain(["latest_summary"]).collect();
    assert_eq!(keys(&detail["task"]), task_keys);
    assert_eq!(
        detail["links"],
        json!({ "parents": [parent], "children": [] })
    );
    assert_eq!(
        keys(&detail["events"][0]),
        ["id", "task_id", "kind", "payload", "created_at"]
    );
    assert_eq!(detail["events"][0]["kind"], "created");
    let payload = &detail["events"][0]["payload"];
    assert_eq!(keys(payload), ["assignee", "status", "parents", "tenant"]);
    Ok(())
}

#[tokio::test]
async fn a_repeated_request_finds_the_first_task() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (_, first) = board
        .post("/tasks", &json!({ "title": "a", "idempotency_key": "k" }))
        .await?;
    let again = json!({ "title": "b", "idempotency_key": "k", "parents": ["t_00"] });
    let (status, second) = board.post("/tasks", &again).await?;
    assert_eq!((status, &second["created"]), (200, &json!(false)));
    assert_eq!(second["task"]["id"], first["task"]["id"]);
    assert_eq!(second["task"]["title"], "a");
    Ok(())
}

#[tokio::test]
async fn a_task_that_cannot_be_is_refused_with_the_reason() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for (body, detail) in [
        (json!({ "title": " \t" }), "title is required"),
        (
            json!({ "title": "a", "parents": ["t_00", "x"] }),
            "unknown parent task(s): t_00, x",
        ),
        (
            json!({ "title": "a", "workspace_kind": "attic" }),
            "workspace kind must be one of ['dir', 'scratch', 'worktree'], not 'attic'",
        ),
    ] {
        let refusal = board.post("/tasks", &body).await?;
        assert_eq!(refusal, (400, json!({ "detail": detail })), "{body}");
    }
    let (_, cards) = board.get("/board").await?;
    assert_eq!(cards["latest_event_id"], 0);
    Ok(())
}

#[tokio::test]
async fn a_malformed_body_is_told_where_and_why() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (status, answer) = board.post("/tasks", &json!({ "priority": 1.5 })).await?;
    assert_eq!(status, 422);
    let expected = json!([
        {
            "type": "missing",
            "loc": ["body", "title"],
            "msg": "Field required",
            "input": { "priority": 1.5 },
        },
        {
            "type": "int_from_float",
            "loc": ["body", "priority"],
            "msg": "Input should be a valid integer, got a number with a fractional part",
            "input": 1.5,
        },
    ]);
    assert_eq!(answer, json!({ "detail": expected }));
    let (status, answer) = board.get("/board?include_archived=perhaps").await?;
    assert_eq!(
        (status, &answer["detail"][0]["loc"]),
        (422, &json!(["query", "include_archived"]))
    );
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_not_said_to_be_json_is_refused() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let path = format!("{API}/tasks");
    let post = || board.request(Method::POST, &path);
    let json = r#"{"title":"a"}"#;
    for other in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "jsonp",
    ] {
        let (status, answer) = answer(post()?.header("content-type", other).body(json)).await?;
        assert_eq!(status, 415, "{other}: {answer}");
        assert!(
            text(&answer, "/detail")?.contains("application/json"),
            "{answer}"
        );
    }
    assert_eq!(answer(post()?.body(json)).await?.0, 415);
    assert_eq!(answer(post()?.form(&[("title", "a")])).await?.0, 415);
    let patch = board.request(Method::PATCH, &format!("{path}/t_00"))?;
    assert_eq!(answer(patch.body(json)).await?.0, 415);
    let pause = board.request(Method::POST, &format!("{API}/pause"))?;
    assert_eq!(answer(pause.body(r#"{"lane":"shell"}"#)).await?.0, 415);
    let pause = board.request(Method::POST, &format!("{API}/pause"))?;
    assert_eq!(answer(pause).await?.0, 200, "nothing needs no type");
    for typed in [
        "application/json; charset=utf-8",
        "application/problem+json",
    ] {
        let created = post()?.header("content-type", typed).body(json);
        assert_eq!(answer(created).await?.0, 200, "{typed}");
    }
    Ok(())
}

#[tokio::test]
async fn a_number_beyond_64_bits_is_refused_and_none_is_changed() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    for beyond in [
        "9223372036854775808",
        "-9223372036854775809",
        "\"-9223372036854775809\"",
        "18446744073709551616",
        "1e30",
    ] {
        for (method, path) in [
            (Method::POST, format!("{API}/tasks")),
            (Method::PATCH, format!("{API}/tasks/{id}")),
        ] {
            let request = board
                .request(method, &path)?
                .header("content-type", "application/json")
                .body(format!(r#"{{"title":"b","priority":{beyond}}}"#));
            assert_eq!(answer(request).await?.0, 422, "{beyond} {path}");
        }
    }
    for most in [i64::MIN, i64::MAX] {
        let (status, answer) = board
            .patch(&format!("/tasks/{id}"), &json!({ "priority": most }))
            .await?;
        assert_eq!((status, &answer["task"]["priority"]), (200, &json!(most)));
    }
    let (_, stats) = board.get("/stats").await?;
    assert_eq!(stats["by_status"], json!({ "ready": 1 }));
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for id in ["t_00", "bulk", "..%2F..%2Fetc%2Fpasswd", "t_00%00", "%FF"] {
        let (status, answer) = board.get(&format!("/tasks/{id}")).await?;
        assert_eq!(status, 404, "{id}");
        assert!(text(&answer, "/detail")?.ends_with("not found"), "{answer}");
    }
    assert_eq!(
        board.get("/nothing").await?,
        (404, json!({ "detail": "Not Found" }))
    );
    let path = format!("{API}/board");
    let wrong_verb = board.request(Method::DELETE, &path)?.send().await?;
    assert_eq!(wrong_verb.status(), 405);
    assert_eq!(
        wrong_verb.json::<Value>().await?,
        json!({ "detail": "Method Not Allowed" })
    );
    Ok(())
}
