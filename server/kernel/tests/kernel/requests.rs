//! Requests that are sent again while they are carried out.

use domain::actor::{Actor, RequestKey};
use domain::command::{CommentOnTask, KeepAnswer, SetPriority};
use domain::error::Error as Refusal;

use crate::board::{Board, person, refusal};

fn key(part: u32) -> RequestKey {
    named("k", part)
}

fn named(key: &str, part: u32) -> RequestKey {
    RequestKey {
        caller: "ada".to_owned(),
        key: key.to_owned(),
        fingerprint: "f".to_owned(),
        part,
    }
}

/// A part of a bulk request.
fn asking(part: u32) -> Actor {
    person().making(Some(key(part)))
}

#[tokio::test]
async fn no_part_of_a_bulk_request_that_was_answered_is_done_again() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let comment = |body: &str| CommentOnTask {
        task: task.clone(),
        body: body.to_owned(),
    };
    board.give(&asking(1), comment("one")).await.unwrap();
    board.give(&asking(2), comment("two")).await.unwrap();
    let keep = |answer: &str| KeepAnswer {
        request: key(0),
        answer: Some(answer.to_owned()),
    };
    board.act(keep("first")).await.unwrap();
    let again = board.give(&asking(2), comment("two")).await;
    assert_eq!(refusal(again), Refusal::Repeated("k".to_owned()));
    board.act(keep("second")).await.unwrap();
    let detail = board.kernel.task(&task).await.unwrap();
    assert_eq!(detail.comments.len(), 2);
    let kept = board.kernel.request("ada".to_owned(), "k".to_owned()).await;
    assert_eq!(kept.unwrap().unwrap().answer.as_deref(), Some("first"));
}

#[tokio::test]
async fn a_key_outlives_its_answer() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let ask = async |request: RequestKey| {
        let priority = 1;
        let task = task.clone();
        let asking = person().making(Some(request.clone()));
        board.give(&asking, SetPriority { task, priority }).await?;
        let answer = Some("done".to_owned());
        board.act(KeepAnswer { request, answer }).await
    };
    for number in 0..2_100 {
        ask(named(&number.to_string(), 0)).await.unwrap();
    }
    let answer = async |key: &str| {
        let known = board.kernel.request("ada".to_owned(), key.to_owned()).await;
        known.unwrap().unwrap().answer
    };
    assert_eq!(answer("7").await, None);
    assert_eq!(answer("2099").await.as_deref(), Some("done"));
    let again = refusal(ask(named("7", 0)).await);
    assert_eq!(again, Refusal::Repeated("7".to_owned()));
}
