//! The other routes of the plugin API, and our own.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Board, header, status, text};

const API: &str = "/api/plugins/kanban";

fn keys(json: &Value) -> Vec<&str> {
    let keys = json.as_object().into_iter().flatten();
    keys.map(|(key, _)| key.as_str()).collect()
}

#[tokio::test]
async fn the_configuration_of_the_original_is_read_leniently() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let defaults = json!({
        "default_tenant": "",
        "lane_by_profile": true,
        "include_archived_by_default": false,
        "render_markdown": true,
    });
    assert_eq!(board.get("/config").await?, (200, defaults.clone()));
    let file = board.home().join("config.yaml");
    std::fs::write(
        &file,
        "model: x\ndashboard:\n  kanban:\n    default_tenant: acme\n    render_markdown: false\n",
    )?;
    let (_, config) = board.get("/config").await?;
    assert_eq!(
        (&config["default_tenant"], &config["render_markdown"]),
        (&json!("acme"), &json!(false))
    );
    assert_eq!(keys(&config), keys(&defaults));
    std::fs::write(&file, "dashboard: [")?;
    assert_eq!(board.get("/config").await?, (200, defaults));
    Ok(())
}

#[tokio::test]
async fn the_numbers_leave_out_archived_tasks_and_nobody() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (status, empty) = board.get("/stats").await?;
    assert_eq!(status, 200);
    let stats_keys = [
        "by_status",
        "by_assignee",
        "oldest_ready_age_seconds",
        "now",
    ];
    assert_eq!(keys(&empty), stats_keys);
    assert_eq!(empty["oldest_ready_age_seconds"], Value::Null);
    board.create("a", &["--assignee", "w"]).await?;
    board.create("b", &[]).await?;
    let c = board.create("c", &["--assignee", "w"]).await?;
    board
        .patch(&format!("/tasks/{c}"), &json!({ "status": "archived" }))
        .await?;
    let (_, stats) = board.get("/stats").await?;
    assert_eq!(stats["by_status"], json!({ "ready": 2 }));
    assert_eq!(stats["by_assignee"], json!({ "w": { "ready": 1 } }));
    assert!(stats["oldest_ready_age_seconds"].is_i64());
    Ok(())
}

#[tokio::test]
async fn a_log_is_told_from_its_end() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}/log");
    let (status, log) = board.get(&path).await?;
    assert_eq!(status, 200);
    let log_keys = [
        "task_id",
        "path",
        "exists",
        "size_bytes",
        "content",
        "truncated",
    ];
    assert_eq!(keys(&log), log_keys);
    assert_eq!(
        (&log["exists"], &log["size_bytes"]),
        (&json!(false), &json!(0))
    );
    let folder = board.home().join("kanban/logs");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{id}.log")), "one\ntwo\nthree\n")?;
    let (_, log) = board.get(&path).await?;
    assert_eq!(
        (&log["content"], &log["truncated"], &log["size_bytes"]),
        (&json!("one\ntwo\nthree\n"), &json!(false), &json!(14))
    );
    let (_, tail) = board.get(&format!("{path}?tail=6")).await?;
    assert_eq!(
        (&tail["content"], &tail["truncated"]),
        (&json!("three\n"), &json!(true))
    );
    let (_, tail) = board.get(&format!("{path}?tail=2000000")).await?;
    assert_eq!(tail["truncated"], false);
    for (tail, kind) in [
        ("0", "greater_than_equal"),
        ("2000001", "less_than_equal"),
        ("-1", "greater_than_equal"),
        ("x", "int_parsing"),
    ] {
        let (status, answer) = board.get(&format!("{path}?tail={tail}")).await?;
        assert_eq!(
            (status, &answer["detail"][0]["type"]),
            (422, &json!(kind)),
            "{tail}"
        );
        assert_eq!(answer["detail"][0]["loc"], json!(["query", "tail"]));
    }
    assert_eq!(board.get("/tasks/t_00/log").await?.0, 404);
    assert_eq!(board.get("/tasks/..%2F..%2Ftoken/log").await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn a_log_is_told_as_it_is_written() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let folder = board.home().join("kanban/logs");
    std::fs::create_dir_all(&folder)?;
    let (log, aside) = (
        folder.join(format!("{id}.log")),
        folder.join(format!("{id}.log.1")),
    );
    std::fs::write(&log, "before\n")?;
    let path = format!("{API}/tasks/{id}/log/stream");
    let mut stream = board.request(Method::GET, &path)?.send().await?;
    assert_eq!(header(&stream, "content-type"), "text/event-stream");
    let mut told = String::new();
    let mut hear = async |text: &str| {
        while !told.contains(text) {
            let chunk = stream.chunk().await?.context("the stream ended")?;
            told.push_str(&String::from_utf8(chunk.into())?);
        }
        anyhow::Ok(())
    };
    hear("data: \"before\\n\"\n\n").await?;
    std::fs::write(&log, "before\nafter\n")?;
    hear("data: \"after\\n\"\n\n").await?;
    std::fs::rename(&log, &aside)?;
    std::fs::write(&log, "anew\n")?;
    hear("data: \"anew\\n\"\n\n").await?;
    assert_eq!(board.get("/tasks/t_00/log/stream").await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn a_dry_run_says_what_would_start_and_starts_nothing() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board
        .create("a", &["--assignee", "shell", "--body", "true"])
        .await?;
    let nobody = board.create("b", &[]).await?;
    let (status, tick) = board
        .post("/dispatch?dry_run=true&max=1", &json!({}))
        .await?;
    assert_eq!(status, 200, "{tick}");
    let tick_keys = [
        "reclaimed",
        "promoted",
        "spawned",
        "skipped_unassigned",
        "crashed",
        "auto_blocked",
    ];
    assert_eq!(keys(&tick), tick_keys);
    assert_eq!(tick["spawned"], json!([[id, "shell", ""]]));
    assert_eq!(tick["skipped_unassigned"], json!([nobody]));
    assert_eq!(board.task(&id).await?["task"]["status"], "ready");
    assert_eq!(
        board.post("/dispatch", &json!({})).await?.0,
        409,
        "it only shows the board"
    );
    for query in ["max=x", "max=-1", "dry_run=perhaps"] {
        assert_eq!(
            board
                .post(&format!("/dispatch?{query}"), &json!({}))
                .await?
                .0,
            422
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_look_at_the_board_starts_what_can_start() -> anyhow::Result<()> {
    let board = Board::running().await?;
    assert_eq!(
        board.post("/pause", &json!({})).await?,
        (200, json!({ "ok": true }))
    );
    let id = board
        .create("a", &["--assignee", "shell", "--body", "echo hi"])
        .await?;
    let (_, tick) = board.post("/dispatch", &json!({})).await?;
    assert_eq!(tick["spawned"], json!([]), "it is paused");
    let (_, why) = board.get(&format!("/tasks/{id}/why")).await?;
    assert_eq!(why["why"]["reason"], "paused", "{why}");
    assert!(text(&why, "/why/text")?.contains("paused"));
    let (_, health) = board.get("/dispatcher").await?;
    assert_eq!(health["paused"][0]["lane"], Value::Null);
    assert_eq!(
        (&health["is_running"], &health["running"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(board.post("/resume", &json!({})).await?.0, 200);
    board.happened(&id, "completed").await?;
    let (_, runs) = board.get(&format!("/tasks/{id}/runs")).await?;
    let run = &runs["runs"][0];
    assert_eq!(
        (&run["outcome"], &run["lane"]),
        (&json!("completed"), &json!("shell"))
    );
    let (_, why) = board.get(&format!("/tasks/{id}/why")).await?;
    assert_eq!(why["why"]["reason"], "finished");
    let (_, lanes) = board.get("/lanes").await?;
    let lanes = lanes["lanes"].as_array().context("no lanes")?;
    assert!(lanes.iter().any(|lane| lane["name"] == "shell"));
    for path in ["/tasks/t_00/why", "/tasks/t_00/runs"] {
        assert_eq!(board.get(path).await?.0, 404);
    }
    Ok(())
}

#[tokio::test]
async fn a_task_is_taken_kept_and_given_up() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let claim = json!({ "claimer": "laptop:1", "ttl_seconds": 60 });
    let (status, claimed) = board.post(&format!("/tasks/{id}/claim"), &claim).await?;
    assert_eq!(status, 200, "{claimed}");
    assert_eq!(keys(&claimed), ["run", "token", "task"]);
    assert_eq!(
        (&claimed["task"]["status"], &claimed["task"]["claim_lock"]),
        (&json!("running"), &json!("laptop:1"))
    );
    let (status, _) = board
        .post(&format!("/tasks/{id}/claim"), &json!({}))
        .await?;
    assert_eq!(status, 409, "nobody takes it twice");
    let (status, lease) = board
        .post(&format!("/tasks/{id}/heartbeat"), &json!({}))
        .await?;
    assert_eq!((status, keys(&lease)), (200, vec!["lease_expires"]));
    let (status, task) = board
        .post(&format!("/tasks/{id}/cancel"), &json!({}))
        .await?;
    assert_eq!((status, &task["task"]["status"]), (200, &json!("todo")));
    for verb in ["heartbeat", "cancel"] {
        assert_eq!(
            board
                .post(&format!("/tasks/{id}/{verb}"), &json!({}))
                .await?
                .0,
            409
        );
        assert_eq!(
            board
                .post(&format!("/tasks/t_00/{verb}"), &json!({}))
                .await?
                .0,
            404
        );
    }
    let long = json!({ "ttl_seconds": 86_401 });
    assert_eq!(
        board.post(&format!("/tasks/{id}/claim"), &long).await?.0,
        422
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

#[tokio::test]
async fn a_summary_is_sent_again_only_when_something_happened() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &["--body", "long"]).await?;
    let ask = |etag: String| {
        let request = board.request(Method::GET, &format!("{API}/board?summary=1"))?;
        anyhow::Ok(request.header("if-none-match", etag))
    };
    let first = ask(String::new())?.send().await?;
    let etag = header(&first, "etag").to_owned();
    let summary: Value = first.json().await?;
    let card = &summary["columns"][2]["tasks"][0];
    assert_eq!(
        (&card["id"], card.get("body"), card.get("age")),
        (&json!(id), None, None)
    );
    assert_eq!(status(ask(etag.clone())?).await?, 304);
    assert_eq!(status(ask(format!("\"x\", {etag}"))?).await?, 304);
    board
        .patch(&format!("/tasks/{id}"), &json!({ "priority": 1 }))
        .await?;
    let second = ask(etag.clone())?.send().await?;
    assert_eq!(second.status(), 200);
    assert_ne!(header(&second, "etag"), etag);
    Ok(())
}

#[tokio::test]
async fn the_board_is_the_same_after_any_change_as_it_is_read_anew() -> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let a = board
        .create("a", &["--assignee", "w", "--tenant", "acme"])
        .await?;
    board.get("/board").await?;
    let b = board.create("b", &["--parent", a.as_str()]).await?;
    board
        .post(&format!("/tasks/{a}/comments"), &json!({ "body": "x" }))
        .await?;
    board.post(&format!("/tasks/{a}/claim"), &json!({})).await?;
    board
        .post(
            &format!("/tasks/{a}/heartbeat"),
            &json!({ "ttl_seconds": 5_000 }),
        )
        .await?;
    let (_, followed) = board.get("/board").await?;
    assert_eq!(
        followed["columns"][3]["tasks"][0]["progress"],
        json!({ "done": 0, "total": 1 })
    );
    board
        .patch(&format!("/tasks/{b}"), &json!({ "status": "archived" }))
        .await?;
    let (_, followed) = board.get("/board?include_archived=1").await?;
    board.stop().await?;
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let (_, anew) = board.get("/board?include_archived=1").await?;
    let ageless = |mut board: Value| {
        board["now"].take();
        for column in board["columns"].as_array_mut().into_iter().flatten() {
            for task in column["tasks"].as_array_mut().into_iter().flatten() {
                task["age"].take();
            }
        }
        board
    };
    assert_eq!(ageless(followed), ageless(anew));
    Ok(())
}

#[tokio::test]
async fn tasks_are_found_by_their_words_page_by_page() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for title in ["login flow", "login page", "other"] {
        board.create(title, &[]).await?;
    }
    let (status, found) = board.get("/search?q=log&limit=1").await?;
    assert_eq!((status, &found["total"]), (200, &json!(2)), "{found}");
    let first = found["hits"][0]["task"]["title"].clone();
    let (_, found) = board.get("/search?q=log&limit=1&offset=1").await?;
    assert_ne!(found["hits"][0]["task"]["title"], first);
    let (_, none) = board.get("/search?q=%22%20OR%20*").await?;
    assert_eq!(none["total"], 0);
    for query in ["", "q=a&limit=0", "q=a&limit=201", "q=a&offset=-1"] {
        assert_eq!(
            board.get(&format!("/search?{query}")).await?.0,
            422,
            "{query}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_document_names_every_route_and_what_it_answers() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let answer = board
        .request(Method::GET, "/api/openapi.json")?
        .send()
        .await?;
    assert_eq!(answer.status(), 200);
    let document: Value = answer.json().await?;
    assert!(text(&document, "/openapi")?.starts_with("3.1"));
    let paths = document["paths"].as_object().context("no paths")?;
    let verbs: usize = paths.values().map(|path| keys(path).len()).sum();
    assert_eq!(verbs, 37);
    for path in [
        "/board",
        "/tasks/{id}",
        "/tasks/bulk",
        "/links",
        "/dispatch",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    assert!(document["components"]["schemas"]["NewTask"]["example"].is_object());
    assert_eq!(
        status(board.stranger(Method::GET, "/api/openapi.json")?).await?,
        401
    );
    Ok(())
}

#[tokio::test]
async fn what_is_measured_is_for_those_with_the_token() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    board.create("a", &[]).await?;
    board.post("/tasks", &json!({ "title": "b" })).await?;
    let _socket = board.socket("").await?;
    let answer = board.request(Method::GET, "/metrics")?.send().await?;
    assert!(header(&answer, "content-type").starts_with("text/plain; version=0.0.4"));
    let text = answer.text().await?;
    for line in [
        "kanban_tasks{status=\"ready\"} 2",
        "kanban_sockets 1",
        "kanban_deliveries{state=\"dead\"} 0",
        "kanban_writes_waiting 0",
        "kanban_write_seconds_count 1",
        "kanban_dispatcher_up 0",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}:\n{text}");
    }
    assert_eq!(status(board.stranger(Method::GET, "/metrics")?).await?, 401);
    Ok(())
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_those_who_can_read_it() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    board
        .create("a", &["--body", &"long ".repeat(2_000)])
        .await?;
    for (accepted, coding) in [
        ("gzip", "gzip"),
        ("br;q=1.0, gzip;q=0.5", "br"),
        ("identity", ""),
    ] {
        let board = board.request(Method::GET, &format!("{API}/board"))?;
        let answer = board.header("accept-encoding", accepted).send().await?;
        assert_eq!(header(&answer, "content-encoding"), coding, "{accepted}");
    }
    Ok(())
}
