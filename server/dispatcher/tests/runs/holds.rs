//! Lanes that wait, with real programs.

use domain::actor::Actor;
use domain::command::{HoldLane, ReleaseLane};
use domain::dispatch::WhyNot;
use domain::hold::Cause;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Seconds;
use kernel::Clock;

use crate::harness::{Board, in_time, write_program};

/// A lane whose program is this script.
fn lane(board: &Board, name: &str, script: &str, more: &str) {
    let program = board.folder.path().join(name);
    write_program(&program, &format!("#!/bin/sh\n{script}\n"));
    board.configure(&format!(
        "[lanes.{name}]\ncommand = [\"{}\"]\nsuccess = \"exit\"\n{more}",
        program.display()
    ));
}

async fn tasks(board: &Board, lane: &str, count: usize) -> Vec<TaskId> {
    let mut tasks = Vec::new();
    for _ in 0..count {
        tasks.push(board.create_for(lane).await);
    }
    tasks
}

async fn release(board: &Board, lane: &str) {
    let lane = lane.to_owned();
    let person = Actor::full("ada");
    let release = ReleaseLane { lane };
    board.kernel.execute(&person, release).await.unwrap();
}

/// Waits until all are done, and checks that none has lost an attempt. Returns the number of runs that
/// came to nothing.
async fn all_done(board: &Board, tasks: &[TaskId]) -> usize {
    let mut wasted = 0;
    for task in tasks {
        board.until_status(task, Status::Done).await;
        let detail = board.detail(task).await;
        assert_eq!(detail.task.failures, 0);
        let runs = detail.runs.iter();
        wasted += runs
            .filter(|run| run.outcome != Some(Outcome::Completed))
            .count();
    }
    wasted
}

#[tokio::test]
async fn a_worker_that_says_when_its_limit_ends_holds_its_pool_until_then() {
    let board = Board::new();
    let up = board.folder.path().join("up");
    let script = format!(
        "test -e {} || {{ echo limit reached; echo try again in 2h; exit 1; }}",
        up.display()
    );
    let ends = "ends = [{ says = '^limit', means = 'quota' }]\n[pools.account]\nlanes = ['agent']";
    lane(&board, "agent", &script, ends);
    let dispatcher = board.start_with(board.config_with_cap(2)).await.unwrap();
    let tasks = tasks(&board, "agent", 10).await;
    let hold = board.until_held("account").await;
    assert_eq!(
        (hold.cause, hold.reason.as_deref()),
        (Cause::Quota, Some("exited with code 1: limit reached"))
    );
    let left = hold.until.unwrap().seconds_since(board.kernel.now());
    assert!((7_100..=7_200).contains(&left), "{left}");
    board.until_all_is_settled().await;
    let why = board.kernel.why(&tasks[9]).await.unwrap().unwrap();
    assert!(
        matches!(&why, WhyNot::Held { name, waiting: 10, .. } if name == "account"),
        "{why:?}"
    );
    std::fs::write(&up, "").unwrap();
    release(&board, "account").await;
    let wasted = all_done(&board, &tasks[..1]).await;
    assert!(wasted <= 2, "{wasted}");
    dispatcher.stop().await;
}

#[tokio::test]
async fn an_outage_of_a_minute_costs_no_task_an_attempt_and_three_early_failures() {
    // Supervisors tell the ends of their runs by the clock of the machine.
    let clock = Clock::standing_at(Clock::default().now());
    let board = Board::with_clock(clock.clone());
    let up = board.folder.path().join("up");
    let script = format!(
        "test -e {} || {{ echo cannot connect; exit 1; }}",
        up.display()
    );
    lane(&board, "agent", &script, "");
    let dispatcher = board.start_with(board.config_with_cap(3)).await.unwrap();
    let tasks = tasks(&board, "agent", 20).await;
    let hold = board.until_held("agent").await;
    assert_eq!(hold.cause, Cause::Failing);
    board.until_all_is_settled().await;
    std::fs::write(&up, "").unwrap();
    clock.advance(Seconds(60));
    dispatcher.handle().nudge();
    let wasted = all_done(&board, &tasks).await;
    // Two that failed and the one that opened the breaker, and what had been started in the place of
    // the two by then, which counts as put off.
    assert!((3..=5).contains(&wasted), "{wasted}");
    let mut failed = 0;
    for task in &tasks {
        let events = board.detail(task).await.events;
        let of_kind = events.iter().filter(|event| event.kind == "attempt_failed");
        failed += of_kind.count();
    }
    assert_eq!(failed, 2);
    assert_eq!(board.kernel.dispatch().await.unwrap().holds, []);
    dispatcher.stop().await;
}

#[tokio::test]
async fn two_programs_that_fail_alike_and_not_early_hold_nothing() {
    let board = Board::new();
    let late = "retry = { first = '1m' }\nbreaker = { early = '1s' }";
    for name in ["one", "two"] {
        lane(&board, name, "sleep 2.5; echo the tests fail; exit 1", late);
    }
    let dispatcher = board.start_with(board.config_with_cap(6)).await.unwrap();
    let mut all = tasks(&board, "one", 4).await;
    all.extend(tasks(&board, "two", 4).await);
    for task in &all {
        board.until_event(task, "attempt_failed").await;
    }
    assert_eq!(board.kernel.dispatch().await.unwrap().holds, []);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_lane_that_is_held_by_hand_starts_nothing_and_its_runs_go_on() {
    let board = Board::new();
    let go = board.folder.path().join("go");
    let script = format!("until test -e {}; do sleep 0.05; done", go.display());
    lane(&board, "agent", &script, "");
    let dispatcher = board.start_with(board.config_with_cap(4)).await.unwrap();
    let running = board.create_for("agent").await;
    board.until_event(&running, "spawned").await;
    let hold = HoldLane {
        lane: "agent".to_owned(),
        until: None,
        span: Some(Seconds(3_600)),
        reason: None,
    };
    board
        .kernel
        .execute(&Actor::full("ada"), hold)
        .await
        .unwrap();
    let waiting = board.create_for("agent").await;
    let report = in_time(dispatcher.handle().tick(None)).await.unwrap();
    assert!(report.spawned.is_empty());
    std::fs::write(&go, "").unwrap();
    board.until_status(&running, Status::Done).await;
    release(&board, "agent").await;
    dispatcher.handle().nudge();
    board.until_status(&waiting, Status::Done).await;
    dispatcher.stop().await;
}
