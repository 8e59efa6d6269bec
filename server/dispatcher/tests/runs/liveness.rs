//! Complaints about the original: workers that are doubled, lost, never end or leave zombies. Each
//! complaint has the test that nobody can make it here.

use domain::command::{ArchiveTask, BlockTask, CompleteTask};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use kernel::Clock;

use crate::harness::{
    Board, count_of, gone, in_time, is_there, kill, open, outcomes, poll, wait_at,
};

#[tokio::test]
async fn a_worker_that_outlives_its_lease_is_neither_doubled_nor_ended() {
    let clock = Clock::standing_at(Timestamp(1_800_000_000));
    let board = Board::with_clock(clock.clone());
    let gate = board.gate();
    let dispatcher = board.start().await;
    let task = board.create("read line < gate; echo $line").await;
    board.until_spawned(&task).await;
    clock.advance(Seconds(24 * 3_600));
    let report = in_time(dispatcher.handle().tick(None)).await.unwrap();
    assert_eq!((report.reclaimed, report.spawned.len()), (0, 0));
    open(gate, "still the first\n").await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("still the first"));
    assert_eq!(outcomes(&done), [Some(Outcome::Completed)]);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_goes_round_in_circles_is_ended_however_lively_it_is() {
    let board = Board::new();
    let script = "while true; do echo again; sleep 0.2; done";
    let limits = "max_run_time = \"2s\"\nheartbeat_timeout = \"1s\"";
    let failed = board.agent_ran(script, limits, "attempt_failed").await;
    assert_eq!(outcomes(&failed), [Some(Outcome::TimedOut)]);
}

#[tokio::test]
async fn whatever_a_worker_writes_is_a_sign_of_its_life() {
    let script = "for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.4; done";
    is_let_be(script).await;
}

#[tokio::test]
async fn a_silent_worker_that_shows_that_it_lives_is_let_be() {
    let script = "for i in 1 2 3 4 5 6 7 8; do sleep 0.5; kanban heartbeat $1 > /dev/null; done";
    is_let_be(script).await;
}

/// Asserts that a worker that runs this script is not taken for dead within four seconds.
async fn is_let_be(script: &str) {
    let board = Board::new();
    let limits = "heartbeat_timeout = \"2s\"\nsuccess = \"exit\"";
    let done = board.agent_ran(script, limits, "completed").await;
    assert_eq!(outcomes(&done), [Some(Outcome::Completed)]);
}

#[tokio::test]
async fn a_new_attempt_does_not_inherit_the_heartbeat_of_the_last() {
    let board = Board::new();
    let script = "[ -f again ] && exec sleep 1000; touch again; kanban heartbeat $1; exit 3";
    board.lane("agent", script, "success = \"exit\"");
    let dispatcher = board.start().await;
    let task = board.create_for("agent").await;
    let second = board
        .until(&task, |detail| count_of(detail, "spawned") == 2)
        .await;
    assert!(second.runs[0].heartbeat_at.is_some());
    assert_eq!(second.runs[1].heartbeat_at, None);
    board.move_to(&task, Status::Triage).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn no_process_of_a_run_becomes_a_zombie() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let task = board
        .create("(true &) ; (sleep 0.01 &); read line < gate")
        .await;
    let run = board.until_spawned(&task).await;
    open(gate, "leave\n").await;
    let done = board.until_status(&task, Status::Done).await;
    gone(done.runs[0].worker_pid.unwrap()).await;
    gone(run.supervisor.unwrap().pid).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn the_dispatcher_takes_nobody_elses_exit_codes() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let mut others = Vec::new();
    for _ in 0..5 {
        let mut command = std::process::Command::new("sh");
        others.push(command.args(["-c", "exit 7"]).spawn().unwrap());
        let task = board.create("true").await;
        board.until_status(&task, Status::Done).await;
    }
    for mut other in others {
        assert_eq!(other.wait().unwrap().code(), Some(7));
    }
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_whose_card_is_completed_or_archived_by_a_person_ends() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let completed = board.create("exec sleep 1000").await;
    let archived = board.create("exec sleep 1000").await;
    let blocked = board.create("exec sleep 1000").await;
    let mut workers = Vec::new();
    for task in [&completed, &archived, &blocked] {
        let run = board.until_spawned(task).await;
        workers.push(board.worker_of(run.run).await);
    }
    board
        .told(CompleteTask {
            task: completed,
            result: None,
            summary: None,
            metadata: None,
            outcome: None,
            unchecked: false,
        })
        .await;
    board.told(ArchiveTask { task: archived }).await;
    let reason = Some("wait".to_owned());
    board
        .told(BlockTask {
            task: blocked,
            reason,
        })
        .await;
    for worker in workers {
        gone(worker).await;
    }
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_lane_whose_program_is_missing_burns_no_attempts() {
    let board = Board::new();
    board.configure("[lanes.agent]\ncommand = [\"no-such-program\"]");
    let dispatcher = board.start().await;
    let task = board.create_for("agent").await;
    in_time(dispatcher.handle().tick(None)).await.unwrap();
    let waiting = board.detail(&task).await;
    assert_eq!(
        (waiting.task.status, waiting.runs.len()),
        (Status::Ready, 0)
    );
    let why = board.kernel.why(&task).await.unwrap().unwrap();
    let says = "lane agent cannot start anything: the program no-such-program was not found on the \
        PATH ";
    assert!(why.to_string().starts_with(says), "{why}");
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_supervisor_that_is_killed_with_its_worker_leaves_no_claim_behind() {
    let board = Board::new();
    let gate = board.gate();
    let first = board.start().await;
    let script = "[ -f again ] && exit 0; touch again; echo at work > gate; exec sleep 1000";
    let task = board.create(script).await;
    let run = board.until_spawned(&task).await;
    wait_at(gate).await;
    first.stop().await;
    let worker = board.worker_of(run.run).await;
    kill("KILL", run.supervisor.clone().unwrap().pid);
    kill("KILL", worker);
    poll(|| !is_there(worker)).await;
    gone(run.supervisor.unwrap().pid).await;
    let second = board.start().await;
    let done = board.until_status(&task, Status::Done).await;
    let ends = [Some(Outcome::Interrupted), Some(Outcome::Completed)];
    assert_eq!(outcomes(&done), ends);
    second.stop().await;
}
