//! `kanban token` and `kanban open`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Board, said};

#[tokio::test]
async fn the_token_is_shown_and_replaced() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let token = board.kanban(&["token", "show"]).await?.out;
    assert_eq!(token.trim().len(), 64);
    assert_eq!(
        board.kanban(&["token", "show", "--json"]).await?.json()?["token"],
        token.trim()
    );
    let rotated = board.kanban(&["token", "rotate"]).await?.out;
    assert_ne!(rotated, token);
    assert_eq!(board.kanban(&["token", "show"]).await?.out, rotated);
    let mode = fs::metadata(board.home().join("token"))?
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    Ok(())
}

#[tokio::test]
async fn a_worker_learns_no_token_but_its_own() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    for words in [&["token", "show"][..], &["token", "rotate"], &["export"]] {
        let (verb, rest) = words.split_first().unwrap_or((&"", &[]));
        let mut command = board.command(verb)?;
        command.args(rest).env("KANBAN_RUN_TOKEN", "0".repeat(32));
        let said = said(&mut command).await?;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{words:?}");
        assert!(said.err.starts_with("kanban: a worker "), "{}", said.err);
    }
    assert!(!board.home().join("token").exists());
    Ok(())
}

#[tokio::test]
async fn a_fresh_link_opens_the_running_server() -> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let said = board.kanban(&["open"]).await?;
    let link = said.out.trim().to_owned();
    assert_ne!(link, board.launch_link()?);
    assert_eq!(
        board.kanban(&["open", "--json"]).await?.json()?["url"]
            .as_str()
            .map(str::len),
        Some(link.len())
    );
    let (_, path) = link.split_once(board.address()?).unwrap_or_default();
    let opened = board.stranger(reqwest::Method::GET, path)?.send().await?;
    assert_eq!(opened.status(), 200);
    board.kill().await?;
    let said = board.kanban(&["open"]).await?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("start `kanban serve`"), "{}", said.err);
    Ok(())
}
