//! Pipes and devices that have the names of files in the home folder: none is waited for, and what was
//! read last counts.

use std::fs;

use reqwest::Method;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::{Board, status};

/// Puts a pipe in the place of a file of the home folder.
fn make_pipe(board: &Board, name: &str) -> anyhow::Result<()> {
    let path = board.home().join(name);
    if path.exists() {
        fs::remove_file(&path)?;
    }
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    Ok(())
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_configuration_holds_up_neither_tasks_nor_the_end()
-> anyhow::Result<()> {
    let mut board = Board::running().await?;
    for name in ["kanban.toml", "config.yaml", "token"] {
        make_pipe(&board, name)?;
    }
    board.logged("it is no regular file").await?;
    let flags = ["--assignee", "shell", "--body", "true"];
    let task = board.create("a", &flags).await?;
    board.happened(&task, "completed").await?;
    let (code, _) = board.get("/config").await?;
    assert_eq!(code, 200);
    assert_eq!(status(board.stranger(Method::GET, "/healthz")?).await?, 200);
    assert_eq!(board.kanban(&["lanes"]).await?.code, Some(0));
    let doctor = board.kanban(&["doctor"]).await?;
    assert!(doctor.out.contains("no regular file"), "{doctor:?}");
    let (ended, _) = board.stop().await?;
    assert!(ended.success(), "{ended}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_finds_a_pipe_where_a_file_belongs_says_so_and_ends() -> anyhow::Result<()> {
    for name in [
        "kanban.toml",
        "token",
        "kanban.db.dispatch.lock",
        "kanban/server.address",
        "kanban/left-sessions",
    ] {
        let board = Board::without_server()?;
        board.kanban(&["init"]).await?;
        fs::create_dir_all(board.home().join("kanban"))?;
        make_pipe(&board, name)?;
        let serve = board.kanban(&["serve", "--listen", "127.0.0.1:0"]).await?;
        assert_eq!(serve.code, Some(1), "{name}: {serve:?}");
        assert!(serve.err.contains("no regular file"), "{name}: {serve:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_device_in_the_place_of_a_configuration_is_not_read() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    let path = board.home().join("kanban.toml");
    fs::remove_file(&path).ok();
    std::os::unix::fs::symlink("/dev/zero", path)?;
    let serve = board.kanban(&["serve", "--listen", "127.0.0.1:0"]).await?;
    assert!(serve.err.contains("no regular file"), "{serve:?}");
    Ok(())
}
