//! Changing one task: `PATCH`.

use anyhow::Context as _;
use domain::id::TaskId;
use serde_json::{Value, json};

use crate::harness::{Board, text};

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
        (json!({ "assignee": "ops", "status": "running" }), 400),
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
async fn the_unblock_of_a_task_whose_parent_is_unfinished_puts_it_into_todo() -> anyhow::Result<()>
{
    let board = Board::shown().await?;
    let parent = board.create("parent", &[]).await?;
    let ready = json!({ "status": "ready" });
    for status in ["blocked", "scheduled"] {
        let id = board.create("a", &["--parent", parent.as_str()]).await?;
        board.write_past_us(&format!(
            "UPDATE tasks SET status = '{status}' WHERE id = '{id}'"
        ))?;
        let (code, answer) = board.patch(&format!("/tasks/{id}"), &ready).await?;
        assert_eq!((code, &answer["task"]["status"]), (200, &json!("todo")));
        assert_eq!(
            kinds(&board, &id).await?.last().map(String::as_str),
            Some("unblocked")
        );
        let bulk = json!({ "ids": [id], "status": "ready" });
        let (_, refused) = board.post("/tasks/bulk", &bulk).await?;
        assert_eq!(
            refused["results"][0]["ok"], false,
            "it waits now: {refused}"
        );
    }
    let free = board.create("b", &[]).await?;
    board.write_past_us(&format!(
        "UPDATE tasks SET status = 'scheduled' WHERE id = '{free}'"
    ))?;
    let unblocked = board.kanban(&["unblock", free.as_str()]).await?;
    assert_eq!(unblocked.code, Some(0), "{unblocked:?}");
    let (_, answer) = board.get(&format!("/tasks/{free}")).await?;
    assert_eq!(answer["task"]["status"], "ready");
    Ok(())
}

#[tokio::test]
async fn a_link_that_is_not_there_is_gone_already() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    for (parent, child) in [
        (id.as_str(), "t_00"),
        ("t_00", id.as_str()),
        ("t_00", "t_01"),
        ("nonsense", "..%2Fx"),
        (id.as_str(), id.as_str()),
    ] {
        let path = format!("/links?parent_id={parent}&child_id={child}");
        let answer = board.delete(&path).await?;
        assert_eq!(answer, (200, json!({ "ok": false })), "{path}");
    }
    Ok(())
}
