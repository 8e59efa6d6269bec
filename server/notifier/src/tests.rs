//! The notifier as a whole: a board, its outbox, and somebody on the other side.

use std::time::{Duration, Instant};

use domain::command::{
    BlockTask, CreateTask, RetryDelivery, Subscribe, SubscribeBoard, UnblockTask, Verb,
};
use domain::id::TaskId;
use domain::notify::delivery::{Delivery, DeliveryState};
use domain::notify::{Address, Filter};
use kernel::DeliveryQuery;
use tempfile::TempDir;

use super::receiver::Receiver;
use super::*;

/// A board whose news go to `receiver`.
struct Board {
    kernel: Kernel,
    home: Home,
    _folder: TempDir,
}

impl Board {
    fn new(kanban_toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        std::fs::write(home.config(), kanban_toml).unwrap();
        let kernel = Kernel::open(&home.db()).unwrap();
        Self {
            kernel,
            home,
            _folder: folder,
        }
    }

    async fn notifier(&self) -> anyhow::Result<Notifier> {
        let host = gateway::tests::host(self.kernel.clone(), self.home.clone());
        Notifier::start(host, FindServers::Nowhere).await
    }

    async fn give<V: Verb>(&self, verb: V) -> V::Answer {
        self.kernel
            .execute(&Actor::full("ada"), verb)
            .await
            .unwrap()
            .answer
    }

    async fn create(&self, tenant: &str) -> TaskId {
        let new = CreateTask {
            title: "task".to_owned(),
            tenant: Some(tenant.to_owned()),
            ..CreateTask::default()
        };
        self.give(new).await.task
    }

    /// A task that somebody is told of at this place.
    async fn watched_task(&self, platform: &str, chat_id: &str) -> TaskId {
        let task = self.create("acme").await;
        let to = address(platform, chat_id);
        self.give(Subscribe {
            task: task.clone(),
            to,
        })
        .await;
        task
    }

    async fn block(&self, task: &TaskId, question: &str) {
        let (task, reason) = (task.clone(), Some(question.to_owned()));
        self.give(BlockTask { task, reason }).await;
    }

    async fn unblock(&self, task: &TaskId) {
        self.give(UnblockTask { task: task.clone() }).await;
    }

    async fn deliveries(&self, state: DeliveryState) -> Vec<Delivery> {
        let query = DeliveryQuery {
            state: Some(state),
            limit: u32::MAX,
            ..DeliveryQuery::default()
        };
        self.kernel.deliveries(query).await.unwrap()
    }

    /// Waits until nothing is under way: the notifier has recorded what it did.
    async fn settled(&self, state: DeliveryState, count: usize) -> Vec<Delivery> {
        let looking = async {
            loop {
                let found = self.deliveries(state).await;
                if found.len() >= count {
                    return found;
                }
                pass(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_mins(1), looking)
            .await
            .expect("it was never recorded")
    }
}

fn address(platform: &str, chat_id: &str) -> Address {
    Address {
        platform: platform.to_owned(),
        chat_id: chat_id.to_owned(),
        thread_id: String::new(),
        user_id: None,
    }
}

fn webhook(receiver: &Receiver) -> String {
    format!("[channels.webhook.ci]\nurl = \"{}/hook\"\n", receiver.url)
}

#[test]
fn places_take_turns() {
    let due = |place| Due {
        place,
        to: address("webhook", "ci"),
        pace: domain::notify::pace::Pace::default(),
    };
    let busy = Busy {
        last: 2,
        ..Busy::default()
    };
    let turns = busy.in_turn(vec![due(1), due(2), due(4), due(3)]);
    let turns: Vec<_> = turns.iter().map(|due| due.place).collect();
    assert_eq!(turns, [3, 4, 1, 2]);
}

#[tokio::test]
async fn news_arrive_in_order_and_once_each() {
    let mut receiver = Receiver::start().await;
    let board = Board::new(&webhook(&receiver));
    let task = board.watched_task("webhook", "ci").await;
    let notifier = board.notifier().await.unwrap();
    for question in ["one?", "two?", "three?"] {
        board.block(&task, question).await;
        board.unblock(&task).await;
    }
    for question in ["one?", "two?", "three?"] {
        let request = receiver.answer(204, "").await;
        assert_eq!(request.path, "/hook");
        assert_eq!(request.json()["data"]["detail"], question);
        assert_eq!(request.json()["type"], "task.blocked");
        assert_eq!(request.json()["id"], request.header("webhook-id"));
    }
    assert_eq!(board.settled(DeliveryState::Delivered, 3).await.len(), 3);
    notifier.stop().await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_a_dead_letter_and_the_next_news_arrive() {
    let mut receiver = Receiver::start().await;
    let board = Board::new(&webhook(&receiver));
    let task = board.watched_task("webhook", "ci").await;
    let notifier = board.notifier().await.unwrap();
    board.block(&task, "one?").await;
    receiver.answer(410, "gone").await;
    let dead = board.settled(DeliveryState::Dead, 1).await;
    assert_eq!(dead[0].error.as_deref(), Some("answered 410: gone"));
    board.unblock(&task).await;
    board.block(&task, "two?").await;
    assert_eq!(
        receiver.answer(200, "").await.json()["data"]["detail"],
        "two?"
    );

    let delivery = dead[0].id;
    board.give(RetryDelivery { delivery }).await;
    let again = receiver.answer(200, "").await;
    assert_eq!(again.header("webhook-id"), dead[0].key);
    notifier.stop().await;
}

#[tokio::test]
async fn trouble_on_the_other_side_is_waited_out_and_the_key_stays_the_same() {
    let mut receiver = Receiver::start().await;
    let board = Board::new(&webhook(&receiver));
    let task = board.watched_task("webhook", "ci").await;
    let notifier = board.notifier().await.unwrap();
    board.block(&task, "one?").await;
    let first = receiver.answer_with(503, &[("retry-after", "6")], "").await;
    let asked = Instant::now();
    let second = receiver.answer(200, "").await;
    // The board counts in whole seconds.
    assert!(
        asked.elapsed() > Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.body, second.body);
    notifier.stop().await;
}

#[tokio::test]
async fn news_for_a_channel_that_is_not_set_up_are_dead_letters() {
    let board = Board::new("");
    let task = board.watched_task("pigeon", "7").await;
    let notifier = board.notifier().await.unwrap();
    board.block(&task, "one?").await;
    let dead = board.settled(DeliveryState::Dead, 1).await;
    assert_eq!(
        dead[0].error.as_deref(),
        Some("kanban.toml sets up no channel pigeon")
    );
    notifier.stop().await;
}

#[tokio::test]
async fn news_wait_for_a_channel_or_a_file_that_makes_no_sense_until_it_is_mended() {
    for (wrong, is_file) in [
        ("[channels.webhook.bad]\nurl = 5\n", false),
        ("[channels", true),
    ] {
        let mut receiver = Receiver::start().await;
        let board = Board::new(&(webhook(&receiver) + wrong));
        let task = board.watched_task("webhook", "bad").await;
        let notifier = board.notifier().await.unwrap();
        board.block(&task, "one?").await;
        let waits = async {
            loop {
                let waiting = board.settled(DeliveryState::Pending, 1).await.remove(0);
                if waiting.attempts > 0 {
                    return waiting.error.unwrap();
                }
                pass(Duration::from_millis(20)).await;
            }
        };
        let error = timeout(Duration::from_mins(1), waits).await.unwrap();
        assert!(error.contains("kanban doctor"), "{error}");
        assert_eq!(board.settled(DeliveryState::Dead, 0).await, []);
        let other = board.watched_task("webhook", "ci").await;
        if !is_file {
            board.block(&other, "two?").await;
            let told = receiver.answer(204, "").await;
            assert_eq!(told.json()["data"]["detail"], "two?");
        }
        // Mended, but for another table.
        let mended = "[channels.webhook.bad]\nurl = \"URL/bad\"\n[channels.pigeon]\nx = 1\n";
        let mended = mended.replace("URL", &receiver.url);
        std::fs::write(board.home.config(), mended).unwrap();
        let told = receiver.answer(204, "").await;
        assert_eq!(told.path, "/bad");
        notifier.stop().await;
    }
}

#[tokio::test]
async fn a_flood_becomes_one_message_to_a_chat_and_many_to_a_webhook() {
    let mut receiver = Receiver::start().await;
    let (folder, url) = (tempfile::tempdir().unwrap(), &receiver.url);
    let token = folder.path().join("token");
    std::fs::write(&token, "123:swordfish").unwrap();
    let token = token.display();
    let telegram =
        format!("[channels.telegram]\ntoken = {{ file = \"{token}\" }}\nbase_url = \"{url}\"\n");
    let board = Board::new(&(webhook(&receiver) + &telegram));
    let task = board.watched_task("telegram", "7").await;
    let to = address("webhook", "ci");
    board
        .give(Subscribe {
            task: task.clone(),
            to,
        })
        .await;
    for _ in 0..10 {
        board.block(&task, "again?").await;
        board.unblock(&task).await;
    }
    let notifier = board.notifier().await.unwrap();
    let mut texts = Vec::new();
    for _ in 0..11 {
        let answer = r#"{"ok":true,"result":{"message_id":42}}"#;
        let request = receiver.answer(200, answer).await;
        if request.path.ends_with("/sendMessage") {
            texts.push(request.json()["text"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(texts.len(), 1);
    assert!(
        texts[0].starts_with("10 pieces of news:\n⏸ Kanban"),
        "{texts:?}"
    );
    assert_eq!(board.settled(DeliveryState::Delivered, 20).await.len(), 20);
    notifier.stop().await;
}

#[tokio::test]
async fn a_notifier_that_is_gone_is_followed_by_one_that_loses_nothing() {
    let mut receiver = Receiver::start().await;
    let board = Board::new(&webhook(&receiver));
    let task = board.watched_task("webhook", "ci").await;
    let notifier = board.notifier().await.unwrap();
    board.block(&task, "one?").await;
    let first = receiver.next().await;
    board.unblock(&task).await;
    board.block(&task, "two?").await;
    // As a kill does: in the middle of a delivery, without a word to the board.
    notifier.running.abort();
    notifier.running.await.unwrap_err();
    drop(notifier.stop);

    let notifier = board.notifier().await.unwrap();
    let again = receiver.answer(200, "").await;
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(
        receiver.answer(200, "").await.json()["data"]["detail"],
        "two?"
    );
    assert_eq!(board.settled(DeliveryState::Delivered, 2).await.len(), 2);
    notifier.stop().await;
}

#[tokio::test]
async fn new_channels_are_for_what_begins_after_them() {
    let (mut old, mut new) = (Receiver::start().await, Receiver::start().await);
    let board = Board::new(&webhook(&old));
    let task = board.watched_task("webhook", "ci").await;
    let notifier = board.notifier().await.unwrap();
    board.block(&task, "one?").await;
    let under_way = old.next().await;

    let mut setup = notifier.setup.clone();
    std::fs::write(board.home.config(), webhook(&new)).unwrap();
    let changed = timeout(Duration::from_secs(30), setup.changed()).await;
    changed.expect("it was never read again").unwrap();
    board.unblock(&task).await;
    board.block(&task, "two?").await;
    under_way.answer(200);
    // It was neither lost nor told again elsewhere.
    let next = new.answer(200, "").await;
    assert_eq!(next.json()["data"]["detail"], "two?");
    assert_eq!(board.settled(DeliveryState::Delivered, 2).await.len(), 2);
    old.is_left_alone();
    new.is_left_alone();
    notifier.stop().await;
}

/// Ten thousand events for two hundred subscribers, while somebody goes on to use the board.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_news_for_two_hundred_places_are_told_within_thirty_seconds() {
    let mut receiver = Receiver::start().await;
    let hooks = (0..200).map(|number| {
        format!(
            "[channels.webhook.w{number}]\nurl = \"{}/{number}\"\n",
            receiver.url
        )
    });
    let board = Board::new(&hooks.collect::<String>());
    let notifier = board.notifier().await.unwrap();
    let mut tasks = Vec::new();
    for number in 0..200 {
        let tenant = format!("t{number}");
        let filter = Filter {
            tenant: Some(tenant.clone()),
            kinds: vec!["blocked".to_owned(), "unblocked".to_owned()],
            ..Filter::default()
        };
        let to = address("webhook", &format!("w{number}"));
        board.give(SubscribeBoard { to, filter }).await;
        tasks.push(board.create(&tenant).await);
    }

    let start = Instant::now();
    let answering = async {
        for _ in 0..10_000 {
            receiver.answer(200, "").await;
        }
        start.elapsed()
    };
    let slowest = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..25 {
            for task in &tasks {
                let before = Instant::now();
                board.block(task, "again?").await;
                board.unblock(task).await;
                slowest = slowest.max(before.elapsed());
            }
        }
        slowest
    };
    let (took, slowest) = tokio::join!(answering, slowest);
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    assert_eq!(
        board.settled(DeliveryState::Delivered, 10_000).await.len(),
        10_000
    );
    println!("10,000 deliveries took {took:?}; the slowest two verbs took {slowest:?}");
    notifier.stop().await;
}
