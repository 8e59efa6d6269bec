//! Starting tasks, claiming them, and asking why one does not start.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::harness::{Board, keys, text};

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
async fn a_lane_that_is_not_there_is_not_paused() -> anyhow::Result<()> {
    for board in [Board::shown().await?, Board::running().await?] {
        let (status, refusal) = board.post("/pause", &json!({ "lane": "shel" })).await?;
        let says = "there is no lane shel; there are: shell";
        assert_eq!(status, 400, "{refusal}");
        assert!(text(&refusal, "/detail")?.starts_with(says), "{refusal}");
        let (status, _) = board.post("/pause", &json!({ "lane": "shell" })).await?;
        assert_eq!(status, 200);
    }
    Ok(())
}
