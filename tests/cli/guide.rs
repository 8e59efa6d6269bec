//! The user guide: it is carried along, and what it shows works.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::ensure;
use tokio::process::Command;

use crate::harness::{Board, said};

/// The blocks of a page that are fenced as this language, each with the number of its first line.
fn blocks(page: &str, language: &str) -> Vec<(usize, String)> {
    let fence = format!("```{language}");
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in page.lines().enumerate() {
        match &mut open {
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some((_, block)) => {
                block.push_str(line);
                block.push('\n');
            }
            None if line == fence => open = Some((at + 2, String::new())),
            None => {}
        }
    }
    blocks
}

async fn topics(board: &Board) -> anyhow::Result<Vec<String>> {
    let listed = board.kanban(&["guide", "--json"]).await?.json()?;
    let topics = listed.as_array().into_iter().flatten();
    Ok(topics
        .filter_map(|it| it["topic"].as_str())
        .map(str::to_owned)
        .collect())
}

#[tokio::test]
async fn every_topic_is_a_page_of_its_own() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let topics = topics(&board).await?;
    assert_eq!(topics.len(), 10);
    let listed = board.kanban(&["guide"]).await?.out;
    for topic in &topics {
        assert!(listed.contains(topic.as_str()));
        let page = board.kanban(&["guide", topic]).await?.out;
        assert!(
            page.starts_with("# ") && page.len() > 1_000,
            "{topic}: {page}"
        );
        for link in page.split("`kanban guide ").skip(1) {
            let named = link.split('`').next().unwrap_or_default();
            assert!(
                topics.iter().any(|topic| topic == named) || named.is_empty(),
                "{topic}: {named}"
            );
        }
    }
    Ok(())
}

/// The verbs that the guide names exist, with their flags as far as a block shows them.
#[tokio::test]
async fn the_commands_that_the_guide_shows_work() -> anyhow::Result<()> {
    let topics = topics(&Board::without_server()?).await?;
    for topic in &topics {
        let board = Board::running().await?;
        let page = board.kanban(&["guide", topic]).await?.out;
        for (line, block) in blocks(&page, "sh") {
            run(&board, &block, &format!("{topic}.md, line {line}")).await?;
        }
    }
    Ok(())
}

async fn run(board: &Board, block: &str, place: &str) -> anyhow::Result<()> {
    let program = board.command("list")?;
    let program = Path::new(program.as_std().get_program()).to_owned();
    let folder = program.parent().unwrap_or(Path::new("/"));
    let path = format!(
        "{}:{}",
        folder.display(),
        env::var("PATH").unwrap_or_default()
    );
    let script = block.replace("127.0.0.1:8420", board.address()?);
    let work = board.home().join("guide");
    fs::create_dir_all(&work)?;
    let mut shell = Command::new("sh");
    shell
        .args(["-eu", "-c", &script])
        .current_dir(&work)
        .env("PATH", path)
        .env("KANBAN_HOME", board.home())
        .env("HOME", &work)
        .env_remove("KANBAN_RUN_TOKEN")
        .env_remove("KANBAN_TASK")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let said = said(&mut shell).await?;
    ensure!(
        said.code == Some(0),
        "{place}:\n{block}\n{}{}",
        said.out,
        said.err
    );
    Ok(())
}

#[tokio::test]
async fn the_configuration_that_the_guide_shows_is_read() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for topic in topics(&board).await? {
        let page = board.kanban(&["guide", &topic]).await?.out;
        for (line, block) in blocks(&page, "toml") {
            board.configure(&block)?;
            let said = board.kanban(&["lanes"]).await?;
            assert_eq!(said.code, Some(0), "{topic}.md, line {line}: {}", said.err);
        }
    }
    Ok(())
}
