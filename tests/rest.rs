//! The plugin API: the paths, statuses and JSON that clients of the original know.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Board, text};

/// The keys of an object, in their order.
fn keys(json: &Value) -> Vec<&str> {
    json.as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

const TASK_KEYS: [&str; 21] = [
    "id",
    "title",
    "body",
    "assignee",
    "status",
    "priority",
    "created_by",
    "created_at",
    "started_at",
    "completed_at",
    "workspace_kind",
    "workspace_path",
    "claim_lock",
    "claim_expires",
    "tenant",
    "result",
    "idempotency_key",
    "spawn_failures",
    "worker_pid",
    "last_spawn_error",
    "age",
];

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
    assert_eq!(keys(&detail), ["task", "comments", "events", "links"]);
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
async fn the_board_has_its_columns_and_every_task_once() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let parent = board
        .create("parent", &["--tenant", "acme", "--assignee", "w"])
        .await?;
    let urgent = board.create("urgent", &["--priority", "5"]).await?;
    let child = board
        .create("child", &["--parent", parent.as_str()])
        .await?;
    let idea = board.create("idea", &["--triage"]).await?;
    board
        .kanban(&["comment", parent.as_str(), "look", "here"])
        .await?;
    let (status, answer) = board.get("/board").await?;
    assert_eq!(status, 200);
    let board_keys = ["columns", "tenants", "assignees", "latest_event_id", "now"];
    assert_eq!(keys(&answer), board_keys);
    let columns = answer["columns"].as_array().context("no columns")?;
    let column = |name: &str| {
        let column = columns.iter().find(|column| column["name"] == name);
        let tasks = column.and_then(|column| column["tasks"].as_array());
        tasks
            .into_iter()
            .flatten()
            .map(|task| task["id"].clone())
            .collect::<Vec<_>>()
    };
    let names: Vec<_> = columns.iter().map(|column| &column["name"]).collect();
    assert_eq!(
        names,
        ["triage", "todo", "ready", "running", "blocked", "done"]
    );
    assert_eq!(column("triage"), [json!(idea)]);
    assert_eq!(column("todo"), [json!(child)]);
    assert_eq!(column("ready"), [json!(urgent), json!(parent)]);
    let card = &columns[2]["tasks"][1];
    let card_keys = [
        &TASK_KEYS[..],
        &["link_counts", "comment_count", "progress"],
    ]
    .concat();
    assert_eq!(keys(card), card_keys);
    assert_eq!(card["link_counts"], json!({ "parents": 0, "children": 1 }));
    assert_eq!(card["progress"], json!({ "done": 0, "total": 1 }));
    assert_eq!(card["comment_count"], 1);
    assert_eq!(
        (&answer["tenants"], &answer["assignees"]),
        (&json!(["acme"]), &json!(["w"]))
    );
    Ok(())
}

#[tokio::test]
async fn the_board_can_be_narrowed_to_a_tenant_and_widened_to_the_archive() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    board.create("a", &["--tenant", "acme"]).await?;
    board.create("b", &[]).await?;
    let count = |answer: &Value| {
        let columns = answer["columns"].as_array().into_iter().flatten();
        columns
            .filter_map(|column| column["tasks"].as_array())
            .map(Vec::len)
            .sum::<usize>()
    };
    let (_, acme) = board.get("/board?tenant=acme").await?;
    assert_eq!((count(&acme), &acme["tenants"]), (1, &json!(["acme"])));
    let (_, nobody) = board.get("/board?tenant=").await?;
    assert_eq!(count(&nobody), 0);
    let (_, all) = board.get("/board?include_archived=yes").await?;
    assert_eq!(
        (count(&all), &all["columns"][6]["name"]),
        (2, &json!("archived"))
    );
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
    let path = "/api/plugins/kanban/board";
    let wrong_verb = board.request(Method::DELETE, path)?.send().await?;
    assert_eq!(wrong_verb.status(), 405);
    assert_eq!(
        wrong_verb.json::<Value>().await?,
        json!({ "detail": "Method Not Allowed" })
    );
    Ok(())
}
