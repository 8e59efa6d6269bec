//! Stop means stop.

use domain::actor::Actor;
use domain::command::{Command, LEASE};
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;

use crate::harness::{ALONE, Board, gone, in_time, is_there, kill, open, outcomes, poll, wait_at};

#[tokio::test]
async fn what_a_worker_leaves_behind_in_another_session_is_ended_with_it() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    // The pipe of the output stays open in the process that is left behind.
    let script = "(setsid sh -c 'echo $$ > gate; exec sleep 1000' &); read pid < gate; echo $pid";
    let task = board.create(script).await;
    let done = board.until_status(&task, Status::Done).await;
    let left_behind: i64 = done.task.result.unwrap().parse().unwrap();
    assert!(!is_there(left_behind));
    drop(gate);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_task_that_is_taken_away_from_its_worker_ends_it() {
    let board = Board::new();
    board.gate();
    let dispatcher = board.start().await;
    let task = board.create("read line < gate").await;
    let run = board.until_spawned(&task).await;
    board.move_to(&task, Status::Triage).await;
    gone(board.worker_of(run.run).await).await;
    gone(run.supervisor.unwrap().pid).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_task_that_was_taken_away_and_given_back_never_has_two_workers() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let task = board.create(ALONE).await;
    wait_at(gate).await;
    board.move_to(&task, Status::Ready).await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Cancelled), Some(Outcome::Completed)]
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_lost_its_task_is_ended_though_no_dispatcher_is_there() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let task = board.create("echo at work > gate; exec sleep 1000").await;
    let run = board.until_spawned(&task).await;
    wait_at(gate).await;
    dispatcher.stop().await;
    board.move_to(&task, Status::Triage).await;
    gone(board.worker_of(run.run).await).await;
    gone(run.supervisor.unwrap().pid).await;
}

#[tokio::test]
async fn a_drained_dispatcher_starts_nothing_more_and_waits_for_what_runs() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let task = board.create("read line < gate; echo $line").await;
    board.until_spawned(&task).await;
    let handle = dispatcher.handle();
    let draining = tokio::spawn(dispatcher.drain());
    poll(|| !handle.status().is_running).await;
    let next = board.create("true").await;
    assert!(!draining.is_finished());
    open(gate, "the last one\n").await;
    in_time(draining).await.unwrap();
    let done = board.detail(&task).await.task;
    assert_eq!(done.result.as_deref(), Some("the last one"));
    assert_eq!(board.detail(&next).await.task.status, Status::Ready);
}

#[tokio::test]
async fn a_task_that_another_program_takes_out_of_running_ends_its_worker() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let task = board.create("echo at work > gate; exec sleep 1000").await;
    let run = board.until_spawned(&task).await;
    wait_at(gate).await;
    let worker = board.worker_of(run.run).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'todo', claim_lock = NULL, claim_expires = NULL \
         WHERE id = '{task}'; \
         INSERT INTO task_events (task_id, kind, created_at) VALUES ('{task}', 'moved', 1)"
    ));
    gone(worker).await;
    gone(run.supervisor.unwrap().pid).await;
    board.until_all_is_settled().await;
    let taken = board.detail(&task).await;
    assert_eq!(taken.task.status, Status::Todo);
    assert_eq!(outcomes(&taken), [Some(Outcome::Reclaimed)]);
    let status = dispatcher.handle().status();
    assert_eq!((status.problem, status.bad_ticks), (None, 0));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_tells_another_program_of_its_end_may_finish_what_it_is_doing() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let script = "echo reported > gate; read line < gate; echo $line > last-words";
    let task = board.create(script).await;
    wait_at(gate.clone()).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'done', claim_lock = NULL, claim_expires = NULL \
         WHERE id = '{task}'"
    ));
    in_time(dispatcher.handle().tick(None)).await.unwrap();
    let done = board.detail(&task).await;
    assert_eq!(outcomes(&done), [Some(Outcome::Completed)]);
    open(gate, "so long\n").await;
    board.until_all_is_settled().await;
    let last_words = std::fs::read_to_string(board.work().join("last-words"));
    assert_eq!(last_words.unwrap(), "so long\n");
    dispatcher.stop().await;
}

/// A worker that says so when it is to leave, and does once it may.
const SLOW_TO_LEAVE: &str = "trap 'echo leaving > gate; read line < gate; exit 0' TERM\n\
    echo at work > gate; sleep 1000 & wait";

async fn claim_by_hand(board: &Board, task: &TaskId) -> Result<(), Refusal> {
    let claim = Command::ClaimTask {
        task: task.clone(),
        lock: "here:1".to_owned(),
        ttl: LEASE,
        lane: None,
        policy: dispatcher::by_hand(&board.kernel, &board.home)
            .await
            .unwrap(),
    };
    match board.kernel.execute(&Actor::full("user"), claim).await {
        Ok(_) => Ok(()),
        Err(kernel::Error::Refused(refusal)) => Err(refusal),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn nobody_takes_a_task_by_hand_before_its_last_worker_has_left() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let task = board.create(SLOW_TO_LEAVE).await;
    let run = board.until_spawned(&task).await;
    wait_at(gate.clone()).await;
    // Only the files say what is left of the run.
    dispatcher.stop().await;
    board.move_to(&task, Status::Ready).await;
    wait_at(gate.clone()).await;
    let leaving = Refusal::Leaving { task: task.clone() };
    assert_eq!(claim_by_hand(&board, &task).await, Err(leaving));
    open(gate, "so long\n").await;
    gone(run.supervisor.unwrap().pid).await;
    assert_eq!(claim_by_hand(&board, &task).await, Ok(()));
}

#[tokio::test]
async fn nobody_takes_a_task_by_hand_while_its_worker_outlives_its_supervisor() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let task = board.create("echo at work > gate; exec sleep 1000").await;
    let run = board.until_spawned(&task).await;
    wait_at(gate).await;
    dispatcher.stop().await;
    let supervisor = run.supervisor.unwrap().pid;
    kill("KILL", supervisor);
    gone(supervisor).await;
    board.move_to(&task, Status::Ready).await;
    let leaving = Refusal::Leaving { task: task.clone() };
    assert_eq!(claim_by_hand(&board, &task).await, Err(leaving));
    let worker = board.worker_of(run.run).await;
    kill("KILL", worker);
    gone(worker).await;
    assert_eq!(claim_by_hand(&board, &task).await, Ok(()));
}

#[tokio::test]
async fn what_is_leaving_takes_up_a_place_for_whoever_claims_by_hand() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start_with(board.config_with_cap(1)).await.unwrap();
    let task = board.create(SLOW_TO_LEAVE).await;
    wait_at(gate.clone()).await;
    board.move_to(&task, Status::Triage).await;
    wait_at(gate.clone()).await;
    let other = board.create_for("nobody").await;
    let (running, limit) = (1, 1);
    let full = Refusal::AtCapacity { running, limit };
    assert_eq!(claim_by_hand(&board, &other).await, Err(full));
    open(gate, "so long\n").await;
    board.until_all_is_settled().await;
    assert_eq!(claim_by_hand(&board, &other).await, Ok(()));
    dispatcher.stop().await;
}
