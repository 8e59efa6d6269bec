//! `kanban init` and `kanban sample`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::Board;

#[tokio::test]
async fn a_board_is_made_once_with_an_example_of_its_configuration() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let said = board.kanban(&["init"]).await?;
    let db = board.home().join("kanban.db");
    let first = format!("Kanban DB initialized at {}\n", db.display());
    assert!(
        said.out.starts_with(&first) && said.out.contains("kanban serve"),
        "{}",
        said.out
    );
    let config = board.home().join("kanban.toml");
    assert!(fs::read_to_string(&config)?.contains("# [lanes."));
    for path in [&db, &config] {
        assert_eq!(fs::metadata(path)?.permissions().mode() & 0o077, 0);
    }
    fs::write(&config, "[dispatcher]\ncap = 3\n")?;
    let said = board.kanban(&["init"]).await?;
    assert_eq!(said.code, Some(0));
    assert_eq!(fs::read_to_string(&config)?, "[dispatcher]\ncap = 3\n");
    Ok(())
}

#[tokio::test]
async fn the_example_of_the_configuration_is_one_that_works() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    let said = board.kanban(&["doctor"]).await?;
    assert_eq!(said.code, Some(0), "{said:?}");
    Ok(())
}

#[tokio::test]
async fn the_sample_fills_an_empty_board_only() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let said = board.kanban(&["sample"]).await?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    assert!(
        tasks.as_array().is_some_and(|tasks| tasks.len() >= 8),
        "{tasks}"
    );
    let said = board.kanban(&["sample"]).await?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    Ok(())
}
