//! Failed attempts: the back-off of the task, and giving up.

use domain::actor::Actor;
use domain::backoff;
use domain::command::{
    ClaimPolicy, DeferRun, FAILURE_LIMIT, FailRun, Failure, InterruptRun, RecordSpawn, SnoozeTask,
    Undo,
};
use domain::dispatch::WhyNot;
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Seconds;

use crate::board::{Board, START, refusal};

async fn defer(board: &Board, task: &TaskId) {
    let claimed = board.claim(task).await.unwrap();
    let (run, reason) = (claimed.run, "too many requests".to_owned());
    let defer = DeferRun {
        run,
        reason,
        met: None,
    };
    board.give(&Actor::dispatcher(), defer).await.unwrap();
}

async fn end_without_a_word(board: &Board, task: &TaskId) {
    let claimed = board.claim(task).await.unwrap();
    let failure = Failure {
        outcome: Outcome::Protocol,
        code: Some(0),
        error: "exited without a report".to_owned(),
        proposed: Some("it is blue".to_owned()),
    };
    let run = claimed.run;
    let fail = FailRun {
        run,
        failure,
        limit: None,
        next: domain::command::NextAttempt::default(),
        breaker: None,
    };
    board.give(&Actor::dispatcher(), fail).await.unwrap();
}

#[tokio::test]
async fn a_failed_attempt_rests_and_says_why() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board.fail(claimed.run, Outcome::Exit).await;
    let failed = board.task(&task).await;
    assert_eq!((failed.status, failed.failures), (Status::Ready, 1));
    assert_eq!(failed.last_error.as_deref(), Some("exited with code 3"));
    let until = failed.not_before.unwrap();
    assert!(
        START < until && until <= START + Seconds(5),
        "rests until {until:?}"
    );
    let next = board.kernel.look(START).await.unwrap().next_rest_end;
    assert_eq!(next, Some(until));

    let policy = || ClaimPolicy {
        respects_rest: true,
        respects_pause: true,
        ..ClaimPolicy::default()
    };
    let refused = refusal(board.claim_with(&task, policy()).await);
    let remaining = Seconds(until.seconds_since(START));
    assert_eq!(
        refused,
        Refusal::Resting {
            task: task.clone(),
            remaining
        }
    );
    board.pass(Seconds(until.seconds_since(START)));
    board.claim_with(&task, policy()).await.unwrap();
}

#[tokio::test]
async fn too_many_failures_block_the_task_with_the_last_error() {
    let board = Board::new();
    let task = board.task_named("task").await;
    for _ in 0..FAILURE_LIMIT {
        let claimed = board.claim(&task).await.unwrap();
        board.fail(claimed.run, Outcome::Exit).await;
    }
    assert_eq!(board.status(&task).await, Status::Blocked);
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"failures":5,"error":"exited with code 3","outcome":"exit"}"#
    );
    board.unblock(&task).await;
    assert_eq!(board.task(&task).await.failures, 0);
}

#[tokio::test]
async fn an_interruption_is_no_failure() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    let interrupt = InterruptRun {
        run: claimed.run,
        error: None,
    };
    board
        .give(&Actor::dispatcher(), interrupt.clone())
        .await
        .unwrap();
    let again = board.task(&task).await;
    assert_eq!(
        (again.status, again.failures, again.not_before),
        (Status::Ready, 0, None)
    );
    assert_eq!(
        refusal(board.give(&Actor::dispatcher(), interrupt).await),
        Refusal::RunNotOpen(claimed.run)
    );
}

#[tokio::test]
async fn runs_without_a_worker_are_interrupted_as_often_as_the_server_dies() {
    let board = Board::new();
    let task = board.task_named("task").await;
    for _ in 0..3 {
        interrupt(&board, &task, false).await;
        assert_eq!(board.task(&task).await.not_before, None);
    }
    interrupt(&board, &task, true).await;
    assert_eq!(board.task(&task).await.not_before, None);
    interrupt(&board, &task, true).await;
    let resting = board.task(&task).await;
    assert!(resting.not_before.is_some(), "{resting:?}");
}

/// Claims a task and interrupts the run, with or without a worker that has started in it.
async fn interrupt(board: &Board, task: &TaskId, with_a_worker: bool) {
    let run = board.claim(task).await.unwrap().run;
    if with_a_worker {
        let spawn = RecordSpawn {
            run,
            worker_pid: 7,
            workspace: "/tmp/w".to_owned(),
            log_start: None,
        };
        board.give(&Actor::dispatcher(), spawn).await.unwrap();
    }
    let interrupt = InterruptRun { run, error: None };
    board.give(&Actor::dispatcher(), interrupt).await.unwrap();
}

#[tokio::test]
async fn deferrals_rest_longer_each_time_and_end_after_twenty_or_six_hours() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let mut rests = Vec::new();
    while board.status(&task).await == Status::Ready {
        defer(&board, &task).await;
        let resting = board.task(&task).await;
        assert_eq!(resting.failures, 0);
        rests.extend(resting.not_before.map(|until| until.seconds_since(START)));
    }
    assert!((270..=300).contains(&rests[0]), "{rests:?}");
    assert!((540..=600).contains(&rests[1]), "{rests:?}");
    assert!((18..=20).contains(&rests.len()), "{rests:?}");
    assert!(
        rests.iter().sum::<i64>() <= backoff::DEFERRED_FOR.0,
        "{rests:?}"
    );
    let blocked = board.task(&task).await;
    assert_eq!(blocked.status, Status::Blocked);
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::GaveUp {
            failures: 0,
            error: "too many requests".to_owned()
        })
    );
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"failures":0,"error":"too many requests","outcome":"deferred"}"#
    );

    board.unblock(&task).await;
    defer(&board, &task).await;
    assert_eq!(board.status(&task).await, Status::Ready);
}

#[tokio::test]
async fn numbers_at_the_edge_neither_overflow_nor_stop_the_board() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.sql(
        "UPDATE tasks SET deferred_for = 9223372036854775807, created_at = -9223372036854775808",
    );
    let stats = board.kernel.stats().await.unwrap();
    assert_eq!(stats.oldest_ready_age_seconds, Some(i64::MAX));
    defer(&board, &task).await;
    assert_eq!(board.status(&task).await, Status::Blocked);
}

#[tokio::test]
async fn a_failure_begins_the_row_of_deferrals_anew() {
    let board = Board::new();
    let task = board.task_named("task").await;
    defer(&board, &task).await;
    end_without_a_word(&board, &task).await;
    defer(&board, &task).await;
    let rest = board.task(&task).await.not_before.unwrap();
    assert!((270..=300).contains(&rest.seconds_since(START)), "{rest:?}");
}

#[tokio::test]
async fn only_the_rests_count_for_the_six_hours_and_a_person_begins_the_row_anew() {
    let board = Board::new();
    let task = board.task_named("task").await;
    defer(&board, &task).await;
    // The dispatcher was off for a night.
    board.pass(Seconds(backoff::DEFERRED_FOR.0 + 1));
    defer(&board, &task).await;
    assert_eq!(board.status(&task).await, Status::Ready);
    for to in [Status::Triage, Status::Ready] {
        board.move_to(&task, to).await.unwrap();
    }
    defer(&board, &task).await;
    let rest = board.task(&task).await.not_before.unwrap();
    assert!(rest.seconds_since(board.kernel.now()) <= 300);
}

#[tokio::test]
async fn the_third_end_without_a_word_in_a_row_blocks_the_task_and_keeps_what_was_said() {
    let board = Board::new();
    let task = board.task_named("task").await;
    end_without_a_word(&board, &task).await;
    let failed = board.claim(&task).await.unwrap().run;
    board.fail(failed, Outcome::Exit).await;
    end_without_a_word(&board, &task).await;
    end_without_a_word(&board, &task).await;
    // One of the last three had failed in another way.
    assert_eq!(board.status(&task).await, Status::Ready);
    board.block(&task, "which port?").await;
    board.unblock(&task).await;
    for _ in 0..2 {
        end_without_a_word(&board, &task).await;
        assert_eq!(board.status(&task).await, Status::Ready);
    }
    end_without_a_word(&board, &task).await;
    let detail = board.kernel.task(&task).await.unwrap();
    assert_eq!(detail.task.status, Status::Blocked);
    let last = detail.runs.last().unwrap();
    assert_eq!(last.summary.as_deref(), Some("it is blue"));
}

#[tokio::test]
async fn a_snoozed_task_stays_in_its_column_and_starts_when_its_time_has_come() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let snooze = |span: Option<i64>| SnoozeTask {
        task: task.clone(),
        until: None,
        span: span.map(Seconds),
    };
    let done = board.act(snooze(Some(7_200))).await.unwrap();
    let policy = ClaimPolicy {
        respects_rest: true,
        ..ClaimPolicy::default()
    };
    let refused = refusal(board.claim_with(&task, policy.clone()).await);
    assert!(matches!(refused, Refusal::Resting { .. }), "{refused:?}");
    assert_eq!(board.status(&task).await, Status::Ready);
    let since = board.task(&task).await.status_since;
    board.pass(Seconds(30));
    let event = *done.events.last().unwrap();
    board.act(Undo { event }).await.unwrap();
    let undone = board.task(&task).await;
    assert_eq!((undone.not_before, undone.status_since), (None, since));

    board.act(snooze(Some(60))).await.unwrap();
    board.act(snooze(None)).await.unwrap();
    assert_eq!(board.task(&task).await.not_before, None);
    board.act(snooze(Some(60))).await.unwrap();
    board.pass(Seconds(60));
    board.claim_with(&task, policy).await.unwrap();
    let running = refusal(board.act(snooze(Some(60))).await);
    assert!(
        matches!(running, Refusal::WrongStatus { .. }),
        "{running:?}"
    );
}
