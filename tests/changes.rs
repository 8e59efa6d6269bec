//! Changing tasks by the plugin API: `PATCH`, many at once, comments, links, and taking it back.

use anyhow::Context as _;
use domain::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::board::answer;
use crate::harness::{Board, header, text};

const API: &str = "/api/plugins/kanban";

async fn kinds(board: &Board, id: &TaskId) -> anyhow::Result<Vec<String>> {
    let detail = board.task(id).await?;
    let events = detail.pointer("/events").and_then(Value::as_array);
    let events = events.context("no events")?;
    events
        .iter()
        .map(|event| Ok(text(event, "/kind")?.to_owned()))
        .collect()
}

#[tokio::test]
async fn a_patch_changes_all_that_it_names_and_answers_with_the_task() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}");
    let change = json!({
        "assignee": "ops", "status": "triage", "priority": "7", "title": " b ", "body": "",
        "unknown": [],
    });
    let (status, answer) = board.patch(&path, &change).await?;
    assert_eq!(status, 200, "{answer}");
    let task = &answer["task"];
    assert_eq!(answer.as_object().context("no object")?.len(), 1);
    assert_eq!(
        (
            &task["assignee"],
            &task["status"],
            &task["priority"],
            &task["title"],
            &task["body"]
        ),
        (
            &json!("ops"),
            &json!("triage"),
            &json!(7),
            &json!("b"),
            &json!("")
        )
    );
    let expected = ["created", "assigned", "status", "priority", "edited"];
    assert_eq!(kinds(&board, &id).await?, expected);
    let nothing = json!({ "assignee": null, "status": null, "title": null, "priority": null });
    for same in [
        json!({}),
        nothing,
        json!({ "status": "triage", "title": "b" }),
    ] {
        assert_eq!(board.patch(&path, &same).await?.0, 200, "{same}");
    }
    assert_eq!(
        kinds(&board, &id).await?,
        expected,
        "nothing changed, so nothing is told"
    );
    let (_, answer) = board.patch(&path, &json!({ "assignee": "" })).await?;
    assert_eq!(answer["task"]["assignee"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn each_status_of_a_patch_is_its_verb() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}");
    for (change, status, kind) in [
        (json!({ "status": "todo" }), "todo", "status"),
        (json!({ "status": "ready" }), "ready", "status"),
        (
            json!({ "status": "blocked", "block_reason": "why?" }),
            "blocked",
            "blocked",
        ),
        (json!({ "status": "ready" }), "ready", "unblocked"),
        (
            json!({ "status": "done", "result": "so" }),
            "done",
            "completed",
        ),
        (json!({ "status": "triage" }), "triage", "status"),
        (json!({ "status": "archived" }), "archived", "archived"),
        (json!({ "status": "todo" }), "todo", "status"),
    ] {
        let (code, answer) = board.patch(&path, &change).await?;
        assert_eq!(
            (code, &answer["task"]["status"]),
            (200, &json!(status)),
            "{change}"
        );
        let kinds = kinds(&board, &id).await?;
        let kinds: Vec<_> = kinds.iter().filter(|kind| *kind != "commented").collect();
        assert_eq!(kinds.last(), Some(&&kind.to_owned()), "{change}");
    }
    Ok(())
}

#[tokio::test]
async fn a_patch_that_is_refused_changes_nothing_at_all() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let parent = board.create("parent", &[]).await?;
    let id = board.create("a", &["--parent", parent.as_str()]).await?;
    let path = format!("/tasks/{id}");
    for (change, code) in [
        (json!({ "priority": 3, "title": " " }), 400),
        (json!({ "priority": 3, "status": "nonsense" }), 400),
        (json!({ "priority": 3, "status": "scheduled" }), 400),
        (json!({ "assignee": "ops", "status": "done" }), 409),
        (json!({ "assignee": "ops", "status": "ready" }), 409),
        (json!({ "assignee": "ops", "status": "running" }), 409),
        (json!({ "priority": 1.5 }), 422),
        (json!({ "metadata": [] }), 422),
    ] {
        let (status, answer) = board.patch(&path, &change).await?;
        assert_eq!(status, code, "{change}: {answer}");
    }
    let (_, answer) = board.patch(&path, &json!({ "status": "ready" })).await?;
    assert!(
        text(&answer, "/detail")?.contains(parent.as_str()),
        "{answer}"
    );
    let detail = board.task(&id).await?;
    assert_eq!(
        (&detail["task"]["priority"], &detail["task"]["assignee"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(kinds(&board, &id).await?, ["created"]);
    for nobody in ["t_00", "bulk", "..%2Fx"] {
        for change in [
            json!({}),
            json!({ "status": "nonsense" }),
            json!({ "status": "done" }),
        ] {
            assert_eq!(
                board.patch(&format!("/tasks/{nobody}"), &change).await?.0,
                404
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_running_task_is_given_to_another_only_with_a_stop() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let (status, _) = board
        .post(&format!("/tasks/{id}/claim"), &json!({}))
        .await?;
    assert_eq!(status, 200);
    let path = format!("/tasks/{id}");
    assert_eq!(
        board.patch(&path, &json!({ "assignee": "b" })).await?.0,
        409
    );
    let stop = json!({ "assignee": "b", "stop": true });
    let (status, answer) = board.patch(&path, &stop).await?;
    assert_eq!((status, &answer["task"]["status"]), (200, &json!("ready")));
    Ok(())
}

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

#[tokio::test]
async fn a_body_may_come_without_a_type_but_not_as_a_form() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let post = || board.request(Method::POST, &format!("{API}/tasks"));
    let bare = post()?.body(r#"{"title":"a"}"#);
    assert_eq!(answer(bare).await?.0, 200);
    let form = post()?.form(&[("title", "a")]);
    assert_eq!(answer(form).await?.0, 422);
    let other = post()?
        .header("content-type", "application/problem+json")
        .body(r#"{"title":"a"}"#);
    assert_eq!(answer(other).await?.0, 200);
    Ok(())
}
