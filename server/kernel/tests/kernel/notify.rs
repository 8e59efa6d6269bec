//! Notifications: subscriptions, deliveries, the inbox and chats.

#[path = "notify/chat.rs"]
mod chat;
#[path = "notify/inbox.rs"]
mod inbox;
#[path = "notify/outbox.rs"]
mod outbox;
#[path = "notify/subscriptions.rs"]
mod subscriptions;

use domain::command::{
    BlockTask, CreateTask, RecordDelivered, RecordUndelivered, Subscribe, SubscribeBoard,
};
use domain::id::{DeliveryId, EventId, TaskId};
use domain::notify::delivery::{Delivery, DeliveryState, Retry};
use domain::notify::{Address, Filter};
use domain::run::Outcome;
use domain::time::Timestamp;
use kernel::DeliveryQuery;

use crate::board::{Board, refusal};

fn place(platform: &str, thread: &str) -> Address {
    Address {
        platform: platform.to_owned(),
        chat_id: "7".to_owned(),
        thread_id: thread.to_owned(),
        user_id: None,
    }
}

impl Board {
    async fn subscribe(&self, task: &TaskId, to: Address) {
        let task = task.clone();
        self.act(Subscribe { task, to }).await.unwrap();
    }

    async fn subscribe_board(&self, to: Address, filter: Filter) {
        self.act(SubscribeBoard { to, filter }).await.unwrap();
    }

    /// Everything in the outbox, oldest first.
    async fn deliveries(&self) -> Vec<Delivery> {
        let limit = 10_000;
        let query = DeliveryQuery {
            limit,
            ..DeliveryQuery::default()
        };
        let mut all = self.kernel.deliveries(query).await.unwrap();
        all.reverse();
        all
    }

    async fn told(&self, id: DeliveryId) {
        let told = RecordDelivered {
            deliveries: vec![id],
            receipt: None,
            is_chat: false,
        };
        self.act(told).await.unwrap();
    }

    async fn failed(&self, id: DeliveryId, retry: Retry) {
        let failed = RecordUndelivered {
            deliveries: vec![id],
            error: "answered 500".to_owned(),
            retry,
        };
        self.act(failed).await.unwrap();
    }

    async fn is_due(&self) -> bool {
        !self.kernel.outbox().await.unwrap().due.is_empty()
    }

    async fn next(&self) -> Option<Timestamp> {
        self.kernel.outbox().await.unwrap().next
    }
}

/// A blocked task with one piece of news for one place.
async fn one_delivery(platform: &str) -> (Board, TaskId, DeliveryId) {
    let board = Board::new();
    let task = board.task_named("report").await;
    board.subscribe(&task, place(platform, "")).await;
    board.block(&task, "which port?").await;
    let id = board.deliveries().await[0].id;
    (board, task, id)
}

#[tokio::test]
async fn news_is_written_down_with_the_event_that_it_tells_of() {
    let board = Board::new();
    let task = board.task_named("report").await;
    board.block(&task, "before anybody asked").await;
    board.unblock(&task).await;
    board.subscribe(&task, place("telegram", "")).await;
    assert_eq!(board.deliveries().await, []);

    board.block(&task, "which port?").await;
    let told = board.deliveries().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].to, place("telegram", ""));
    assert_eq!(told[0].state, DeliveryState::Pending);
    assert_eq!(told[0].notice.event_id, board.newest_event());
    assert_eq!(
        told[0].notice.text(),
        format!("⏸ Kanban {task} blocked: which port?")
    );

    // A refused command sends nothing.
    let (blocked, reason) = (task.clone(), Some("again".to_owned()));
    let again = BlockTask {
        task: blocked,
        reason,
    };
    refusal(board.act(again).await);
    assert_eq!(board.deliveries().await.len(), 1);
}

#[tokio::test]
async fn each_thread_of_a_chat_is_told_and_none_is_told_twice() {
    let board = Board::new();
    let task = board.task_named("report").await;
    board.subscribe(&task, place("telegram", "1")).await;
    board.subscribe(&task, place("telegram", "2")).await;
    board
        .subscribe_board(place("telegram", "2"), Filter::default())
        .await;
    board.complete(&task, "42").await.unwrap();
    let told = board.deliveries().await;
    let threads: Vec<_> = told.iter().map(|told| told.to.thread_id.as_str()).collect();
    assert_eq!(threads, ["1", "2"]);
    assert_eq!(told[0].notice.detail.as_deref(), Some("42"));
    assert_ne!(told[0].key, told[1].key);
}

#[tokio::test]
async fn a_filter_lets_only_its_own_news_through() {
    let board = Board::new();
    let task = |title: &str, tenant: &str, assignee: &str| {
        board.create(CreateTask {
            title: title.to_owned(),
            tenant: Some(tenant.to_owned()),
            assignee: Some(assignee.to_owned()),
            ..CreateTask::default()
        })
    };
    let filter = |tenant: Option<&str>, assignee: Option<&str>, kinds: &[&str]| Filter {
        tenant: tenant.map(str::to_owned),
        assignee: assignee.map(str::to_owned),
        kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
    };
    let chat = |name: &str| place("telegram", name);
    board
        .subscribe_board(chat("usual"), filter(None, None, &[]))
        .await;
    board
        .subscribe_board(chat("acme"), filter(Some("acme"), None, &[]))
        .await;
    board
        .subscribe_board(chat("ada"), filter(None, Some("ada"), &["completed"]))
        .await;
    board
        .subscribe_board(chat("new"), filter(None, None, &["created"]))
        .await;

    let first = task("first", "acme", "bob").await;
    let second = task("second", "umbrella", "ada").await;
    board.complete(&first, "").await.unwrap();
    board.block(&second, "why?").await;
    board.unblock(&second).await;
    board.complete(&second, "").await.unwrap();

    let told = board.deliveries().await;
    let told: Vec<String> = told
        .iter()
        .map(|told| {
            let (to, notice) = (&told.to.thread_id, &told.notice);
            format!("{to} {} {}", notice.title, notice.kind)
        })
        .collect();
    assert_eq!(
        told,
        [
            "new first created",
            "new second created",
            "usual first completed",
            "acme first completed",
            "usual second blocked",
            "usual second completed",
            "ada second completed",
        ]
    );
}

#[tokio::test]
async fn attempts_that_timed_out_and_tasks_that_gave_up_are_told_by_their_own_names() {
    let board = Board::new();
    let new = CreateTask {
        title: "fails".to_owned(),
        failure_limit: Some(3),
        ..CreateTask::default()
    };
    let task = board.create(new).await;
    board.subscribe(&task, place("webhook", "")).await;
    for outcome in [Outcome::Exit, Outcome::TimedOut, Outcome::SpawnFailed] {
        let run = board.claim(&task).await.unwrap().run;
        board.fail(run, outcome).await;
    }
    assert!(
        board
            .kinds(&task)
            .await
            .contains(&"spawn_auto_blocked".to_owned())
    );
    let told = board.deliveries().await;
    let kinds: Vec<_> = told.iter().map(|told| told.notice.kind.as_str()).collect();
    assert_eq!(kinds, ["timed_out", "gave_up"]);
}

#[tokio::test]
async fn the_subscriptions_of_another_program_are_not_told_its_history() {
    let board = Board::new();
    let task = board.task_named("report").await;
    board.block(&task, "long ago").await;
    board.unblock(&task).await;
    board.sql(&format!(
        "INSERT INTO kanban_notify_subs (task_id, platform, chat_id, created_at) \
         VALUES ('{task}', 'telegram', '7', 0)"
    ));
    assert_eq!(board.deliveries().await, []);
    board.complete(&task, "42").await.unwrap();
    let told = board.deliveries().await;
    assert_eq!(told.len(), 1);
    board.told(told[0].id).await;
    assert_eq!(board.kernel.subscriptions(None).await.unwrap(), []);
    assert!(told[0].notice.event_id > EventId(1));
}
