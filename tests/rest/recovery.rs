//! Taking a task away from its worker, and what is told of attempts.

use domain::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{API, Board, answer, keys, text};

async fn claimed(board: &Board) -> anyhow::Result<(TaskId, Value)> {
    let id = board.create("a", &["--assignee", "ada"]).await?;
    let (status, claim) = board
        .post(&format!("/tasks/{id}/claim"), &json!({}))
        .await?;
    assert_eq!(status, 200, "{claim}");
    Ok((id, claim))
}

async fn newest(board: &Board, id: &TaskId) -> anyhow::Result<Value> {
    let detail = board.task(id).await?;
    let events = detail.get("events").and_then(Value::as_array);
    Ok(events
        .and_then(|events| events.last())
        .cloned()
        .unwrap_or_default())
}

#[tokio::test]
async fn a_reclaimed_task_is_ready_again_and_its_worker_may_do_nothing() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (id, claim) = claimed(&board).await?;
    let path = format!("/tasks/{id}/reclaim");
    let answered = board.post(&path, &json!({ "reason": "it loops" })).await?;
    assert_eq!(answered, (200, json!({ "ok": true, "task_id": id })));
    let detail = board.task(&id).await?;
    assert_eq!(detail["task"]["status"], "ready");
    assert_eq!(detail["runs"][0]["outcome"], "reclaimed");
    let event = newest(&board, &id).await?;
    assert_eq!(
        (&event["kind"], &event["payload"]["reason"]),
        (&json!("reclaimed"), &json!("it loops"))
    );
    let late = board
        .stranger(Method::POST, &format!("{API}/tasks/{id}/heartbeat"))?
        .bearer_auth(text(&claim, "/token")?);
    assert_ne!(answer(late).await?.0, 200);
    assert_eq!(
        board.post(&path, &json!({})).await?.0,
        409,
        "it does not run"
    );
    assert_eq!(board.post("/tasks/t_00/reclaim", &json!({})).await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn a_run_is_found_by_its_number_and_terminated_while_it_is_the_current_one()
-> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (id, claim) = claimed(&board).await?;
    let run = claim["run"].as_i64().unwrap_or_default();
    let (status, found) = board.get(&format!("/runs/{run}")).await?;
    assert_eq!(status, 200);
    assert_eq!(
        (&found["run"]["task_id"], &found["run"]["status"]),
        (&json!(id), &json!("running"))
    );
    let path = format!("/runs/{run}/terminate");
    assert_eq!(
        board.post(&path, &json!({})).await?,
        (200, json!({ "ok": true, "run_id": run, "task_id": id }))
    );
    let (_, found) = board.get(&format!("/runs/{run}")).await?;
    assert_eq!(found["run"]["status"], "reclaimed");
    board
        .post(&format!("/tasks/{id}/claim"), &json!({}))
        .await?;
    let (status, refused) = board.post(&path, &json!({})).await?;
    assert_eq!(status, 409, "another attempt has begun: {refused}");
    assert_eq!(board.task(&id).await?["task"]["status"], "running");
    for path in ["/runs/99", "/runs/99/terminate"] {
        let method = if path.ends_with('9') {
            Method::GET
        } else {
            Method::POST
        };
        let request = board.request(method, &format!("{API}{path}"))?;
        assert_eq!(answer(request).await?.0, 404, "{path}");
    }
    assert_eq!(board.get("/runs/x").await?.0, 422);
    Ok(())
}

#[tokio::test]
async fn a_task_is_reassigned_and_its_worker_stopped_when_asked_to() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (id, _) = claimed(&board).await?;
    let path = format!("/tasks/{id}/reassign");
    let (status, _) = board.post(&path, &json!({ "profile": "bob" })).await?;
    assert_eq!(status, 409);
    let stop = json!({ "profile": "bob", "reclaim_first": true, "reason": "too slow" });
    assert_eq!(
        board.post(&path, &stop).await?,
        (200, json!({ "ok": true, "task_id": id, "assignee": "bob" }))
    );
    let task = &board.task(&id).await?["task"];
    assert_eq!(
        (&task["status"], &task["assignee"]),
        (&json!("ready"), &json!("bob"))
    );
    board
        .post(&format!("/tasks/{id}/claim"), &json!({}))
        .await?;
    assert_eq!(board.post(&path, &stop).await?.0, 200);
    let task = &board.task(&id).await?["task"];
    assert_eq!(task["status"], "ready", "also when it stays the same");
    let (_, answer) = board.post(&path, &json!({ "profile": "" })).await?;
    assert_eq!(answer["assignee"], Value::Null);
    assert_eq!(board.post("/tasks/t_00/reassign", &stop).await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn a_task_that_is_to_be_deleted_is_put_away_and_can_be_brought_back() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let path = format!("/tasks/{id}");
    for _ in 0..2 {
        let (status, answer) = board.delete(&path).await?;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(
            (&answer["deleted"], &answer["archived"]),
            (&json!(false), &json!(true))
        );
        assert!(text(&answer, "/message")?.contains("archived"));
        assert_eq!(board.task(&id).await?["task"]["status"], "archived");
    }
    assert_eq!(newest(&board, &id).await?["kind"], "archived");
    let back = board.patch(&path, &json!({ "status": "todo" })).await?;
    assert_eq!(back.0, 200);
    assert_eq!(board.delete("/tasks/t_00").await?.0, 404);
    Ok(())
}

#[tokio::test]
async fn the_workers_that_run_are_listed_with_their_tasks() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let body = "exec sleep 30";
    let id = board
        .create("nap", &["--assignee", "shell", "--body", body])
        .await?;
    board.happened(&id, "spawned").await?;
    let (status, answer) = board.get("/workers/active").await?;
    assert_eq!((status, &answer["count"]), (200, &json!(1)), "{answer}");
    let worker = &answer["workers"][0];
    let expected = [
        "run_id",
        "task_id",
        "task_title",
        "task_status",
        "task_assignee",
        "profile",
        "worker_pid",
        "started_at",
        "claim_lock",
        "claim_expires",
        "last_heartbeat_at",
    ];
    assert_eq!(keys(worker), expected);
    assert_eq!(
        (
            &worker["task_id"],
            &worker["task_title"],
            &worker["profile"]
        ),
        (&json!(id), &json!("nap"), &json!("shell"))
    );
    assert!(worker["worker_pid"].is_i64());
    let run = &worker["run_id"];
    board.post("/pause", &json!({ "lane": "shell" })).await?;
    let (status, _) = board
        .post(&format!("/runs/{run}/terminate"), &json!({}))
        .await?;
    assert_eq!(status, 200);
    let (_, answer) = board.get("/workers/active").await?;
    assert_eq!(answer["workers"], json!([]));
    Ok(())
}

#[tokio::test]
async fn the_detail_of_a_task_has_its_attempts_and_what_the_last_one_said() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let (id, _) = claimed(&board).await?;
    let detail = board.task(&id).await?;
    assert_eq!(detail["runs"].as_array().map(Vec::len), Some(1));
    assert_eq!(detail["task"]["latest_summary"], Value::Null);
    let done = json!({ "status": "done", "result": "r", "summary": "merged it" });
    assert_eq!(board.patch(&format!("/tasks/{id}"), &done).await?.0, 200);
    let detail = board.task(&id).await?;
    assert_eq!(detail["task"]["latest_summary"], "merged it");
    assert_eq!(
        (&detail["runs"][0]["summary"], &detail["runs"][0]["status"]),
        (&json!("merged it"), &json!("done"))
    );
    let (_, runs) = board.get(&format!("/tasks/{id}/runs")).await?;
    assert_eq!(runs["runs"], detail["runs"]);
    Ok(())
}

#[tokio::test]
async fn a_task_has_limits_and_skills_of_its_own() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let new = json!({
        "title": "a", "max_runtime_seconds": "90", "max_retries": 2, "skills": ["rust", "rust"],
    });
    let (status, answer) = board.post("/tasks", &new).await?;
    assert_eq!(status, 200, "{answer}");
    let limits = |task: &Value| {
        ["max_runtime_seconds", "max_retries", "skills"].map(|key| task[key].clone())
    };
    assert_eq!(
        limits(&answer["task"]),
        [json!(90), json!(2), json!(["rust"])]
    );
    let path = format!("/tasks/{}", text(&answer, "/task/id")?);
    let change = json!({ "max_runtime_seconds": 0, "max_retries": 7 });
    let (_, answer) = board.patch(&path, &change).await?;
    assert_eq!(
        limits(&answer["task"]),
        [Value::Null, json!(7), json!(["rust"])]
    );
    let nothing = json!({ "max_runtime_seconds": null, "max_retries": null });
    let (_, answer) = board.patch(&path, &nothing).await?;
    assert_eq!(answer["task"]["max_retries"], 7);
    for (bad, code) in [
        (json!({ "title": "a", "max_runtime_seconds": -1 }), 422),
        (
            json!({ "title": "a", "max_retries": 4_294_967_296_i64 }),
            422,
        ),
        (json!({ "title": "a", "skills": "rust" }), 422),
        (json!({ "title": "a", "skills": ["--yolo"] }), 400),
    ] {
        assert_eq!(board.post("/tasks", &bad).await?.0, code, "{bad}");
    }
    let same = json!({ "title": "b", "skills": null, "max_retries": null });
    assert_eq!(board.post("/tasks", &same).await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn a_worker_that_takes_longer_than_its_task_may_is_ended() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let new = json!({
        "title": "nap", "assignee": "shell", "body": "echo $KANBAN_SKILLS; exec sleep 30",
        "max_runtime_seconds": 1, "max_retries": 1, "skills": ["a", "b"],
    });
    let (_, answer) = board.post("/tasks", &new).await?;
    let id: TaskId = text(&answer, "/task/id")?.parse()?;
    board.happened(&id, "gave_up").await?;
    let detail = board.task(&id).await?;
    assert_eq!(detail["task"]["status"], "blocked");
    assert_eq!(detail["runs"][0]["outcome"], "timed_out");
    let (_, log) = board.get(&format!("/tasks/{id}/log")).await?;
    assert!(text(&log, "/content")?.contains("\na,b\n"), "{log}");
    Ok(())
}
