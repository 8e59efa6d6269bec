//! Stats, subscriptions, and forgetting.

use domain::command::{Answer, Command, NewTask};
use domain::error::Error as Refusal;
use domain::notify::Address;
use domain::status::Status;
use domain::time::Seconds;

use crate::board::{Board, START, refusal};

#[tokio::test]
async fn stats_count_what_is_not_archived() {
    let board = Board::new();
    let create = |assignee: Option<&str>| {
        let assignee = assignee.map(str::to_owned);
        board.create(NewTask {
            title: "task".to_owned(),
            assignee,
            ..NewTask::default()
        })
    };
    create(Some("shell")).await;
    board.pass(Seconds(60));
    create(None).await;
    let gone = create(Some("shell")).await;
    board
        .act(Command::ArchiveTask { task: gone })
        .await
        .unwrap();
    let stats = board.kernel.stats().await.unwrap();
    assert_eq!(
        serde_json::to_string(&stats).unwrap(),
        format!(
            r#"{{"by_status":{{"ready":2}},"by_assignee":{{"shell":{{"ready":1}}}},"oldest_ready_age_seconds":60,"now":{}}}"#,
            START.0 + 60
        )
    );
}

fn chat(thread: &str) -> Address {
    Address {
        platform: "telegram".to_owned(),
        chat_id: "7".to_owned(),
        thread_id: thread.to_owned(),
        user_id: None,
    }
}

#[tokio::test]
async fn a_subscription_starts_now_and_two_threads_are_two() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let subscribe = |to| {
        board.act(Command::Subscribe {
            task: task.clone(),
            to,
        })
    };
    subscribe(chat("")).await.unwrap();
    subscribe(chat("2")).await.unwrap();
    assert!(matches!(
        subscribe(chat("2")).await.unwrap().answer,
        Answer::Unchanged
    ));
    let subscriptions = board
        .kernel
        .subscriptions(Some(task.clone()))
        .await
        .unwrap();
    assert_eq!(subscriptions.len(), 2);
    assert_eq!(subscriptions[0].last_event_id, board.newest_event());

    board
        .act(Command::Unsubscribe {
            task,
            to: chat("2"),
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
        ..chat("")
    };
    assert_eq!(
        refusal(board.act(Command::Subscribe { task, to }).await),
        Refusal::BlankAddress
    );
}

#[tokio::test]
async fn only_old_events_of_finished_tasks_are_forgotten() {
    let board = Board::new();
    let (open, over) = (
        board.task_named("open").await,
        board.task_named("over").await,
    );
    board.complete(&over, "done").await.unwrap();
    board.pass(Seconds(100));
    let young = board.task_named("young").await;
    board.complete(&young, "done").await.unwrap();
    let newest = board.newest_event();
    let receipt = board
        .act(Command::ForgetEvents {
            before: START + Seconds(1),
        })
        .await
        .unwrap();
    assert!(matches!(receipt.answer, Answer::Forgotten { count: 2 }));
    assert_eq!(board.kinds(&open).await, ["created"]);
    assert_eq!(board.kinds(&young).await, ["created", "completed"]);
    assert_eq!(board.status(&over).await, Status::Done);
    assert_eq!(board.newest_event(), newest);
}
