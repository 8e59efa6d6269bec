//! Power cuts: the files as they were when they were last synced.

use std::fs;

use anyhow::ensure;
use serde_json::json;
use tokio::process::Command;

use crate::harness::{Board, said};

const TASKS: usize = 10;

/// The number of [`TASKS`] tasks, each created and answered, that survive a power cut.
async fn left(durability: &str) -> anyhow::Result<usize> {
    let folder = tempfile::tempdir()?;
    let library = folder.path().join("synced.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/synced.c");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-o"]).arg(&library);
    let compiled = said(compile.args([source, "-ldl"])).await?;
    ensure!(compiled.code == Some(0), "{}", compiled.err);

    let after = Board::without_server()?;
    fs::create_dir_all(after.home())?;
    let mut board = Board::without_server()?;
    board.configure(&format!("[board]\ndurability = \"{durability}\"\n"))?;
    let environment = [
        ("LD_PRELOAD", library.as_os_str()),
        ("SYNCED", after.home().as_os_str()),
    ];
    let arguments = ["--listen", "127.0.0.1:0", "--no-dispatch"];
    board.serve_in(&arguments, &environment).await?;
    for number in 0..TASKS {
        let (status, said) = board
            .post("/tasks", &json!({ "title": number.to_string() }))
            .await?;
        ensure!(status == 200, "{said}");
    }
    board.kill().await?;
    let listed = after.kanban(&["list", "--json"]).await?.json()?;
    Ok(listed.as_array().map_or(0, Vec::len))
}

#[tokio::test]
async fn a_power_cut_takes_nothing_that_was_answered() -> anyhow::Result<()> {
    assert_eq!(left("full").await?, TASKS);
    Ok(())
}

#[tokio::test]
async fn a_board_that_waits_for_no_disk_loses_its_last_changes_and_opens() -> anyhow::Result<()> {
    assert!(left("normal").await? < TASKS);
    Ok(())
}
