//! More complaints about the original: blocked cards that do not stay blocked, a dispatcher that is
//! silent, caps that do not hold, and words that keep cards from running. Each has the test that
//! nobody can complain of it here.

use domain::command::{BlockTask, CreateTask, Pause, SHELL, UnblockTask};
use domain::dispatch::WhyNot;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use kernel::Clock;

use crate::harness::{Board, in_time, outcomes};

// Blocked cards that do not stay blocked.

#[tokio::test]
async fn a_blocked_card_stays_blocked_whatever_the_dispatcher_does() {
    let clock = Clock::standing_at(Timestamp(1_800_000_000));
    let board = Board::with_clock(clock.clone());
    let task = board.create("true").await;
    for reason in ["is it safe?", "is it really?"] {
        let task = task.clone();
        let reason = Some(reason.to_owned());
        board
            .told(BlockTask {
                task: task.clone(),
                reason,
            })
            .await;
        let dispatcher = board.start().await;
        for _ in 0..5 {
            clock.advance(Seconds(3_600));
            let report = in_time(dispatcher.handle().tick(None)).await.unwrap();
            assert_eq!((report.promoted, report.spawned.len()), (0, 0));
        }
        let blocked = board.detail(&task).await;
        assert_eq!(
            (blocked.task.status, blocked.runs.len()),
            (Status::Blocked, 0)
        );
        dispatcher.stop().await;
        if blocked.task.block_reason.as_deref() == Some("is it safe?") {
            board.told(Pause { lane: None }).await;
            board.told(UnblockTask { task }).await;
        }
        // The second time it is blocked without ever having run.
    }
}

#[tokio::test]
async fn a_card_that_waits_for_a_blocked_parent_waits() {
    let board = Board::new();
    let parent = board.create("true").await;
    let child = board
        .create_task(CreateTask {
            parents: vec![parent.to_string()],
            ..board.task(SHELL, "true")
        })
        .await;
    let reason = None;
    let task = parent.clone();
    board.told(BlockTask { task, reason }).await;
    let dispatcher = board.start().await;
    in_time(dispatcher.handle().tick(None)).await.unwrap();
    assert_eq!(board.detail(&child).await.task.status, Status::Todo);
    board.told(UnblockTask { task: parent }).await;
    board.until_status(&child, Status::Done).await;
    dispatcher.stop().await;
}

// A dispatcher that is idle or silent.

#[tokio::test]
async fn a_card_that_nobody_starts_says_that_there_is_no_dispatcher() {
    let board = Board::new();
    let task = board.create("true").await;
    let why = || async { board.kernel.why(&task).await.unwrap() };
    assert_eq!(why().await, Some(WhyNot::DispatcherOff));
    let dispatcher = board.start().await;
    board.until_status(&task, Status::Done).await;
    dispatcher.stop().await;
    let next = board.create("true").await;
    let why = board.kernel.why(&next).await.unwrap();
    assert_eq!(why, Some(WhyNot::DispatcherOff));
}

#[tokio::test]
async fn full_caps_raise_no_alarm() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start_with(board.config_with_cap(1)).await.unwrap();
    let handle = dispatcher.handle();
    let first = board.create("read line < gate").await;
    board.until_spawned(&first).await;
    board.create("true").await;
    for _ in 0..3 {
        in_time(handle.tick(None)).await.unwrap();
    }
    assert_eq!(handle.status().bad_ticks, 0);
    board.move_to(&first, Status::Triage).await;
    board.until_all_is_settled().await;
    drop(gate);
    dispatcher.stop().await;
}

// Concurrency.

#[tokio::test]
async fn many_ready_cards_never_run_more_at_once_than_may_whoever_asks() {
    let board = Board::new();
    let together = "mkdir -p at-work; touch at-work/$KANBAN_TASK; ls at-work | wc -l; sleep 0.1; \
         rm at-work/$KANBAN_TASK";
    let mut tasks = Vec::new();
    for _ in 0..10 {
        tasks.push(board.create(together).await);
    }
    let dispatcher = board.start_with(board.config_with_cap(2)).await.unwrap();
    let handle = dispatcher.handle();
    for task in &tasks {
        in_time(handle.tick(Some(8))).await.unwrap();
        let done = board.until_status(task, Status::Done).await;
        let at_once: u32 = done.task.result.unwrap().trim().parse().unwrap();
        assert!(at_once <= 2, "{at_once} at once");
    }
    dispatcher.stop().await;
}

#[tokio::test]
async fn with_two_of_four_running_two_more_start() {
    let board = Board::new();
    let gate = board.gate();
    let mut tasks = Vec::new();
    for _ in 0..2 {
        tasks.push(board.create("read line < gate").await);
    }
    let dispatcher = board.start_with(board.config_with_cap(4)).await.unwrap();
    for task in &tasks {
        board.until_spawned(task).await;
    }
    for _ in 0..3 {
        tasks.push(board.create("read line < gate").await);
    }
    for task in &tasks[2..4] {
        board.until_spawned(task).await;
    }
    assert_eq!(board.kernel.open_runs().await.unwrap().len(), 4);
    let why = board.kernel.why(&tasks[4]).await.unwrap();
    let (lane, running, limit) = (None, 4, 4);
    assert_eq!(
        why,
        Some(WhyNot::AtCapacity {
            lane,
            running,
            limit
        })
    );
    dispatcher.stop().await;
    for task in &tasks {
        board.move_to(task, Status::Triage).await;
    }
    board.until_no_worker_is_left().await;
    drop(gate);
}

#[tokio::test]
async fn without_a_word_about_it_there_is_a_cap_that_fits_the_machine() {
    let board = Board::new();
    let dispatcher = board.start_with(board.config()).await.unwrap();
    let status = dispatcher.handle().status();
    let processors = std::thread::available_parallelism().unwrap().get();
    let cap = usize::try_from(status.cap).unwrap();
    assert!((1..=processors).contains(&cap), "{cap}");
    assert!(!status.cap_reason.is_empty());
    dispatcher.stop().await;
}

// Respawn guards and rate limits.

#[tokio::test]
async fn no_word_in_a_card_or_its_output_keeps_it_from_being_tried_again() {
    let board = Board::new();
    let script = "[ -f again ] && exit 0; touch again; echo author: rate limit, auth, 429; exit 1";
    let dispatcher = board.start().await;
    let task = board
        .create_task(CreateTask {
            title: "ask the author about the authentication, see pull/123".to_owned(),
            ..board.task(SHELL, script)
        })
        .await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Exit), Some(Outcome::Completed)]
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_card_that_rests_says_until_when_and_writes_no_more_events() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let task = board.create("exit 75").await;
    let deferred = board.until_event(&task, "deferred").await;
    let handle = dispatcher.handle();
    for _ in 0..20 {
        let report = in_time(handle.tick(None)).await.unwrap();
        let until = deferred.task.not_before.unwrap();
        let why = &report.skipped[0].why;
        assert!(matches!(why, WhyNot::Resting { until: said, .. } if *said == until));
    }
    let later = board.detail(&task).await;
    assert_eq!(later.events.len(), deferred.events.len());
    dispatcher.stop().await;
}
