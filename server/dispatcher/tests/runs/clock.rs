//! A wall clock that is set while the dispatcher works, and while none does.

use domain::actor::Actor;
use domain::command::{ClaimPolicy, ClaimTask, LEASE};
use domain::dispatch::WhyNot;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use kernel::Clock;

use crate::harness::{Board, in_time, outcomes};

const HOURS: Seconds = Seconds(3 * 3_600);

fn board() -> (Clock, Board) {
    let clock = Clock::standing_at(Timestamp(1_800_000_000));
    let board = Board::with_clock(clock.clone());
    (clock, board)
}

/// A task that a person has claimed.
async fn claimed_by_hand(board: &Board) -> TaskId {
    let task = board.create_task(board.task("ada", "")).await;
    let claim = ClaimTask {
        task: task.clone(),
        lock: "elsewhere:1".to_owned(),
        ttl: LEASE,
        lane: None,
        policy: ClaimPolicy::default(),
    };
    let ada = Actor::full("ada");
    board.kernel.execute(&ada, claim).await.unwrap();
    task
}

async fn outcomes_of(board: &Board, task: &TaskId) -> Vec<Option<Outcome>> {
    outcomes(&board.detail(task).await)
}

#[tokio::test]
async fn a_rest_does_not_grow_when_the_clock_is_set_back() {
    let (clock, board) = board();
    let dispatcher = board.start().await;
    let task = board
        .create("[ -f again ] && exit 0; touch again; exit 3")
        .await;
    let failed = board.until_event(&task, "attempt_failed").await;
    board.until_all_is_settled().await;
    let rest = failed
        .task
        .not_before
        .unwrap()
        .seconds_since(board.kernel.now());
    clock.set_forward(Seconds(-HOURS.0));
    in_time(dispatcher.handle().tick(None)).await.unwrap();
    let resting = board.detail(&task).await.task.not_before.unwrap();
    assert_eq!(resting.seconds_since(board.kernel.now()), rest);
    clock.advance(Seconds(rest + 1));
    dispatcher.handle().nudge();
    board.until_status(&task, Status::Done).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_claim_by_hand_lasts_as_long_as_it_was_to_when_the_clock_is_set_forward() {
    let (clock, board) = board();
    let dispatcher = board.start().await;
    let task = claimed_by_hand(&board).await;
    clock.set_forward(HOURS);
    let report = in_time(dispatcher.handle().tick(None)).await.unwrap();
    assert_eq!(report.reclaimed, 0);
    assert_eq!(outcomes_of(&board, &task).await, [None]);
    // By the new time too, a dispatcher runs.
    let waiting = board.create_task(board.task("nobody", "")).await;
    let why = board.kernel.why(&waiting).await.unwrap().unwrap();
    assert!(matches!(why, WhyNot::NoLane { .. }), "{why}");
    clock.advance(Seconds(LEASE.0 + 1));
    // It may have looked by itself just before.
    in_time(dispatcher.handle().tick(None)).await.unwrap();
    assert_eq!(outcomes_of(&board, &task).await, [Some(Outcome::Reclaimed)]);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_set_is_noticed_without_a_look_at_the_board() {
    let (clock, board) = board();
    let dispatcher = board.start().await;
    let said = board
        .until_report(|report| report.last_tick.is_some())
        .await;
    clock.set_forward(HOURS);
    let after = said.last_tick.map(|tick| tick + HOURS);
    board.until_report(|report| report.last_tick >= after).await;
    assert!(board.kernel.dispatch().await.unwrap().living().is_some());
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_claim_outlasts_a_time_without_a_dispatcher_and_a_rest_a_clock_that_was_ahead() {
    let (clock, board) = board();
    let first = board.start().await;
    let task = claimed_by_hand(&board).await;
    let failed = board
        .create("[ -f again ] && exit 0; touch again; exit 3")
        .await;
    board.until_event(&failed, "attempt_failed").await;
    board.until_all_is_settled().await;
    first.stop().await;
    clock.advance(HOURS);
    board.sql("UPDATE tasks SET not_before = 1900000000 WHERE status = 'ready'");
    let second = board.start().await;
    let report = in_time(second.handle().tick(None)).await.unwrap();
    assert_eq!(report.reclaimed, 0);
    let resting = board.detail(&failed).await.task.not_before.unwrap();
    let rest = Seconds(resting.seconds_since(board.kernel.now()));
    assert_eq!(rest, domain::backoff::LONGEST);
    clock.advance(Seconds(LEASE.0 + 1));
    // It may have looked by itself just before.
    in_time(second.handle().tick(None)).await.unwrap();
    assert_eq!(outcomes_of(&board, &task).await, [Some(Outcome::Reclaimed)]);
    second.stop().await;
}
