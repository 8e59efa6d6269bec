//! Homes that were copied, moved or taken in from elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use domain::id::TaskId;
use tokio::process::Command;

use crate::harness::{Board, text};
use crate::notify::receiver::Receiver;

const LISTEN: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// Says where it works, and fails unless it finds `go` there.
const SAYS_WHERE: &str = "pwd >> where; [ -f go ]";

/// A home at `other` that is this one after `cp` or `mv`.
async fn carried(board: &Board, command: &str, flags: &[&str]) -> anyhow::Result<Board> {
    let other = Board::without_server()?;
    let carried = Command::new(command)
        .args(flags)
        .arg(board.home())
        .arg(other.home())
        .status()
        .await?;
    ensure!(carried.success(), "{command}: {carried}");
    Ok(other)
}

/// A task that has failed once, so that it waits for a person.
async fn failed(board: &Board) -> anyhow::Result<TaskId> {
    let flags = ["--assignee", "shell", "--failure-limit", "1"];
    let flags = [&flags[..], &["--body", SAYS_WHERE]].concat();
    let task = board.create("a", &flags).await?;
    board.happened(&task, "gave_up").await?;
    Ok(task)
}

fn workspace(board: &Board, task: &TaskId) -> PathBuf {
    let home = board.home();
    home.join("kanban/workspaces").join(task.as_str())
}

/// The folders that the runs of the task have said they work in.
fn said_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let said = fs::read_to_string(folder.join("where"))?;
    Ok(said.lines().map(PathBuf::from).collect())
}

/// Resumes the board in its new home, where a task succeeds that has failed in the old one; the
/// dispatcher that finds it runs on.
async fn goes_on(board: &mut Board, task: &TaskId) -> anyhow::Result<()> {
    fs::create_dir_all(workspace(board, task))?;
    fs::write(workspace(board, task).join("go"), "")?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    board.kanban(&["unblock", task.as_str()]).await?;
    board.happened(task, "completed").await?;
    Ok(())
}

#[tokio::test]
async fn a_home_that_was_copied_starts_nothing_until_it_is_resumed() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let script = "pwd >> where; kanban comment $KANBAN_TASK here; [ -f go ] || exec sleep 1000";
    let task = board
        .create("a", &["--assignee", "shell", "--body", script])
        .await?;
    board.happened(&task, "commented").await?;
    let mut copy = carried(&board, "cp", &["-r"]).await?;

    copy.serve(&["--listen", "127.0.0.1:0"]).await?;
    copy.happened(&task, "interrupted").await?;
    copy.logged("was copied from another home").await?;
    let why = copy.kanban(&["why", task.as_str()]).await?.out;
    assert!(why.contains("until `kanban resume`"), "{why}");
    let found = copy.kanban(&["doctor"]).await?.out;
    let from = format!("by copy of {}", board.home().canonicalize()?.display());
    assert!(found.contains(&from), "{found}");
    assert_eq!(board.task(&task).await?["task"]["status"], "running");

    fs::write(workspace(&copy, &task).join("go"), "")?;
    copy.kanban(&["resume"]).await?;
    copy.happened(&task, "completed").await?;
    assert_eq!(said_in(&workspace(&board, &task))?.len(), 1);
    let said = said_in(&workspace(&copy, &task))?;
    assert_eq!(said.last(), Some(&workspace(&copy, &task)), "{said:?}");

    // It is this home's board from now on.
    copy.stop().await?;
    copy.serve(&["--listen", "127.0.0.1:0"]).await?;
    let next = copy
        .create("b", &["--assignee", "shell", "--body", "true"])
        .await?;
    copy.happened(&next, "completed").await?;
    board.kanban(&["cancel", task.as_str()]).await?;
    Ok(())
}

#[tokio::test]
async fn a_home_that_was_copied_before_anything_ran_in_it_starts_nothing() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let flags = ["--assignee", "shell", "--body", "true"];
    let task = board.create("a", &flags).await?;
    let mut copy = carried(&board, "cp", &["-a"]).await?;
    copy.serve(&LISTEN).await?;
    copy.logged("was copied from another home").await?;
    assert_eq!(copy.task(&task).await?["task"]["status"], "ready");
    Ok(())
}

#[tokio::test]
async fn a_copy_in_the_place_of_its_original_starts_nothing() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    board.stop().await?;
    let original = carried(&board, "mv", &[]).await?;
    let copied = Command::new("cp")
        .arg("-a")
        .arg(original.home())
        .arg(board.home())
        .status()
        .await?;
    ensure!(copied.success(), "cp: {copied}");
    board.serve(&LISTEN).await?;
    board.logged("was copied from another home").await
}

#[tokio::test]
async fn a_copied_home_leaves_the_news_of_before_to_its_original() -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let mut board = Board::without_server()?;
    board.configure(&format!(
        "[channels.webhook.ci]\nurl = \"{}\"\n",
        receiver.url()?
    ))?;
    let subscribe = [
        "notify-subscribe",
        "--platform",
        "webhook",
        "--chat-id",
        "ci",
    ];
    board.kanban(&subscribe).await?;
    let [before, since] = [
        board.create("before", &[]).await?,
        board.create("since", &[]).await?,
    ];
    board.kanban(&["complete", before.as_str()]).await?;
    let mut copy = carried(&board, "cp", &["-a"]).await?;

    copy.serve(&[&LISTEN[..], &["--no-dispatch"]].concat())
        .await?;
    copy.logged("was copied from another home").await?;
    let waiting = copy.kanban(&["inbox"]).await?.out;
    assert!(waiting.contains("another board"), "{waiting}");
    copy.kanban(&["complete", since.as_str()]).await?;
    board.serve(&LISTEN).await?;
    let told = async || {
        let told = receiver.answer("204 No Content", "").await?.json()?;
        Ok::<_, anyhow::Error>(text(&told, "/data/task_id")?.to_owned())
    };
    assert_eq!(told().await?, before.as_str());
    copy.kanban(&["resume"]).await?;
    assert_eq!(told().await?, since.as_str());
    Ok(())
}

#[tokio::test]
async fn one_look_at_a_copied_home_starts_nothing() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let task = failed(&board).await?;
    board.stop().await?;
    board.kanban(&["unblock", task.as_str()]).await?;
    let copy = carried(&board, "cp", &["-r"]).await?;
    for words in [["dispatch", "--dry-run"].as_slice(), &["dispatch"]] {
        let said = copy.kanban(words).await?;
        assert!(said.out.contains("Spawned:      0"), "{said:?}");
        assert!(said.out.contains("paused"), "{said:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_copied_home_is_paused_by_a_server_that_dispatches_nothing() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    failed(&board).await?;
    board.stop().await?;
    let mut copy = carried(&board, "cp", &["-r"]).await?;
    copy.serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    copy.logged("was copied from another home").await?;
    copy.stop().await?;
    copy.serve(&LISTEN).await?;
    let found = copy.kanban(&["doctor"]).await?.out;
    assert!(found.contains("copy of"), "{found}");
    Ok(())
}

#[tokio::test]
async fn a_home_that_was_moved_goes_on_and_finds_its_folders() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let task = failed(&board).await?;
    board.stop().await?;
    let mut moved = carried(&board, "mv", &[]).await?;
    goes_on(&mut moved, &task).await?;
    let said = said_in(&workspace(&moved, &task))?;
    assert_eq!(said, [workspace(&board, &task), workspace(&moved, &task)]);
    Ok(())
}

#[tokio::test]
async fn a_claim_by_hand_in_a_moved_home_finds_the_folder() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let task = failed(&board).await?;
    board.stop().await?;
    board.kanban(&["unblock", task.as_str()]).await?;
    let moved = carried(&board, "mv", &[]).await?;
    let claimed = moved.kanban(&["claim", task.as_str()]).await?;
    let own = workspace(&moved, &task);
    assert!(claimed.out.contains(&*own.to_string_lossy()), "{claimed:?}");
    assert!(own.join("where").exists());
    let shown = moved.kanban(&["show", task.as_str()]).await?.out;
    assert!(shown.contains(&*own.to_string_lossy()), "{shown}");
    Ok(())
}

#[tokio::test]
async fn a_restored_board_works_in_folders_of_its_own() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let task = failed(&board).await?;
    let copy = board.home().join("copy.db").to_string_lossy().into_owned();
    board.kanban(&["backup", &copy]).await?;
    let mut other = Board::without_server()?;
    other.kanban(&["restore", &copy]).await?;
    works_in_its_own_folders(&mut other, &task).await?;
    assert_eq!(said_in(&workspace(&board, &task))?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_imported_board_works_in_folders_of_its_own() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let task = failed(&board).await?;
    let copy = board.home().join("copy").to_string_lossy().into_owned();
    board.kanban(&["export", "--output", &copy]).await?;
    let mut other = Board::without_server()?;
    other.kanban(&["import", &copy]).await?;
    works_in_its_own_folders(&mut other, &task).await?;
    assert_eq!(said_in(&workspace(&board, &task))?.len(), 1);
    Ok(())
}

/// Resumes a board that was taken in, once: what failed elsewhere succeeds here.
async fn works_in_its_own_folders(other: &mut Board, task: &TaskId) -> anyhow::Result<()> {
    let own = workspace(other, task);
    let shown = other.kanban(&["show", task.as_str()]).await?.out;
    assert!(shown.contains(&*own.to_string_lossy()), "{shown}");
    other.kanban(&["resume"]).await?;
    goes_on(other, task).await?;
    assert_eq!(said_in(&own)?, [own]);
    Ok(())
}

#[tokio::test]
async fn a_board_that_came_back_to_its_own_home_goes_on() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let task = failed(&board).await?;
    board.stop().await?;
    let copy = board.home().join("copy.db").to_string_lossy().into_owned();
    board.kanban(&["backup", &copy]).await?;
    let mut moved = carried(&board, "mv", &[]).await?;
    let copy = moved.home().join("copy.db").to_string_lossy().into_owned();
    let restored = moved
        .kanban(&["restore", &copy, "--force", "--json"])
        .await?
        .json()?;
    assert_eq!(restored["paused"], false, "{restored}");
    goes_on(&mut moved, &task).await
}
