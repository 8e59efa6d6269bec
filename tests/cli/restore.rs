//! A restore that is killed half-way.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tokio::process::Command;

use crate::harness::{Board, program, said, within};

/// The number of tasks on the board; `None` where there is no board.
async fn tasks(board: &Board) -> anyhow::Result<Option<usize>> {
    let list = board.kanban(&["list", "--json"]).await?;
    if list.code != Some(0) {
        return Ok(None);
    }
    Ok(Some(list.json()?.as_array().context("no list")?.len()))
}

/// A backup of a board with so many tasks.
async fn backup(tasks: usize, name: &str, of: &Board) -> anyhow::Result<String> {
    let board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    for _ in 0..tasks {
        board.create("a", &[]).await?;
    }
    let path = of.home().with_file_name(name).display().to_string();
    assert_eq!(board.kanban(&["backup", &path]).await?.code, Some(0));
    Ok(path)
}

fn leftovers(board: &Board) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(board.home())?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<anyhow::Result<Vec<_>>>()?;
    paths.retain(|path| path.to_string_lossy().contains(".restored"));
    Ok(paths)
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_one_of_the_boards_or_a_copy_of_the_old_one()
-> anyhow::Result<()> {
    let board = Board::without_server()?;
    let (old, new) = (
        backup(1, "old.db", &board).await?,
        backup(2, "new.db", &board).await?,
    );
    for milliseconds in (1..80).step_by(4) {
        let put_old = board.kanban(&["restore", &old, "--force"]).await?;
        assert_eq!(put_old.code, Some(0), "{put_old:?}");
        fs::remove_dir_all(board.home().join("backups")).ok();
        let mut killed = Command::new("timeout");
        killed
            .args(["-s", "KILL", &format!("0.{milliseconds:03}")])
            .arg(program::path()?)
            .args(["--home", &board.home().display().to_string()])
            .args(["restore", &new, "--force"]);
        let killed = said(&mut killed).await?;
        if let Some(count) = tasks(&board).await? {
            assert!([1, 2].contains(&count), "{killed:?}");
            continue;
        }
        let copies = fs::read_dir(board.home().join("backups"))?;
        let copies = copies.map(|copy| Ok(copy?.path().display().to_string()));
        let copies = copies.collect::<anyhow::Result<Vec<_>>>()?;
        let copy = copies.iter().find(|name| name.ends_with("-replaced.db"));
        let back = ["restore", copy.context("there is no way back")?, "--force"];
        assert_eq!(board.kanban(&back).await?.code, Some(0));
        assert_eq!(tasks(&board).await?, Some(1));
    }
    Ok(())
}

#[tokio::test]
async fn a_restore_removes_what_one_that_was_killed_has_left() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let file = backup(1, "old.db", &board).await?;
    board.kanban(&["init"]).await?;
    for name in [
        "4711.restored",
        "4711.restored.4711.part",
        "restored-journal",
    ] {
        fs::write(board.home().join(format!("kanban.db.{name}")), "half")?;
    }
    let restored = board.kanban(&["restore", &file, "--force"]).await?;
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert_eq!(leftovers(&board)?, Vec::<PathBuf>::new());
    assert_eq!(tasks(&board).await?, Some(1));
    Ok(())
}

#[tokio::test]
async fn the_log_of_a_board_that_is_gone_is_not_taken_for_that_of_the_restored_one()
-> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let file = backup(1, "old.db", &board).await?;
    for _ in 0..3 {
        board.create("b", &[]).await?;
    }
    board.kill().await?;
    let log = board.home().join("kanban.db-wal");
    assert!(
        fs::metadata(&log)?.len() > 0,
        "a killed server leaves its log"
    );
    // As far as a restore came that was killed.
    fs::remove_file(board.home().join("kanban.db"))?;
    let restored = board.kanban(&["restore", &file]).await?;
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert_eq!(tasks(&board).await?, Some(1));
    Ok(())
}

/// What restoring this file says of a pause.
async fn is_paused(board: &Board, file: &str) -> anyhow::Result<bool> {
    let said = board
        .kanban(&["restore", file, "--force", "--json"])
        .await?;
    let said = said.json()?;
    let paused = said.get("paused").and_then(serde_json::Value::as_bool);
    paused.context("it does not say")
}

#[tokio::test]
async fn a_backup_of_who_knows_which_board_starts_nothing_where_the_board_is_gone()
-> anyhow::Result<()> {
    let mut board = Board::running().await?;
    board.create("a", &[]).await?;
    let own = board.kanban(&["backup", "--json"]).await?.json()?["file"].clone();
    let own = own.as_str().context("no path")?.to_owned();
    let strange = backup(1, "strange.db", &board).await?;
    board.stop().await?;
    for spoilt in [None, Some("garbage")] {
        for suffix in ["", "-wal", "-shm"] {
            fs::remove_file(board.home().join(format!("kanban.db{suffix}"))).ok();
        }
        if let Some(text) = spoilt {
            fs::write(board.home().join("kanban.db"), text)?;
        }
        assert!(is_paused(&board, &strange).await?, "{spoilt:?}");
        fs::remove_file(board.home().join("kanban.db"))?;
        assert!(!is_paused(&board, &own).await?, "{spoilt:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_copy_that_is_refreshed_stays_paused() -> anyhow::Result<()> {
    let (original, copy) = (Board::without_server()?, Board::without_server()?);
    original.kanban(&["init"]).await?;
    original.create("a", &[]).await?;
    let file = |name: &str| original.home().with_file_name(name).display().to_string();
    for name in ["first.db", "second.db"] {
        let file = file(name);
        assert_eq!(original.kanban(&["backup", &file]).await?.code, Some(0));
        assert!(is_paused(&copy, &file).await?, "{name}");
        original.create("b", &[]).await?;
    }
    let stats = copy.kanban(&["stats", "--json"]).await?.json()?;
    assert_eq!(
        stats["dispatcher"]["paused"].as_array().map(Vec::len),
        Some(1)
    );
    Ok(())
}

#[tokio::test]
async fn what_is_no_file_is_refused_before_the_board_is_locked() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let pipe = board.home().with_file_name("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    let pipe = pipe.display().to_string();
    let words = ["restore", &pipe, "--force"];
    let restored = within("restore", board.kanban(&words)).await??;
    assert_eq!(restored.code, Some(1), "{restored:?}");
    assert!(restored.err.contains("no regular file"), "{restored:?}");
    assert!(!board.home().exists(), "nothing was made");
    Ok(())
}
