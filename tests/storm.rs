//! Very much at once: nobody misses anything, and nobody hears anything twice.

use anyhow::ensure;
use domain::id::TaskId;
use futures::future::{join_all, try_join_all};
use serde_json::json;

use crate::harness::{Board, text};

const CLIENTS: i64 = 16;
const ROUNDS: i64 = 104;
/// Each round is three changes of one event each.
const EVENTS: i64 = CLIENTS * ROUNDS * 3;

async fn change(board: &Board) -> anyhow::Result<()> {
    for round in 0..ROUNDS {
        let (status, created) = board.post("/tasks", &json!({ "title": "a" })).await?;
        ensure!(status == 200, "{status}");
        let id: TaskId = text(&created, "/task/id")?.parse()?;
        let priority = json!({ "priority": round + 1 });
        ensure!(board.patch(&format!("/tasks/{id}"), &priority).await?.0 == 200);
        let comment = json!({ "body": "b" });
        ensure!(
            board
                .post(&format!("/tasks/{id}/comments"), &comment)
                .await?
                .0
                == 200
        );
    }
    Ok(())
}

/// Listens until the last event. How many frames until the connection breaks, `breaks` says.
async fn listen(board: &Board, mut breaks: impl FnMut() -> usize) -> anyhow::Result<Vec<i64>> {
    let mut told = Vec::new();
    while told.last() != Some(&EVENTS) {
        let since = told.last().copied().unwrap_or_default();
        let mut socket = board.socket(&format!("since={since}")).await?;
        for _ in 0..breaks() {
            told.extend(socket.events().await?.into_iter().map(|event| event.id.0));
            if told.last() == Some(&EVENTS) {
                break;
            }
        }
    }
    Ok(told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_sockets_hear_five_thousand_changes_once_and_in_order() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let steady = (0..49).map(|_| listen(&board, || usize::MAX));
    let mut seed: usize = 7;
    let fickle = listen(&board, || {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        seed / 65_536 % 5
    });
    let changes = try_join_all((0..CLIENTS).map(|_| change(&board)));
    let (steady, fickle, changes) = tokio::join!(join_all(steady), fickle, changes);
    changes?;
    let expected: Vec<i64> = (1..=EVENTS).collect();
    for (number, told) in steady.into_iter().chain([fickle]).enumerate() {
        assert!(told? == expected, "socket {number}");
    }
    Ok(())
}
