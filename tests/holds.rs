//! Lanes that are held, on a real server.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Board, text};

/// A board that serves, with a lane `agent` in the pool `account`, whose limit lasts until the file `up`
/// beside the board is there.
async fn limited() -> anyhow::Result<Board> {
    let mut board = Board::without_server()?;
    let up = board.home().with_file_name("up");
    board.configure(&format!(
        "[lanes.agent]\n\
         command = [\"sh\", \"-c\", \"test -e '{}' || ! echo limit reached\"]\n\
         success = \"exit\"\n\
         ends = [{{ says = '^limit', means = 'rate_limited' }}]\n\
         [pools.account]\n\
         lanes = [\"agent\"]\n",
        up.display()
    ))?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    Ok(board)
}

/// The holds that a board tells of.
async fn holds(board: &Board) -> anyhow::Result<Value> {
    let (_, told) = board.get("/dispatcher").await?;
    Ok(told.get("holds").cloned().unwrap_or_default())
}

#[tokio::test]
async fn a_hold_outlives_a_server_that_is_killed() -> anyhow::Result<()> {
    let mut board = limited().await?;
    let first = board.create("first", &["--assignee", "agent"]).await?;
    board.happened(&first, "deferred").await?;
    let told = holds(&board).await?;
    assert_eq!(told[0]["name"], "account", "{told}");
    board.kill().await?;
    let second = board.create("second", &["--assignee", "agent"]).await?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let (status, started) = board.post("/dispatch?max=5", &json!({})).await?;
    assert_eq!(
        (status, &started["spawned"]),
        (200, &json!([])),
        "{started}"
    );
    let (_, why) = board.get(&format!("/tasks/{second}/why")).await?;
    assert_eq!(why["why"]["reason"], "held", "{why}");
    assert_eq!(holds(&board).await?[0]["until"], told[0]["until"]);
    let why = board.kanban(&["why", second.as_str()]).await?.out;
    assert!(why.contains("\nnext start: "), "{why}");

    fs::write(board.home().with_file_name("up"), "")?;
    let released = board.kanban(&["release", "account"]).await?;
    assert_eq!(released.code, Some(0), "{released:?}");
    for task in [&first, &second] {
        board.happened(task, "completed").await?;
        let task = board.task(task).await?;
        assert_eq!(task["task"]["spawn_failures"], 0, "{task}");
    }
    assert_eq!(holds(&board).await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn what_is_neither_a_lane_nor_a_pool_cannot_be_held() -> anyhow::Result<()> {
    let board = limited().await?;
    let expected = "there is no lane clod; there are: ";
    let clod = json!({ "lane": "clod", "span": 60 });
    let (status, refused) = board.post("/verbs/hold_lane", &clod).await?;
    assert_eq!(status, 400, "{refused}");
    assert!(text(&refused, "/detail")?.contains(expected), "{refused}");
    assert!(text(&refused, "/detail")?.contains("account"), "{refused}");
    let refused = board.kanban(&["hold", "clod", "--for", "1m"]).await?;
    assert!(refused.err.contains(expected), "{refused:?}");
    assert_eq!(holds(&board).await?, json!([]));
    Ok(())
}
