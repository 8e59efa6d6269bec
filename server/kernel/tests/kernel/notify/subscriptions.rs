//! Subscriptions: who may make one, and their end.

use domain::actor::Actor;
use domain::authority::Act;
use domain::command::{
    Answer, ArchiveTask, Change, RetryDelivery, Subscribe, SubscribeBoard, Undo, Unsubscribe,
    UnsubscribeBoard,
};
use domain::error::Error as Refusal;
use domain::notify::delivery::Retry;
use domain::notify::{Address, Filter};

use super::{one_delivery, place};
use crate::board::{Board, START, refusal};

#[tokio::test]
async fn a_subscription_starts_now_and_two_threads_are_two() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let subscribe = |to| {
        board.act(Subscribe {
            task: task.clone(),
            to,
        })
    };
    subscribe(place("telegram", "")).await.unwrap();
    subscribe(place("telegram", "2")).await.unwrap();
    assert!(matches!(
        subscribe(place("telegram", "2")).await.unwrap().answer,
        Answer::Change(Change::Unchanged)
    ));
    let subscriptions = board
        .kernel
        .subscriptions(Some(task.clone()))
        .await
        .unwrap();
    assert_eq!(subscriptions.len(), 2);
    assert_eq!(subscriptions[0].last_event_id, board.newest_event());

    board
        .act(Unsubscribe {
            task,
            to: place("telegram", "2"),
        })
        .await
        .unwrap();
    assert_eq!(board.kernel.subscriptions(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_subscription_without_a_chat_is_refused() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let to = Address {
        chat_id: " ".to_owned(),
        ..place("telegram", "")
    };
    assert_eq!(
        refusal(board.act(Subscribe { task, to }).await),
        Refusal::BlankAddress
    );
}

#[tokio::test]
async fn a_filter_with_an_unknown_kind_and_a_subscription_that_is_not_there_are_refused() {
    let board = Board::new();
    let (to, kinds) = (place("webhook", ""), vec!["finished".to_owned()]);
    let filter = Filter {
        kinds,
        ..Filter::default()
    };
    let refused = refusal(board.act(SubscribeBoard { to, filter }).await);
    assert_eq!(refused, Refusal::UnknownNews("finished".to_owned()));

    board
        .subscribe_board(place("webhook", ""), Filter::default())
        .await;
    let twice = SubscribeBoard {
        to: place("webhook", ""),
        filter: Filter::default(),
    };
    assert!(matches!(
        board.act(twice).await.unwrap().answer,
        Answer::Change(Change::Unchanged)
    ));
    let subscriptions = board.kernel.board_subscriptions().await.unwrap();
    let subscription = subscriptions[0].id;
    assert_eq!(subscriptions.len(), 1);
    board.act(UnsubscribeBoard { subscription }).await.unwrap();
    assert_eq!(
        refusal(board.act(UnsubscribeBoard { subscription }).await),
        Refusal::UnknownSubscription(subscription)
    );
}

#[tokio::test]
async fn a_worker_subscribes_nobody() {
    let board = Board::new();
    let task = board.task_named("report").await;
    let worker = Actor::worker("hermes", board.claim(&task).await.unwrap().token);
    let to = place("command", "");
    let filter = Filter::default();
    let refused = board.give(&worker, SubscribeBoard { to, filter }).await;
    assert_eq!(
        refusal(refused),
        Refusal::NotForWorkers(Act::SubscribeBoard)
    );
}

#[tokio::test]
async fn a_subscription_ends_when_its_task_is_over_and_everything_was_told() {
    let (board, task, blocked) = one_delivery("webhook").await;
    let subscriptions = async || board.kernel.subscriptions(None).await.unwrap();
    board.unblock(&task).await;
    board.complete(&task, "42").await.unwrap();
    let completed = board.deliveries().await[1].id;

    board.told(completed).await;
    assert_eq!(
        subscriptions().await.len(),
        1,
        "one piece of news is still to be told"
    );
    board.failed(blocked, Retry::Never).await;
    assert_eq!(
        subscriptions().await.len(),
        1,
        "one piece of news was given up"
    );
    board
        .act(RetryDelivery { delivery: blocked })
        .await
        .unwrap();
    board.told(blocked).await;
    assert_eq!(subscriptions().await, []);
}

#[tokio::test]
async fn a_subscription_remembers_how_far_it_was_told() {
    let (board, task, blocked) = one_delivery("webhook").await;
    let told = async || board.kernel.subscriptions(None).await.unwrap()[0].last_event_id;
    let event = board.newest_event();
    assert!(told().await < event);
    board.told(blocked).await;
    assert_eq!(told().await, event);
    assert_eq!(board.deliveries().await[0].settled_at, Some(START));
    board.unblock(&task).await;
    assert_eq!(told().await, event);
}

#[tokio::test]
async fn archiving_ends_subscriptions_and_taking_it_back_restores_them() {
    let board = Board::new();
    let task = board.task_named("report").await;
    board.subscribe(&task, place("telegram", "2")).await;
    let archive = ArchiveTask { task: task.clone() };
    let event = board.act(archive).await.unwrap().events[0];
    assert_eq!(board.kernel.subscriptions(None).await.unwrap(), []);
    board.act(Undo { event }).await.unwrap();
    let restored = board.kernel.subscriptions(None).await.unwrap();
    assert_eq!(restored[0].to, place("telegram", "2"));
}

#[tokio::test]
async fn a_subscription_is_written_into_the_audit() {
    let (board, task, _) = one_delivery("webhook").await;
    let entry = board.kernel.audit(1).await.unwrap().remove(0);
    assert_eq!(
        (entry.action.as_str(), entry.task),
        ("subscribe", Some(task))
    );
    assert_eq!(entry.detail.as_deref(), Some("webhook:7"));
}
