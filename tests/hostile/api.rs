//! What programs are answered: every operation of the API, and the socket.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::json::told_in;
use super::page::asked;
use super::seed::{self, Tasks};
use super::{assert_harmless, short, sources_in};
use crate::harness::golden::golden;
use crate::harness::{API, Board};

/// An operation, the path that it is asked by, and what is sent.
type Call = (Method, &'static str, String, Value);

/// What is asked of each operation that reads.
fn reads(tasks: &Tasks) -> Vec<Call> {
    let get = |of: &'static str, path: &str| (Method::GET, of, path.to_owned(), Value::Null);
    let mut calls = vec![
        get("/board", "/board?include_archived=1"),
        get("/board", "/board?summary=1&include_archived=1"),
        get("/workers/active", "/workers/active"),
        get("/assignees", "/assignees"),
        get("/diagnostics", "/diagnostics"),
        get("/boards", "/boards"),
        get("/subscriptions", "/subscriptions"),
        get("/board/subscriptions", "/board/subscriptions"),
        get("/quiet-hours", "/quiet-hours"),
        get("/deliveries", "/deliveries"),
        get("/inbox", "/inbox"),
        get("/search", "/search?q=turned"),
        get("/config", "/config"),
        get("/stats", "/stats"),
        get("/dispatcher", "/dispatcher"),
        get("/lanes", "/lanes"),
        get("/runs/{id}", "/runs/1"),
        get("/runs/{id}", "/runs/99999"),
    ];
    let of_task = [
        "",
        "/changes",
        "/log",
        "/why",
        "/runs",
        "/subscriptions",
        "/attachments",
    ];
    let names = [
        "/tasks/{id}",
        "/tasks/{id}/changes",
        "/tasks/{id}/log",
        "/tasks/{id}/why",
        "/tasks/{id}/runs",
        "/tasks/{id}/subscriptions",
        "/tasks/{id}/attachments",
    ];
    let nobody = asked("task");
    for task in tasks.all().into_iter().chain([nobody.as_str()]) {
        for (name, path) in names.into_iter().zip(of_task) {
            calls.push(get(name, &format!("/tasks/{task}{path}")));
        }
    }
    calls
}

/// What is asked of each operation that changes something, one after the other.
#[expect(
    clippy::too_many_lines,
    reason = "one entry a request, and nothing else"
)]
fn changes(tasks: &Tasks) -> Vec<Call> {
    let Tasks {
        ready,
        running,
        asks,
        done,
        foreign,
        gave_up,
        ..
    } = tasks;
    // Some are quoted in escapes, which can be read.
    let text = |name: &str| short(&format!("request.{name}")).replace("never-shown", "escaped");
    let post = |of, path: String, body| (Method::POST, of, path, body);
    let place = json!({ "platform": "slack", "chat_id": "b" });
    let nowhere = json!({ "platform": text("platform"), "chat_id": text("chat_id") });
    let task = |task: &str, verb: &str| format!("/tasks/{task}{verb}");
    let delete = |of, path: String| (Method::DELETE, of, path, Value::Null);
    vec![
        post(
            "/tasks",
            "/tasks".to_owned(),
            json!({ "title": text("title"), "parents": [ready] }),
        ),
        post(
            "/tasks",
            "/tasks".to_owned(),
            json!({ "title": "x", "assignee": text("assignee") }),
        ),
        post(
            "/tasks",
            "/tasks".to_owned(),
            json!({ "title": "x", "parents": [text("parent")] }),
        ),
        post(
            "/tasks",
            "/tasks".to_owned(),
            json!({ "title": "x", "priority": text("priority") }),
        ),
        post(
            "/tasks",
            "/tasks".to_owned(),
            json!({ "title": "x", "workspace_kind": text("kind") }),
        ),
        post(
            "/tasks",
            "/tasks".to_owned(),
            json!({ "title": "x", "skills": [text("skill")] }),
        ),
        (
            Method::PATCH,
            "/tasks/{id}",
            task(ready, ""),
            json!({ "priority": 2 }),
        ),
        (
            Method::PATCH,
            "/tasks/{id}",
            task(ready, ""),
            json!({ "status": text("status") }),
        ),
        (
            Method::PATCH,
            "/tasks/{id}",
            task(foreign, ""),
            json!({ "status": "done" }),
        ),
        post(
            "/tasks/{id}/comments",
            task(ready, "/comments"),
            json!({ "body": text("body") }),
        ),
        post(
            "/tasks/{id}/claim",
            task(asks, "/claim"),
            json!({ "claimer": text("claimer") }),
        ),
        post("/tasks/{id}/claim", task(asks, "/claim"), Value::Null),
        post(
            "/tasks/{id}/heartbeat",
            task(running, "/heartbeat"),
            Value::Null,
        ),
        post(
            "/tasks/{id}/subscriptions",
            task(ready, "/subscriptions"),
            place.clone(),
        ),
        post(
            "/tasks/{id}/subscriptions",
            task(ready, "/subscriptions"),
            nowhere.clone(),
        ),
        delete(
            "/tasks/{id}/subscriptions",
            task(ready, "/subscriptions?platform=x&chat_id=y"),
        ),
        post(
            "/board/subscriptions",
            "/board/subscriptions".to_owned(),
            place.clone(),
        ),
        post(
            "/board/subscriptions",
            "/board/subscriptions".to_owned(),
            nowhere,
        ),
        delete(
            "/board/subscriptions/{id}",
            "/board/subscriptions/1".to_owned(),
        ),
        (
            Method::PUT,
            "/quiet-hours",
            "/quiet-hours".to_owned(),
            json!({
                "platform": "slack", "chat_id": "b", "hours": text("hours"),
            }),
        ),
        post(
            "/links",
            "/links".to_owned(),
            json!({ "parent_id": gave_up, "child_id": asks }),
        ),
        post(
            "/links",
            "/links".to_owned(),
            json!({ "parent_id": text("parent"), "child_id": asks }),
        ),
        delete(
            "/links",
            format!("/links?parent_id={gave_up}&child_id={asks}"),
        ),
        post(
            "/pause",
            "/pause".to_owned(),
            json!({ "lane": text("lane") }),
        ),
        post(
            "/resume",
            "/resume".to_owned(),
            json!({ "lane": text("lane") }),
        ),
        post("/pause", "/pause".to_owned(), json!({ "lane": "a" })),
        post("/dispatch", "/dispatch?dry_run=1".to_owned(), Value::Null),
        post(
            "/tasks/bulk",
            "/tasks/bulk".to_owned(),
            json!({
                "ids": [running, foreign, text("task")], "assignee": "bob",
            }),
        ),
        post(
            "/tasks/{id}/reassign",
            task(running, "/reassign"),
            json!({ "profile": "bob" }),
        ),
        post(
            "/deliveries/{id}/retry",
            "/deliveries/1/retry".to_owned(),
            Value::Null,
        ),
        delete("/deliveries/{id}", "/deliveries/1".to_owned()),
        post("/undo", "/undo".to_owned(), json!({ "events": [1] })),
        post("/tasks/{id}/cancel", task(running, "/cancel"), Value::Null),
        post(
            "/tasks/{id}/reclaim",
            task(running, "/reclaim"),
            json!({ "reason": text("reason") }),
        ),
        post(
            "/runs/{id}/terminate",
            "/runs/1/terminate".to_owned(),
            Value::Null,
        ),
        post(
            "/boards/{id}/switch",
            "/boards/default/switch".to_owned(),
            Value::Null,
        ),
        delete("/tasks/{id}", task(done, "")),
    ]
}

/// The operations that are not asked here, and why.
const LEFT: [&str; 1] = [
    // It does not end; `log_of` reads its beginning.
    "get /tasks/{id}/log/stream",
];

/// The operations that the document of the API names.
async fn documented(board: &Board) -> anyhow::Result<BTreeSet<String>> {
    let document = board.request(Method::GET, "/api/openapi.json")?;
    let document: Value = document.send().await?.json().await?;
    let paths = document.get("paths").and_then(Value::as_object);
    let paths = paths.into_iter().flatten();
    let operations = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, _)| format!("{method} {path}"))
    });
    Ok(operations.collect())
}

#[tokio::test]
async fn a_program_is_told_texts_in_fields_of_their_own_and_clean_sentences() -> anyhow::Result<()>
{
    let mut board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    std::fs::create_dir_all(board.home().join("kanban/logs"))?;
    let log = board
        .home()
        .join(format!("kanban/logs/{}.log", tasks.ready));
    std::fs::write(log, short("log.text"))?;
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let calls = [reads(&tasks), changes(&tasks)].concat();
    let mut asked: BTreeSet<String> = LEFT.map(str::to_owned).into();
    let mut told = BTreeSet::new();
    for (method, operation, path, body) in calls {
        let operation = format!("{} {operation}", method.as_str().to_lowercase());
        let request = board.request(method, &format!("{API}{path}"))?;
        let request = match body {
            Value::Null => request,
            body => request.json(&body),
        };
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await?;
        assert_ne!(status, 500, "{operation}: {answer}");
        let fields = told_in(&format!("{operation} {status}"), &answer).into_iter();
        told.extend(fields.map(|field| format!("{operation} {field}")));
        asked.insert(operation);
    }
    let documented = documented(&board).await?;
    let (verbs, others): (Vec<_>, Vec<_>) = documented
        .into_iter()
        .partition(|operation| operation.starts_with("post /verbs/"));
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), others);
    for operation in verbs {
        let name = operation.trim_start_matches("post ");
        let request = board.request(Method::POST, &format!("{API}{name}"))?;
        let request =
            request.json(&json!({ "task": tasks.ready, "nonsense": short("request.text") }));
        let answer = request.send().await?;
        assert_ne!(answer.status(), 500, "{operation}");
        assert_harmless(name, &answer.text().await?);
    }
    told.extend(socket(&board).await?);
    told.extend(log_of(&board, &tasks.ready).await?);
    let metrics = board.request(Method::GET, "/metrics")?.send().await?;
    let metrics = metrics.text().await?;
    assert_harmless("/metrics", &metrics);
    let sources = sources_in(&metrics).into_iter();
    told.extend(sources.map(|source| format!("get /metrics: {source}\n")));
    golden("hostile/api.txt", &told.into_iter().collect::<String>())
}

async fn socket(board: &Board) -> anyhow::Result<BTreeSet<String>> {
    let mut socket = board.socket("since=0").await?;
    let mut frame = socket.frame().await?;
    while frame.get("events") == Some(&json!([])) {
        frame = socket.frame().await?;
    }
    let fields = told_in("a frame", &frame).into_iter();
    Ok(fields.map(|field| format!("socket {field}")).collect())
}

/// The first of what is told of a log that is followed.
async fn log_of(board: &Board, task: &str) -> anyhow::Result<BTreeSet<String>> {
    let stream = board.request(Method::GET, &format!("{API}/tasks/{task}/log/stream"))?;
    let mut stream = stream.send().await?;
    let mut text = String::new();
    while !text.ends_with("\n\n") {
        let chunk = stream.chunk().await?.unwrap_or_default();
        text.push_str(std::str::from_utf8(&chunk)?);
    }
    let data: Value = serde_json::from_str(text.trim_start_matches("data: ").trim_end())?;
    let fields = told_in("a log", &data).into_iter();
    Ok(fields.map(|field| format!("log stream {field}")).collect())
}
