//! Beyond this machine, and what browsers are told.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::json;

use super::{BOARD, LANES, TASKS};
use crate::harness::{Board, header, status, text};
use crate::login::proof;

#[tokio::test]
async fn beyond_this_machine_it_listens_only_behind_a_proxy() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8420"] {
        let said = board.kanban(&["serve", "--listen", address]).await?;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
        assert!(said.err.contains("--behind-proxy"), "{}", said.err);
    }
    Ok(())
}

#[tokio::test]
async fn behind_a_proxy_its_name_is_ours_and_the_shell_is_off() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let proxy = ["--behind-proxy", "https://kanban.example.com"];
    board
        .serve(&[&["--listen", "0.0.0.0:0", "--no-dispatch"][..], &proxy].concat())
        .await?;
    let (_, path) = board
        .launch_link()?
        .split_once("https://kanban.example.com")
        .context("a link that no browser can follow")?;
    let path = path.to_owned();
    let ask =
        |method, path: &str, host| anyhow::Ok(board.stranger(method, path)?.header("host", host));
    assert_eq!(status(ask(Method::GET, BOARD, "0.0.0.0")?).await?, 421);
    let bare = ask(Method::GET, BOARD, "kanban.example.com")?;
    assert_eq!(
        status(bare).await?,
        401,
        "the token is still ours to ask for"
    );
    let welcome = ask(Method::GET, &path, "kanban.example.com")?
        .send()
        .await?;
    let cookie = header(&welcome, "set-cookie");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().context("no cookie")?;
    for (origin, expected) in [
        ("https://kanban.example.com", 200),
        ("http://kanban.example.com", 403),
        ("https://evil.example", 403),
    ] {
        let post = ask(Method::POST, TASKS, "kanban.example.com")?
            .header("cookie", cookie)
            .header("x-kanban-proof", proof(board.token()?, cookie)?)
            .header("origin", origin)
            .json(&json!({ "title": "a" }));
        assert_eq!(status(post).await?, expected, "{origin}");
    }
    let opened = board.kanban(&["open"]).await?;
    assert!(opened.out.starts_with("https://kanban.example.com/launch?"));
    board.stop().await?;
    board
        .serve(&[&["--listen", "0.0.0.0:0"][..], &proxy].concat())
        .await?;
    let lanes = board.request(Method::GET, LANES)?;
    let lanes = lanes.header("host", "kanban.example.com").send().await?;
    let lanes: serde_json::Value = lanes.json().await?;
    let lanes = lanes["lanes"].as_array().context("no lanes")?;
    assert!(
        lanes
            .iter()
            .all(|lane| lane["name"] != "shell" || lane["problem"].is_string())
    );
    Ok(())
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    for path in [
        "/",
        BOARD,
        "/healthz",
        "/metrics",
        "/api/openapi.json",
        "/nowhere",
        "/pkg/kanban.css",
    ] {
        for request in [
            board.request(Method::GET, path)?,
            board.stranger(Method::GET, path)?,
        ] {
            let answer = request.send().await?;
            let policy = header(&answer, "content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(
                policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert!(
                ["no-store", "no-cache"].contains(&header(&answer, "cache-control")),
                "{path}"
            );
            assert_eq!(
                header(&answer, "x-content-type-options"),
                "nosniff",
                "{path}"
            );
            assert_eq!(header(&answer, "referrer-policy"), "same-origin", "{path}");
            assert_eq!(
                header(&answer, "cross-origin-opener-policy"),
                "same-origin",
                "{path}"
            );
            assert_eq!(
                header(&answer, "cross-origin-resource-policy"),
                "same-origin",
                "{path}"
            );
        }
    }
    Ok(())
}

/// The state of the shell lane in `kanban lanes`.
async fn shell_state(board: &Board) -> anyhow::Result<String> {
    let lanes = board.kanban(&["lanes", "--json"]).await?.json()?;
    let lanes = lanes.as_array().context("no lanes")?;
    let shell = lanes.iter().find(|lane| lane["name"] == "shell");
    Ok(text(shell.context("no shell")?, "/state")?.to_owned())
}

#[tokio::test]
async fn behind_a_proxy_on_this_machine_no_dispatcher_runs_a_text() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let local = ["--listen", "127.0.0.1:0", "--no-dispatch"];
    let proxy = ["--behind-proxy", "https://kanban.example.com"];
    let task = board
        .create(
            "a",
            &["--assignee", "shell", "--body", "touch /tmp/planted"],
        )
        .await?;
    assert_ne!(shell_state(&board).await?, "off");
    board.serve(&[&local[..], &proxy].concat()).await?;
    assert_eq!(shell_state(&board).await?, "off");
    let started = board.kanban(&["dispatch", "--json"]).await?.json()?;
    assert_eq!(started["spawned"], json!([]));
    assert_eq!(board.task(&task).await?["task"]["status"], "ready");
    board.stop().await?;
    assert_ne!(shell_state(&board).await?, "off");

    // The server that others can reach need not be the first of its home, nor the one that starts tasks.
    let mut second = board.beside()?;
    second.serve(&[&local[..], &proxy].concat()).await?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let (code, tick) = board.post("/dispatch", &json!({})).await?;
    assert_eq!((code, &tick["spawned"]), (200, &json!([])), "{tick}");
    assert_eq!(shell_state(&board).await?, "off");
    assert_eq!(board.task(&task).await?["task"]["status"], "ready");
    Ok(())
}
