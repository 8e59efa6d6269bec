//! `GET /healthz`: whether the server works, and how its dispatcher does.

use std::fs;

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Board, answer, status};
use crate::login::logged_in;

#[tokio::test]
async fn a_sign_of_life_needs_no_token_and_says_nothing_more() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for method in [Method::GET, Method::HEAD] {
        let alive = board.stranger(method.clone(), "/healthz")?.send().await?;
        assert_eq!(alive.status(), 200);
        let said = if method == Method::GET { "ok\n" } else { "" };
        assert_eq!(alive.text().await?, said);
    }
    let old_cookie = board.stranger(Method::GET, "/healthz")?;
    let old_cookie = old_cookie.header("cookie", "kanban_1=x").send().await?;
    assert_eq!(old_cookie.text().await?, "ok\n");
    Ok(())
}

#[tokio::test]
async fn whoever_is_let_in_hears_how_the_dispatcher_does_and_what_it_has_not_started()
-> anyhow::Result<()> {
    let board = Board::running().await?;
    board.configure("[dispatcher]\ncap = 3\n")?;
    let cookie = logged_in(&board).await?;
    for assignee in ["nobody-we-know", "shell"] {
        board.post("/pause", &json!({})).await?;
        board.create("a", &["--assignee", assignee]).await?;
    }
    board.create("b", &[]).await?;
    let (code, health) = answer(board.request(Method::GET, "/healthz")?).await?;
    assert_eq!((code, &health["is_running"]), (200, &json!(true)));
    assert_eq!(
        (&health["running"], &health["bad_ticks"]),
        (&json!(0), &json!(0))
    );
    assert!(
        health["cap"].as_u64().is_some_and(|cap| cap > 0),
        "{health}"
    );
    for moment in ["last_tick", "next_tick", "now"] {
        assert!(health[moment].is_i64(), "{moment}: {health}");
    }
    let not_started = health["not_started"].as_array().context("no list")?;
    let why = |assignee: Value| {
        let mut entries = not_started.iter();
        let entry = entries.find(|entry| entry["assignee"] == assignee);
        entry.map(|entry| (&entry["ready"], &entry["why"]["reason"]))
    };
    let (one, paused) = (json!(1), json!("paused"));
    assert_eq!(why(Value::Null), Some((&one, &json!("no_assignee"))));
    assert_eq!(why(json!("nobody-we-know")), Some((&one, &paused)));
    assert_eq!(why(json!("shell")), Some((&one, &paused)));

    let by_cookie = board.stranger(Method::GET, "/healthz")?;
    let by_cookie = answer(by_cookie.header("cookie", cookie)).await?;
    assert_eq!(by_cookie.1["not_started"], health["not_started"]);
    let (_, by_api) = board.get("/dispatcher").await?;
    assert_eq!(by_api["not_started"], health["not_started"]);
    Ok(())
}

#[tokio::test]
async fn a_run_that_is_stuck_is_a_problem_wherever_problems_are_told() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    // Nobody can say of this one whether it has a supervisor.
    fs::create_dir_all(board.home().join("kanban/runs/7/supervisor.json"))?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let is_stuck = |told: &Value| {
        let problem = told["problem"].as_str();
        problem.is_some_and(|text| text.starts_with("run 7 cannot be recovered: cannot read "))
    };
    // The page's pill shows what this says.
    let mut socket = board.socket("tasks=1").await?;
    let told = |status: &Value| is_stuck(&status["dispatch"]["report"]);
    socket.status("the problem", told).await?;
    let (_, health) = answer(board.request(Method::GET, "/healthz")?).await?;
    assert!(is_stuck(&health), "{health}");
    let stats = board.kanban(&["stats", "--json"]).await?.json()?;
    assert!(is_stuck(&stats["dispatcher"]), "{stats}");
    Ok(())
}

#[tokio::test]
async fn a_wrong_token_is_told_so_where_none_is_needed() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let wrong = || {
        anyhow::Ok(
            board
                .stranger(Method::GET, "/healthz")?
                .bearer_auth("wrong"),
        )
    };
    assert_eq!(status(wrong()?).await?, 401);
    for _ in 0..30 {
        wrong()?.send().await?;
    }
    assert_eq!(status(wrong()?).await?, 429, "it is counted like any other");
    Ok(())
}

#[tokio::test]
async fn a_server_that_cannot_read_its_board_is_not_healthy() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    board.spoil()?;
    for request in [
        board.stranger(Method::GET, "/healthz")?,
        board.request(Method::GET, "/healthz")?,
    ] {
        let sick = request.send().await?;
        assert_eq!(sick.status(), 503);
        assert!(!sick.text().await?.contains("ok"));
    }
    Ok(())
}

#[tokio::test]
async fn how_long_looks_claims_and_starts_take_is_measured() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let task = board
        .create("a", &["--assignee", "shell", "--body", "true"])
        .await?;
    board.happened(&task, "completed").await?;
    let text = board.request(Method::GET, "/metrics")?.send().await?;
    let text = text.text().await?;
    for line in [
        "kanban_claim_seconds_count 1",
        "kanban_claim_seconds_bucket{le=\"+Inf\"} 1",
        "kanban_start_seconds_count 1",
        "kanban_runs{lane=\"shell\",outcome=\"completed\"} 1",
        "kanban_run_start_seconds_count{lane=\"shell\",outcome=\"completed\"} 1",
        "kanban_dispatcher_up 1",
        "# TYPE kanban_tick_seconds histogram",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}:\n{text}");
    }
    let ticks = text
        .lines()
        .find_map(|line| line.strip_prefix("kanban_tick_seconds_count "));
    let ticks: u64 = ticks.context("no ticks")?.parse()?;
    assert!(ticks > 0);
    Ok(())
}
