//! `kanban backup` and `kanban restore`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::Context as _;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Board, status, text};

#[tokio::test]
async fn a_backup_of_a_board_in_use_is_a_board() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let id = board.create("a", &[]).await?;
    let said = board.kanban(&["backup", "--json"]).await?.json()?;
    let file = text(&said, "/file")?;
    assert!(
        file.starts_with(&*board.home().join("backups").to_string_lossy()),
        "{file}"
    );
    assert_eq!(said["tasks"], 1);
    assert_eq!(fs::metadata(file)?.permissions().mode() & 0o777, 0o600);
    assert_eq!(
        fs::metadata(file)?.len(),
        said["size_bytes"].as_u64().unwrap_or_default()
    );

    let other = Board::without_server()?;
    let said = other.kanban(&["restore", file]).await?;
    let db = other.home().join("kanban.db");
    assert_eq!(
        said.out,
        format!("Restored 1 task(s) to {}\n", db.display())
    );
    assert!(other.kanban(&["list"]).await?.out.contains(id.as_str()));
    Ok(())
}

#[tokio::test]
async fn a_copy_in_another_home_starts_nothing_and_leaves_the_workers_of_the_original_alone()
-> anyhow::Result<()> {
    let board = Board::running().await?;
    let script = ["--assignee", "shell", "--body", "exec sleep 1000"];
    let task = board.create("a", &script).await?;
    board.happened(&task, "spawned").await?;
    let copy = board.home().join("copy.db").to_string_lossy().into_owned();
    board.kanban(&["backup", &copy]).await?;

    let mut other = Board::without_server()?;
    let said = other.kanban(&["restore", &copy]).await?;
    assert!(said.err.contains("kanban resume"), "{said:?}");
    other.serve(&["--listen", "127.0.0.1:0"]).await?;
    other.happened(&task, "interrupted").await?;
    let why = other.kanban(&["why", task.as_str()]).await?.out;
    assert!(why.contains("until `kanban resume`"), "{why}");
    let shown = board.task(&task).await?;
    assert_eq!(shown["task"]["status"], "running");
    let worker = &shown["task"]["worker_pid"];
    assert!(
        fs::exists(format!("/proc/{worker}/exe"))?,
        "the worker {worker} is gone"
    );

    board.kanban(&["cancel", task.as_str()]).await?;
    Ok(())
}

#[tokio::test]
async fn a_server_that_lost_its_file_acknowledges_nothing() -> anyhow::Result<()> {
    let board = Board::running().await?;
    fs::remove_file(board.home().join("kanban.db"))?;
    let (code, refused) = board.post("/tasks", &json!({ "title": "lost" })).await?;
    assert_eq!(code, 503, "{refused}");
    assert!(
        refused.to_string().contains("removed or replaced"),
        "{refused}"
    );
    let health = status(board.stranger(Method::GET, "/healthz")?).await?;
    assert_eq!(health, 503);
    let said = board.kanban(&["init"]).await?;
    assert!(
        said.code == Some(1) && said.err.contains("stop it first"),
        "{said:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_backup_overwrites_nothing() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.create("a", &[]).await?;
    let file = board.home().join("mine");
    fs::write(&file, "precious")?;
    let said = board.kanban(&["backup", &file.to_string_lossy()]).await?;
    assert_eq!(said.code, Some(1));
    let complaint = format!(
        "kanban: {} exists already; choose another name\n",
        file.display()
    );
    assert_eq!(said.err, complaint);
    assert_eq!(fs::read_to_string(&file)?, "precious");
    Ok(())
}

#[tokio::test]
async fn restoring_over_a_board_takes_force_and_keeps_the_old_one() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let old = board.create("old", &[]).await?;
    let copy = board.home().join("copy.db").to_string_lossy().into_owned();
    board.kanban(&["backup", &copy]).await?;
    let new = board.create("new", &[]).await?;
    let said = board.kanban(&["restore", &copy]).await?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(
        said.err.contains("exists; --force replaces it"),
        "{}",
        said.err
    );

    let said = board
        .kanban(&["restore", &copy, "--force", "--json"])
        .await?
        .json()?;
    assert_eq!(said["paused"], false, "it is its own board");
    let listed = board.kanban(&["list"]).await?.out;
    assert!(
        listed.contains(old.as_str()) && !listed.contains(new.as_str()),
        "{listed}"
    );
    let kept = Board::without_server()?;
    kept.kanban(&["restore", text(&said, "/kept")?]).await?;
    let listed = kept.kanban(&["list"]).await?.out;
    assert!(
        listed.contains(old.as_str()) && listed.contains(new.as_str()),
        "{listed}"
    );
    Ok(())
}

#[tokio::test]
async fn what_is_no_sound_backup_replaces_nothing() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for at in 0..50 {
        board
            .create(&format!("task {at}"), &["--body", &"x".repeat(2_000)])
            .await?;
    }
    let copy = board.home().join("copy.db");
    board.kanban(&["backup", &copy.to_string_lossy()]).await?;
    let mut bytes = fs::read(&copy)?;
    // The second page, of zeros.
    bytes.splice(4_096..8_192, [0; 4_096]);
    let torn = board.home().join("torn.db");
    fs::write(&torn, bytes)?;
    let diary = board.home().join("diary.txt");
    fs::write(&diary, "not a database, really not".repeat(100))?;
    let before = board.kanban(&["export"]).await?.out.lines().skip(1).count();
    for file in [torn, diary] {
        let said = board
            .kanban(&["restore", &file.to_string_lossy(), "--force"])
            .await?;
        assert_eq!(
            (said.code, said.err.lines().count()),
            (Some(1), 1),
            "{said:?}"
        );
    }
    assert_eq!(
        board.kanban(&["export"]).await?.out.lines().skip(1).count(),
        before
    );
    let left = fs::read_dir(board.home())?.filter_map(Result::ok);
    let parts = left.filter(|file| file.file_name().to_string_lossy().contains("restored"));
    assert_eq!(parts.count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_board_is_not_replaced_under_its_server() -> anyhow::Result<()> {
    let board = Board::running().await?;
    board.create("a", &[]).await?;
    let copy = board.home().join("copy.db").to_string_lossy().into_owned();
    board.kanban(&["backup", &copy]).await?;
    let said = board.kanban(&["restore", &copy, "--force"]).await?;
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains(" serve ") && said.err.contains("stop it first"),
        "{}",
        said.err
    );
    Ok(())
}

#[tokio::test]
async fn a_board_is_not_replaced_under_a_second_server_either() -> anyhow::Result<()> {
    let mut first = Board::running().await?;
    let mut second = first.beside()?;
    second.serve(&["--listen", "127.0.0.1:0"]).await?;
    let copy = first.home().join("copy.db").to_string_lossy().into_owned();
    first.kanban(&["backup", &copy]).await?;
    first.kill().await?;
    let said = first.kanban(&["restore", &copy, "--force"]).await?;
    let holder = format!("process {} (", second.pid()?);
    assert!(
        said.code == Some(1) && said.err.contains(&holder) && said.err.contains(" serve "),
        "{said:?}"
    );
    let (code, created) = second.post("/tasks", &json!({ "title": "kept" })).await?;
    assert_eq!(code, 200, "{created}");

    second.logged("`kanban open` finds this one now").await?;
    let opened = first.kanban(&["open"]).await?;
    assert!(opened.out.contains(second.address()?), "{opened:?}");

    second.stop().await?;
    let said = first.kanban(&["restore", &copy, "--force"]).await?;
    assert_eq!(said.code, Some(0), "{said:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_was_stopped_leaves_the_whole_board_in_its_file() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let task = board.create("kept", &[]).await?;
    // A page that is open reads on until the end.
    let _socket = board.socket("since=0").await?;
    board.stop().await?;
    let other = Board::without_server()?;
    fs::create_dir_all(other.home())?;
    fs::copy(
        board.home().join("kanban.db"),
        other.home().join("kanban.db"),
    )?;
    let listed = other.kanban(&["list"]).await?;
    assert!(listed.out.contains(task.as_str()), "{listed:?}");
    Ok(())
}

#[tokio::test]
async fn a_home_that_lost_its_board_gets_no_empty_one() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let task = board
        .create("a", &["--assignee", "shell", "--body", "true"])
        .await?;
    board.happened(&task, "completed").await?;
    board.kanban(&["backup"]).await?;
    board.stop().await?;
    let db = board.home().join("kanban.db");
    for is_gone in [true, false] {
        for suffix in ["", "-wal", "-shm"] {
            let file = board.home().join(format!("kanban.db{suffix}"));
            if file.exists() {
                fs::remove_file(file)?;
            }
        }
        if !is_gone {
            fs::write(&db, "")?;
        }
        for words in [
            ["list"].as_slice(),
            &["create", "b"],
            &["serve", "--listen", "127.0.0.1:0"],
        ] {
            let said = board.kanban(words).await?;
            assert_eq!(said.code, Some(1), "{words:?} {said:?}");
            assert!(said.err.contains("kanban restore FILE --force"), "{said:?}");
        }
        let found = board.kanban(&["doctor"]).await?;
        assert!(
            found.code == Some(1) && found.out.contains("this home was in use"),
            "{found:?}"
        );
        assert_eq!(db.exists(), !is_gone);
    }
    let mut copies = fs::read_dir(board.home().join("backups"))?;
    let copy = copies.next().context("no copy")??.path();
    let said = board
        .kanban(&["restore", &copy.to_string_lossy(), "--force"])
        .await?;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        board
            .kanban(&["show", task.as_str()])
            .await?
            .out
            .contains("done")
    );
    Ok(())
}
