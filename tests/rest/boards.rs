//! One board: what names another is refused, and what the original's pages ask beside it is answered.

use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite;

use crate::harness::{API, Board, answer, keys, text};

#[tokio::test]
async fn a_request_about_another_board_is_refused_on_every_route_and_writes_nothing()
-> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    let document = board.request(Method::GET, "/api/openapi.json")?;
    let (_, document) = answer(document).await?;
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut asked = 0;
    for (path, methods) in paths {
        let path = path.replace("{id}", id.as_str());
        for (method, _) in methods.as_object().into_iter().flatten() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes())?;
            let request = board.request(method, &format!("{API}{path}?board=other"))?;
            let (status, answer) = answer(request.json(&json!({ "title": "b" }))).await?;
            assert_eq!(status, 404, "{path}: {answer}");
            assert!(text(&answer, "/detail")?.contains("\"other\""), "{answer}");
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
    let said = board.socket("since=0&board=other").await.err();
    let refused = said.and_then(|error| error.downcast::<tungstenite::Error>().ok());
    assert!(
        matches!(&refused, Some(tungstenite::Error::Http(answer)) if answer.status() == 404),
        "{refused:?}"
    );
    for ours in ["", "default", "%20DEFAULT", "&board=default"] {
        let (status, _) = board.get(&format!("/stats?board={ours}")).await?;
        assert_eq!(status, 200, "{ours}");
    }
    for other in ["default&board=x", "..%2Fx", "%FF", "x&board=default"] {
        let (status, _) = board.get(&format!("/stats?board={other}")).await?;
        assert_eq!(status, 404, "{other}");
    }
    let (_, stats) = board.get("/stats").await?;
    assert_eq!(stats["by_status"], json!({ "ready": 1 }));
    drop(board.socket("since=0&board=default").await?);
    Ok(())
}

#[tokio::test]
async fn the_list_of_boards_has_one_that_cannot_be_changed() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    board.create("a", &[]).await?;
    let (status, answer) = board.get("/boards").await?;
    assert_eq!((status, &answer["current"]), (200, &json!("default")));
    let only = &answer["boards"][0];
    assert_eq!(answer["boards"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (
            &only["slug"],
            &only["is_current"],
            &only["counts"],
            &only["total"]
        ),
        (
            &json!("default"),
            &json!(true),
            &json!({ "ready": 1 }),
            &json!(1)
        )
    );
    assert_eq!(
        board.post("/boards/default/switch", &json!({})).await?,
        (200, json!({ "current": "default" }))
    );
    assert_eq!(board.post("/boards/x/switch", &json!({})).await?.0, 404);
    let rename = json!({ "slug": "x", "name": "X" });
    for (status, answer) in [
        board.post("/boards", &rename).await?,
        board.patch("/boards/default", &rename).await?,
        board.delete("/boards/default").await?,
    ] {
        assert_eq!(status, 405);
        assert!(text(&answer, "/detail")?.contains("one board"), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_offered_says_what_to_do_instead() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &[]).await?;
    assert_eq!(
        board.get(&format!("/tasks/{id}/attachments")).await?,
        (200, json!({ "attachments": [] }))
    );
    assert_eq!(board.get("/tasks/t_00/attachments").await?.0, 404);
    let upload = board
        .post(&format!("/tasks/{id}/attachments"), &json!({}))
        .await?;
    assert_eq!(upload.0, 405);
    assert!(text(&upload.1, "/detail")?.contains("workspace"));
    assert_eq!(board.get("/attachments/1").await?.0, 404);
    assert_eq!(board.delete("/attachments/1").await?.0, 404);
    for path in [
        format!("/tasks/{id}/specify"),
        format!("/tasks/{id}/decompose"),
        "/runs/1/inspect".to_owned(),
        "/profiles".to_owned(),
        "/orchestration".to_owned(),
        "/home-channels".to_owned(),
    ] {
        let (status, answer) = board.post(&path, &json!({})).await?;
        assert_eq!(status, 404, "{path}");
        assert!(
            text(&answer, "/detail")?.contains(" here"),
            "{path}: {answer}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_names_that_tasks_can_be_given_to_are_lanes_and_assignees() -> anyhow::Result<()> {
    let board = Board::running().await?;
    board.post("/pause", &json!({})).await?;
    board.create("a", &["--assignee", "ada"]).await?;
    let (status, answer) = board.get("/assignees").await?;
    assert_eq!(status, 200);
    let all = answer["assignees"].as_array().into_iter().flatten();
    let named = |name: &str| all.clone().find(|it| it["name"] == name).cloned();
    assert_eq!(
        named("ada"),
        Some(json!({ "name": "ada", "on_disk": false, "counts": { "ready": 1 } }))
    );
    assert_eq!(
        named("shell"),
        Some(json!({ "name": "shell", "on_disk": true, "counts": {} }))
    );
    Ok(())
}

#[tokio::test]
async fn what_looks_wrong_is_listed_and_stands_in_the_detail() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let id = board.create("a", &["--assignee", "ada"]).await?;
    let nothing = json!({ "diagnostics": [], "count": 0 });
    assert_eq!(board.get("/diagnostics").await?, (200, nothing.clone()));
    board.write_past_us(&format!(
        "UPDATE tasks SET status_since = status_since - 3600 WHERE id = '{id}'"
    ))?;
    let (_, answer) = board.get("/diagnostics?severity=error").await?;
    assert_eq!(answer["count"], 1, "{answer}");
    let found = &answer["diagnostics"][0];
    assert_eq!(
        (
            &found["task_id"],
            &found["task_title"],
            &found["task_status"]
        ),
        (&json!(id), &json!("a"), &json!("ready"))
    );
    let diagnostic = &found["diagnostics"][0];
    assert_eq!(
        keys(diagnostic),
        [
            "kind",
            "severity",
            "title",
            "detail",
            "actions",
            "first_seen_at",
            "last_seen_at",
            "count",
            "run_id",
            "data"
        ]
    );
    assert_eq!(diagnostic["kind"], "stranded_in_ready");
    let detail = board.task(&id).await?;
    assert_eq!(
        detail["task"]["diagnostics"][0]["kind"],
        "stranded_in_ready"
    );
    assert_eq!(
        board.get("/diagnostics?severity=critical").await?,
        (200, nothing)
    );
    assert_eq!(board.get("/diagnostics?severity=grave").await?.0, 400);
    Ok(())
}
