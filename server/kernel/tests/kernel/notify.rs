//! Telling people and programs what happens.

use domain::actor::Actor;
use domain::backoff::DELIVERY_ATTEMPTS;
use domain::command::{Answer, Command, Failure, NewTask};
use domain::error::Error as Refusal;
use domain::id::{DeliveryId, EventId, TaskId};
use domain::inbox::Need;
use domain::notify::delivery::{Delivery, DeliveryState, Retry};
use domain::notify::{Address, Filter};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use kernel::{DeliveryQuery, Kernel, Options};

use crate::board::{Board, START, refusal};

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
        self.act(Command::Subscribe { task, to }).await.unwrap();
    }

    async fn subscribe_board(&self, to: Address, filter: Filter) {
        self.act(Command::SubscribeBoard { to, filter })
            .await
            .unwrap();
    }

    async fn block(&self, task: &TaskId, question: &str) {
        let (task, reason) = (task.clone(), Some(question.to_owned()));
        self.act(Command::BlockTask { task, reason }).await.unwrap();
    }

    async fn unblock(&self, task: &TaskId) {
        let task = task.clone();
        self.act(Command::UnblockTask { task }).await.unwrap();
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
        let told = Command::RecordDelivered {
            deliveries: vec![id],
            receipt: None,
            is_chat: false,
        };
        self.act(told).await.unwrap();
    }

    async fn failed(&self, id: DeliveryId, retry: Retry) {
        let failed = Command::RecordUndelivered {
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

fn later() -> Retry {
    Retry::Later { after: None }
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

    // What is refused is not told.
    let (blocked, reason) = (task.clone(), Some("again".to_owned()));
    let again = Command::BlockTask {
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
        board.create(NewTask {
            title: title.to_owned(),
            tenant: Some(tenant.to_owned()),
            assignee: Some(assignee.to_owned()),
            ..NewTask::default()
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
async fn a_filter_with_an_unknown_kind_and_a_subscription_that_is_not_there_are_refused() {
    let board = Board::new();
    let (to, kinds) = (place("webhook", ""), vec!["finished".to_owned()]);
    let filter = Filter {
        kinds,
        ..Filter::default()
    };
    let refused = refusal(board.act(Command::SubscribeBoard { to, filter }).await);
    assert_eq!(refused, Refusal::UnknownNews("finished".to_owned()));

    board
        .subscribe_board(place("webhook", ""), Filter::default())
        .await;
    let twice = Command::SubscribeBoard {
        to: place("webhook", ""),
        filter: Filter::default(),
    };
    assert!(matches!(
        board.act(twice).await.unwrap().answer,
        Answer::Unchanged
    ));
    let subscriptions = board.kernel.board_subscriptions().await.unwrap();
    let subscription = subscriptions[0].id;
    assert_eq!(subscriptions.len(), 1);
    board
        .act(Command::UnsubscribeBoard { subscription })
        .await
        .unwrap();
    assert_eq!(
        refusal(board.act(Command::UnsubscribeBoard { subscription }).await),
        Refusal::UnknownSubscription(subscription)
    );
}

#[tokio::test]
async fn attempts_that_timed_out_and_tasks_that_gave_up_are_told_by_their_own_names() {
    let board = Board::new();
    let new = NewTask {
        title: "fails".to_owned(),
        failure_limit: Some(3),
        ..NewTask::default()
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
        .act(Command::RetryDelivery { delivery: blocked })
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
    let archive = Command::ArchiveTask { task: task.clone() };
    let event = board.act(archive).await.unwrap().events[0];
    assert_eq!(board.kernel.subscriptions(None).await.unwrap(), []);
    board.act(Command::Undo { event }).await.unwrap();
    let restored = board.kernel.subscriptions(None).await.unwrap();
    assert_eq!(restored[0].to, place("telegram", "2"));
}

#[tokio::test]
async fn what_failed_rests_longer_each_time_also_after_a_restart() {
    let (board, _, id) = one_delivery("webhook").await;
    assert!(board.is_due().await);
    let mut rests = Vec::new();
    for _ in 0..4 {
        board.failed(id, later()).await;
        assert!(!board.is_due().await);
        let next = board.deliveries().await[0].next_attempt_at;
        assert_eq!(board.next().await, Some(next));
        rests.push(next.seconds_since(board.kernel.now()));
        board.pass(Seconds(rests[rests.len() - 1]));
        assert!(board.is_due().await);
    }
    for (rest, span) in rests.iter().zip([5, 10, 20, 40]) {
        assert!((span / 2..=span).contains(rest), "{rests:?}");
    }

    board.failed(id, later()).await;
    let next = board.next().await;
    let Board {
        kernel,
        clock,
        folder,
    } = board;
    drop(kernel);
    let (path, seed) = (folder.path().join("kanban.db"), Some(2));
    let kernel = Kernel::open_with(&path, Options { clock, seed }).unwrap();
    assert_eq!(kernel.outbox().await.unwrap().next, next);
}

#[tokio::test]
async fn a_place_that_asks_for_time_gets_it_for_all_its_news() {
    let (board, task, first) = one_delivery("webhook").await;
    board.unblock(&task).await;
    board.block(&task, "and which host?").await;
    let after = Some(Seconds(600));
    board.failed(first, Retry::Later { after }).await;
    board.pass(Seconds(599));
    assert!(!board.is_due().await);
    board.pass(Seconds(1));
    assert!(board.is_due().await);
}

#[tokio::test]
async fn what_fails_again_and_again_lets_the_rest_pass() {
    let (board, task, poison) = one_delivery("webhook").await;
    for _ in 0..8 {
        board.failed(poison, later()).await;
    }
    board.unblock(&task).await;
    board.block(&task, "and which host?").await;
    board.pass(Seconds(60));
    let due = board.kernel.outbox().await.unwrap().due;
    let due = board.kernel.due_deliveries(due[0].place, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_ne!(due[0].id, poison);
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_at_once_and_can_be_tried_again_or_dropped() {
    let (board, _, id) = one_delivery("webhook").await;
    board.failed(id, Retry::Never).await;
    let dead = board.deliveries().await.remove(0);
    assert_eq!((dead.state, dead.attempts), (DeliveryState::Dead, 1));
    assert_eq!(dead.error.as_deref(), Some("answered 500"));
    assert!(!board.is_due().await && board.next().await.is_none());

    board
        .act(Command::RetryDelivery { delivery: id })
        .await
        .unwrap();
    assert!(board.is_due().await);
    assert_eq!(board.deliveries().await[0].attempts, 0);
    assert_eq!(
        refusal(board.act(Command::DropDelivery { delivery: id }).await),
        Refusal::UnknownDelivery(id)
    );
    board.failed(id, Retry::Never).await;
    board
        .act(Command::DropDelivery { delivery: id })
        .await
        .unwrap();
    assert_eq!(board.deliveries().await, []);
}

#[tokio::test]
async fn what_fails_too_often_is_given_up() {
    let (board, _, id) = one_delivery("webhook").await;
    for _ in 1..DELIVERY_ATTEMPTS {
        board.failed(id, later()).await;
        assert_eq!(board.deliveries().await[0].state, DeliveryState::Pending);
    }
    board.failed(id, later()).await;
    assert_eq!(board.deliveries().await[0].state, DeliveryState::Dead);
}

#[tokio::test]
async fn a_chat_that_was_told_enough_rests_until_the_minute_is_over() {
    let (board, task, first) = one_delivery("telegram").await;
    board.unblock(&task).await;
    board.block(&task, "and which host?").await;
    let told = |deliveries| Command::RecordDelivered {
        deliveries,
        receipt: None,
        is_chat: true,
    };
    board.act(told(vec![first])).await.unwrap();
    assert!(board.is_due().await);
    let second = board.deliveries().await[1].id;
    board.unblock(&task).await;
    board.block(&task, "and when?").await;
    let third = board.deliveries().await[2].id;
    board.act(told(vec![second, third])).await.unwrap();
    board.unblock(&task).await;
    board.block(&task, "and why?").await;
    assert_eq!(board.next().await, Some(START + Seconds(60)));
    board.pass(Seconds(60));
    assert!(board.is_due().await);
}

#[tokio::test]
async fn a_quiet_place_is_told_when_the_night_is_over() {
    let board = Board::new();
    let task = board.task_named("report").await;
    board.subscribe(&task, place("telegram", "")).await;
    // 10:40 in UTC is 12:40 in Berlin.
    assert_eq!(START.0 % 86_400, 10 * 3_600 + 40 * 60);
    let quiet = |hours: &str| Command::SetQuietHours {
        to: place("telegram", ""),
        hours: Some(hours.parse().unwrap()),
    };
    board.act(quiet("12:00-13:00 Europe/Berlin")).await.unwrap();
    board.block(&task, "which port?").await;
    assert!(!board.is_due().await);
    assert_eq!(board.next().await, Some(START + Seconds(20 * 60)));

    board.act(quiet("10:00-09:00 UTC")).await.unwrap();
    let nine_tomorrow = START - Seconds(10 * 3_600 + 40 * 60) + Seconds(33 * 3_600);
    assert_eq!(board.next().await, Some(nine_tomorrow));
    board.act(quiet("22:00-10:00 UTC")).await.unwrap();
    assert!(board.is_due().await);
    let shown = board.kernel.quiet_hours().await.unwrap();
    assert_eq!(shown[0].1.to_string(), "22:00-10:00 UTC");

    let to = place("telegram", "");
    board
        .act(Command::SetQuietHours { to, hours: None })
        .await
        .unwrap();
    assert_eq!(board.kernel.quiet_hours().await.unwrap(), []);
    let nowhere = board.act(quiet("1:00-2:00 Atlantis/City")).await;
    let text = "01:00-02:00 Atlantis/City".to_owned();
    assert_eq!(refusal(nowhere), Refusal::BadQuietHours(text));
}

#[tokio::test]
async fn a_worker_subscribes_nobody() {
    let board = Board::new();
    let task = board.task_named("report").await;
    let worker = Actor::worker("hermes", board.claim(&task).await.unwrap().token);
    let to = place("command", "");
    let filter = Filter::default();
    let refused = board
        .give(&worker, Command::SubscribeBoard { to, filter })
        .await;
    assert_eq!(refusal(refused), Refusal::NotForWorkers);
}

#[tokio::test]
async fn what_was_told_is_forgotten_with_the_old_events_and_what_was_not_is_kept() {
    let (board, task, first) = one_delivery("webhook").await;
    board.told(first).await;
    board.unblock(&task).await;
    board.complete(&task, "42").await.unwrap();
    board.pass(Seconds(10));
    let before = board.kernel.now();
    board.act(Command::ForgetEvents { before }).await.unwrap();
    let left = board.deliveries().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].notice.kind, "completed");
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

#[tokio::test]
async fn the_subscriptions_of_another_program_are_not_told_its_history() {
    let board = Board::new();
    let task = board.task_named("report").await;
    board.block(&task, "long ago").await;
    board.unblock(&task).await;
    board.sql(&format!(
        "INSERT INTO kanban_notify_subs VALUES ('{task}', 'telegram', '7', '', NULL, 0, 0)"
    ));
    assert_eq!(board.deliveries().await, []);
    board.complete(&task, "42").await.unwrap();
    let told = board.deliveries().await;
    assert_eq!(told.len(), 1);
    board.told(told[0].id).await;
    assert_eq!(board.kernel.subscriptions(None).await.unwrap(), []);
    assert!(told[0].notice.event_id > EventId(1));
}

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
        let failed = Command::FailRun {
            run,
            failure,
            limit: None,
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
            },
        ),
    ];
    assert_eq!(needs().await, expected);
}

#[tokio::test]
async fn a_message_is_told_by_its_number_in_its_chat() {
    let (board, _, id) = one_delivery("telegram").await;
    let told = Command::RecordDelivered {
        deliveries: vec![id],
        receipt: Some("42".to_owned()),
        is_chat: true,
    };
    board.act(told).await.unwrap();
    let by = |chat: &str, number: &str| {
        let to = Address {
            chat_id: chat.to_owned(),
            ..place("telegram", "")
        };
        board.kernel.told_by(to, number.to_owned())
    };
    assert_eq!(by("7", "42").await.unwrap()[0].id, id);
    assert_eq!(by("8", "42").await.unwrap(), []);
    assert_eq!(by("7", "43").await.unwrap(), []);
}

#[tokio::test]
async fn a_message_that_comes_in_again_is_known() {
    let board = Board::new();
    let take = || Command::TakeMessage {
        platform: "slack".to_owned(),
        message: "Ev1".to_owned(),
    };
    assert!(matches!(
        board.act(take()).await.unwrap().answer,
        Answer::Done
    ));
    assert!(matches!(
        board.act(take()).await.unwrap().answer,
        Answer::Unchanged
    ));
}

fn create(assignee: &str) -> Command {
    Command::CreateTask(NewTask {
        title: "from a chat".to_owned(),
        assignee: Some(assignee.to_owned()),
        ..NewTask::default()
    })
}

#[tokio::test]
async fn what_is_written_in_a_chat_waits_for_somebody_to_look_at_it_unless_its_writer_is_trusted() {
    let board = Board::new();
    for (is_trusted, status) in [(false, Status::Triage), (true, Status::Ready)] {
        let guest = Actor::in_chat("telegram:7", is_trusted);
        let created = board.give(&guest, create("ada")).await.unwrap().answer;
        let Answer::Created { task, .. } = created else {
            panic!("{created:?}")
        };
        assert_eq!(board.status(&task).await, status);
    }
}

#[tokio::test]
async fn nobody_in_a_chat_writes_what_the_shell_runs() {
    let board = Board::new();
    let guest = Actor::in_chat("telegram:7", true);
    let create = board.give(&guest, create("shell")).await;
    assert_eq!(refusal(create), Refusal::ShellFromChat);
    let task = board.task_named("harmless").await;
    let assign = Command::AssignTask {
        task: task.clone(),
        assignee: Some("shell".to_owned()),
        stop: false,
    };
    assert_eq!(
        refusal(board.give(&guest, assign.clone()).await),
        Refusal::ShellFromChat
    );
    board.act(assign).await.unwrap();
    let edit = Command::EditTask {
        task,
        title: None,
        body: Some("rm -r /".to_owned()),
    };
    assert_eq!(
        refusal(board.give(&guest, edit).await),
        Refusal::ShellFromChat
    );
}

#[tokio::test]
async fn a_guest_who_is_not_trusted_may_talk_and_answer_and_nothing_else() {
    let board = Board::new();
    let guest = Actor::in_chat("telegram:7", false);
    let task = board.task_named("task").await;
    board.block(&task, "which port?").await;
    let body = "8080".to_owned();
    let answer = [
        Command::CommentOnTask {
            task: task.clone(),
            body,
        },
        Command::UnblockTask { task: task.clone() },
    ];
    board
        .kernel
        .execute_all(&guest, answer.to_vec())
        .await
        .unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
    let refused = [
        Command::ArchiveTask { task: task.clone() },
        Command::MoveTask {
            task,
            to: Status::Triage,
        },
        Command::Pause { lane: None },
    ];
    for command in refused {
        assert_eq!(
            refusal(board.give(&guest, command).await),
            Refusal::NotForChat
        );
    }
}
