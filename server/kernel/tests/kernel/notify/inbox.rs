//! The inbox: everything that needs a person.

use domain::actor::Actor;
use domain::command::{FailRun, Failure, RetryDelivery};
use domain::inbox::Need;
use domain::notify::delivery::Retry;
use domain::run::Outcome;
use domain::time::Seconds;

use super::place;
use crate::board::Board;

#[tokio::test]
async fn the_inbox_holds_what_needs_a_person_and_nothing_else() {
    let board = Board::new();
    let needs = async || {
        let inbox = board.kernel.inbox().await.unwrap();
        inbox
            .into_iter()
            .map(|concern| (concern.task, concern.need))
            .collect::<Vec<_>>()
    };
    let silent = board.task_named("silent").await;
    let asks = board.task_named("asks").await;
    board.task_named("ready").await;
    assert_eq!(needs().await, []);

    board.block(&asks, "which port?").await;
    board.pass(Seconds(1));
    for _ in 0..3 {
        let run = board.claim(&silent).await.unwrap().run;
        let failure = Failure {
            outcome: Outcome::Protocol,
            code: Some(0),
            error: "exited without a word".to_owned(),
            proposed: Some("42 ships".to_owned()),
        };
        let failed = FailRun {
            run,
            failure,
            limit: None,
            next: domain::command::NextAttempt::default(),
            breaker: None,
        };
        board.give(&Actor::dispatcher(), failed).await.unwrap();
    }
    board.pass(Seconds(1));
    let told = board.task_named("told").await;
    board.subscribe(&told, place("webhook", "")).await;
    board.complete(&told, "done").await.unwrap();
    let delivery = board.deliveries().await[0].id;
    board.failed(delivery, Retry::Never).await;

    let question = Some("which port?".to_owned());
    let expected = [
        (asks, Need::Answer { question }),
        (
            silent,
            Need::GaveUp {
                failures: 3,
                error: "exited without a word".to_owned(),
                proposed: Some("42 ships".to_owned()),
            },
        ),
        (
            told.clone(),
            Need::Undelivered {
                delivery,
                to: place("webhook", ""),
                text: format!("✔ Kanban {told} done — told\ndone"),
                error: "answered 500".to_owned(),
                count: 1,
            },
        ),
    ];
    assert_eq!(needs().await, expected);
}

#[tokio::test]
async fn a_place_that_cannot_be_told_is_one_entry_however_often_it_fails() {
    let board = Board::new();
    let mut tasks = Vec::new();
    for (number, to) in ["wrong", "wrong", "other", "wrong"].into_iter().enumerate() {
        let task = board.task_named(&format!("task {number}")).await;
        board.subscribe(&task, place("webhook", to)).await;
        board.complete(&task, "done").await.unwrap();
        let newest = board.deliveries().await.last().unwrap().id;
        board.failed(newest, Retry::Never).await;
        board.pass(Seconds(1));
        tasks.push(task);
    }
    let inbox = board.kernel.inbox().await.unwrap();
    let entries: Vec<_> = inbox
        .iter()
        .map(|concern| match &concern.need {
            Need::Undelivered { to, count, .. } => (&concern.task, to.thread_id.as_str(), *count),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(entries, [(&tasks[0], "wrong", 3), (&tasks[2], "other", 1)]);

    let Need::Undelivered { delivery, .. } = inbox[0].need else {
        unreachable!()
    };
    board.act(RetryDelivery { delivery }).await.unwrap();
    assert_eq!(board.kernel.inbox().await.unwrap().len(), 1);
    let due = board.kernel.delivery_counts().await.unwrap();
    assert_eq!((due.pending, due.dead), (3, 1));
}

#[tokio::test]
async fn what_waits_behind_a_question_is_counted_once_and_up_to_a_bound() {
    let board = Board::new();
    let behind = async || board.kernel.inbox().await.unwrap()[0].behind;
    let asks = board.task_named("asks").await;
    board.block(&asks, "which port?").await;
    assert_eq!(behind().await, 0);
    // Two ways to the last.
    let (left, right) = (
        board.child_of(&[&asks]).await,
        board.child_of(&[&asks]).await,
    );
    let mut last = board.child_of(&[&left, &right]).await;
    assert_eq!(behind().await, 3);
    for _ in 0..150 {
        last = board.child_of(&[&last]).await;
    }
    assert_eq!(behind().await, domain::inbox::MOST_BEHIND);
}
