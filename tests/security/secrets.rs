//! The secrets that nobody else gets to read.

use anyhow::Context as _;
use reqwest::Method;

use super::BOARD;
use crate::harness::{Board, status};
use crate::login::logged_in;
use crate::workers::Worker;

#[tokio::test]
async fn the_token_is_never_printed_or_logged() -> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let token = board.token()?.to_owned();
    let code = board
        .launch_link()?
        .split_once("code=")
        .context("no code")?
        .1
        .to_owned();
    let cookie = logged_in(&board).await?;
    drop(board.socket(&format!("token={token}")).await?);
    board.get("/board").await?;
    status(board.stranger(Method::GET, &format!("{BOARD}?token={token}"))?).await?;
    status(
        board
            .stranger(Method::GET, BOARD)?
            .header("cookie", &cookie),
    )
    .await?;
    status(
        board
            .stranger(Method::POST, "/login")?
            .form(&[("token", &token)]),
    )
    .await?;
    status(
        board
            .request(Method::GET, BOARD)?
            .header("host", "evil.example"),
    )
    .await?;
    let task = board.create("a", &[]).await?;
    let run = {
        let worker = Worker::of(&board, &task).await?;
        assert_eq!(status(worker.request(Method::GET, BOARD)?).await?, 200);
        assert_eq!(status(worker.request(Method::GET, "/metrics")?).await?, 403);
        worker.token
    };
    let (ended, printed) = board.stop().await?;
    assert!(ended.success());
    let log = board.log();
    assert!(
        log.contains("refused a request"),
        "the log was written: {log}"
    );
    let value = cookie.split_once('=').context("no cookie")?.1;
    for secret in [token.as_str(), &code, value, &run] {
        assert!(!log.contains(secret) && !printed.contains(secret));
    }
    Ok(())
}

#[tokio::test]
async fn nobody_else_may_read_the_token() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let board = Board::shown().await?;
    let home = board.home();
    let mode =
        |path: &std::path::Path| anyhow::Ok(std::fs::metadata(path)?.permissions().mode() & 0o777);
    assert_eq!(mode(home)?, 0o700);
    assert_eq!(mode(&home.join("token"))?, 0o600);
    let token = std::fs::read_to_string(home.join("token"))?;
    assert!(token.trim().len() == 64 && token.trim().bytes().all(|it| it.is_ascii_hexdigit()));
    Ok(())
}

#[tokio::test]
async fn what_is_on_the_board_is_nobody_elses_to_read_even_in_an_open_folder() -> anyhow::Result<()>
{
    use std::os::unix::fs::PermissionsExt;

    let mut board = Board::without_server()?;
    std::fs::create_dir(board.home())?;
    std::fs::set_permissions(board.home(), std::fs::Permissions::from_mode(0o755))?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let made = board.home().join("made-by-the-worker");
    let body = format!("touch '{}'", made.display());
    let task = board
        .create("a", &["--assignee", "shell", "--body", &body])
        .await?;
    board.happened(&task, "completed").await?;
    let mode =
        |path: &std::path::Path| anyhow::Ok(std::fs::metadata(path)?.permissions().mode() & 0o777);
    let home = board.home();
    assert_eq!(mode(home)?, 0o755, "what was there stays as it was");
    for name in [
        "kanban.db",
        "kanban.db-wal",
        "kanban.db-shm",
        "token",
        "kanban",
        "kanban/logs",
    ] {
        assert_eq!(mode(&home.join(name))? & 0o077, 0, "{name}");
    }
    assert_eq!(
        mode(&home.join(format!("kanban/logs/{task}.log")))? & 0o077,
        0
    );
    let by_hand = home.join("made-by-hand");
    std::fs::write(&by_hand, "")?;
    assert_eq!(
        mode(&made)?,
        mode(&by_hand)?,
        "a worker has its person's umask"
    );
    Ok(())
}
