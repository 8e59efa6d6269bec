//! Reading the board, as a whole or by words.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::TASK_KEYS;
use crate::harness::{API, Board, header, keys, status};

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
async fn a_board_holds_the_beginning_of_a_long_text() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let long = "a€".repeat(100_000);
    let id = board.create("a", &["--body", &long[..100_000]]).await?;
    let (_, shown) = board.get("/board").await?;
    let columns = shown["columns"].as_array().context("no columns")?;
    let cards = columns
        .iter()
        .flat_map(|it| it["tasks"].as_array().into_iter().flatten());
    let card = cards.into_iter().find(|card| card["id"] == id.as_str());
    let body = card
        .and_then(|card| card["body"].as_str())
        .context("no body")?;
    assert!(
        body.len() <= 16 * 1024 + 3 && body.ends_with("a€…"),
        "{}",
        body.len()
    );
    let (_, whole) = board.get(&format!("/tasks/{id}")).await?;
    assert_eq!(whole["task"]["body"], long[..100_000]);
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
async fn what_another_program_writes_without_an_event_is_on_the_board() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let [a, b] = [board.create("a", &[]).await?, board.create("b", &[]).await?];
    board.get("/board").await?;
    let ask = |etag: String| {
        let request = board.request(Method::GET, &format!("{API}/board?summary=1"))?;
        anyhow::Ok(request.header("if-none-match", etag))
    };
    let etag = header(&ask(String::new())?.send().await?, "etag").to_owned();
    board.write_past_us(&format!(
        "UPDATE tasks SET status = 'todo', title = 'silent' WHERE id = '{a}'; \
         INSERT INTO task_links (parent_id, child_id) VALUES ('{a}', '{b}')"
    ))?;
    let (_, answer) = board.get("/board").await?;
    let (todo, ready) = (
        &answer["columns"][1]["tasks"][0],
        &answer["columns"][2]["tasks"][0],
    );
    assert_eq!(
        (&todo["title"], &todo["link_counts"]["children"]),
        (&json!("silent"), &json!(1)),
        "{answer}"
    );
    assert_eq!(ready["link_counts"]["parents"], 1);
    assert_eq!(status(ask(etag)?).await?, 200);
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
