//! `kanban backup` and `kanban restore`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Board, text};

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
        said.err.contains("is running; stop it first"),
        "{}",
        said.err
    );
    Ok(())
}
