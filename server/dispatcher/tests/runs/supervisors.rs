//! Supervisors that do not do their work: the dispatcher is the second line behind them.

use std::time::Duration;

use dispatcher::{Config, Dispatcher};
use domain::command::LEASE;
use domain::dispatch::WhyNot;
use domain::id::TaskId;
use domain::run::{OpenRun, Outcome};
use domain::status::Status;
use domain::task::TaskDetail;
use domain::time::{Seconds, Timestamp};
use kernel::Clock;

use crate::harness::{
    Board, Forbidden, count_of, gone, kill, last_end, open, outcomes, wait_at, write_program,
};

async fn start(board: &Board) -> Dispatcher {
    let config = Config {
        patience: Duration::from_secs(1),
        ..board.config_with_cap(4)
    };
    board.start_with(config).await.unwrap()
}

/// Starts a task in the lane `agent`, of which this is said, whose worker waits to be ended.
async fn at_work(board: &Board, more: &str) -> (TaskId, OpenRun) {
    board.lane("agent", "echo at work > gate; exec sleep 1000", more);
    let gate = board.gate();
    let task = board.create_for("agent").await;
    let run = board.until_spawned(&task).await;
    wait_at(gate).await;
    (task, run)
}

/// The task of a run whose supervisor is stopped, once all of it is gone.
async fn came_of_stopped(more: &str) -> TaskDetail {
    let board = Board::new();
    board.configure("[dispatcher]\nfailure_limit = 1");
    let dispatcher = start(&board).await;
    let (task, run) = at_work(&board, more).await;
    let supervisor = run.supervisor.as_ref().unwrap().pid;
    kill("STOP", supervisor);
    let ended = board.until_event(&task, "gave_up").await;
    board.until_gone(run).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
    ended
}

#[tokio::test]
async fn the_time_limit_of_a_worker_holds_though_its_supervisor_is_stopped() {
    let ended = came_of_stopped("max_run_time = \"1s\"").await;
    let error = Some("did not end within 1s");
    assert_eq!(last_end(&ended), (Some(Outcome::TimedOut), None, error));
}

#[tokio::test]
async fn a_silent_worker_is_ended_though_its_supervisor_is_stopped() {
    let ended = came_of_stopped("heartbeat_timeout = \"1s\"").await;
    let error = Some("neither output nor heartbeat for 1s");
    assert_eq!(
        last_end(&ended),
        (Some(Outcome::HeartbeatLost), None, error)
    );
}

#[tokio::test]
async fn a_stopped_supervisor_whose_lease_is_over_is_ended_with_its_worker_and_counts_for_nothing()
{
    let clock = Clock::standing_at(Timestamp(1_800_000_000));
    let board = Board::with_clock(clock.clone());
    let dispatcher = start(&board).await;
    let (task, run) = at_work(&board, "").await;
    let supervisor = run.supervisor.as_ref().unwrap().pid;
    kill("STOP", supervisor);
    clock.advance(Seconds(LEASE.0 + 1));
    let again = board
        .until(&task, |detail| count_of(detail, "claimed") == 2)
        .await;
    assert_eq!(again.runs[0].outcome, Some(Outcome::Interrupted));
    assert_eq!(again.task.failures, 0);
    board.until_gone(run).await;
    board.move_to(&task, Status::Triage).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_stopped_supervisor_of_a_cancelled_run_is_gone_after_a_while() {
    let board = Board::new();
    let dispatcher = start(&board).await;
    let (task, run) = at_work(&board, "").await;
    kill("STOP", run.supervisor.as_ref().unwrap().pid);
    board.move_to(&task, Status::Triage).await;
    board.until_gone(run).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_run_ends_whatever_its_worker_put_in_the_place_of_our_files() {
    let board = Board::new();
    let dispatcher = start(&board).await;
    let odd = "rm -f exit.part && mkfifo exit.part exit.json";
    let log = "log=$KANBAN_HOME/kanban/logs/$KANBAN_TASK.log && rm $log && mkfifo $log";
    let script = format!("cd $(dirname $(dirname $(command -v kanban))) && {odd} && {log}");
    let task = board.create(&script).await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(outcomes(&done), [Some(Outcome::Completed)]);
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_removes_the_folder_of_its_run_is_not_started_without_end() {
    let board = Board::new();
    let dispatcher = start(&board).await;
    let script = "rm -r $(dirname $(dirname $(command -v kanban)))";
    let task = board.create(script).await;
    let rests = board.until_event(&task, "deferred").await;
    assert_eq!(
        outcomes(&rests),
        [Some(Outcome::Interrupted), Some(Outcome::Deferred)]
    );
    assert_eq!(rests.task.status, Status::Ready);
    assert!(rests.task.not_before.is_some());
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_supervisor_that_is_stopped_before_it_registers_has_failed_to_start_its_worker() {
    let mut board = Board::new();
    let program = board.folder.path().join("stops");
    write_program(
        &program,
        "#!/bin/sh\n[ \"$1\" = shim ] && echo $$ > \"$2.pid\" && kill -STOP $$\n",
    );
    board.program = program;
    let dispatcher = start(&board).await;
    let task = board.create("true").await;
    let failed = board.until_event(&task, "spawn_failed").await;
    assert_eq!(outcomes(&failed), [Some(Outcome::SpawnFailed)]);
    let error = "its supervisor did not register within 2 seconds";
    assert_eq!(failed.task.last_error.as_deref(), Some(error));
    board.move_to(&task, Status::Triage).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_supervisor_that_does_its_work_is_let_be_however_late_it_is() {
    let board = Board::new();
    let dispatcher = start(&board).await;
    // It takes ten seconds to end such a worker; the second line would not wait for half of that.
    let script = "trap '' TERM; echo at work > gate; while :; do sleep 0.2; done";
    board.lane("agent", script, "max_run_time = \"1s\"");
    board.configure("[dispatcher]\nfailure_limit = 1");
    board.gate();
    let task = board.create_for("agent").await;
    let run = board.until_spawned(&task).await;
    wait_at(board.work().join("gate")).await;
    let ended = board.until_event(&task, "gave_up").await;
    let error = Some("did not end within 1s");
    assert_eq!(last_end(&ended), (Some(Outcome::TimedOut), None, error));
    let ran_for = ended.runs[0]
        .ended_at
        .unwrap()
        .seconds_since(ended.runs[0].started_at);
    assert!(ran_for >= 10, "{ran_for}");
    gone(run.supervisor.unwrap().pid).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn an_end_that_cannot_be_written_is_told_of_and_its_run_is_settled_when_nobody_keeps_it() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = start(&board).await;
    let task = board.create("read word < gate; echo done").await;
    let run = board.until_spawned(&task).await;
    let forbidden = Forbidden::folder(board.home.run_dir(run.run));
    open(gate, "on\n").await;
    let report = board
        .until_report(|report| !report.unrecoverable_runs.is_empty())
        .await;
    let says = format!(
        "run {} of {task} cannot be recovered: its worker has ended",
        run.run
    );
    assert!(report.problem.unwrap().starts_with(&says));
    let why = board.kernel.why(&task).await.unwrap();
    assert!(matches!(why, Some(WhyNot::Stuck { .. })), "{why:?}");
    assert_eq!(outcomes(&board.detail(&task).await), [None]);

    kill("KILL", run.supervisor.unwrap().pid);
    let settled = board.until_event(&task, "crashed").await;
    assert_eq!(outcomes(&settled), [Some(Outcome::Crashed)]);
    board.move_to(&task, Status::Triage).await;
    drop(forbidden);
    dispatcher.handle().nudge();
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}
