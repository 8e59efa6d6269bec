//! Stop means stop.

use domain::run::Outcome;
use domain::status::Status;

use crate::harness::{ALONE, AT_WORK, Board, in_time, is_there, open, outcomes, poll, wait_at};

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
    board.until_gone(run).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_task_that_was_taken_away_and_given_back_never_has_two_workers() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let (task, _) = board.at_work(ALONE).await;
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
    let dispatcher = board.start().await;
    let (task, run) = board.at_work(AT_WORK).await;
    dispatcher.stop().await;
    board.move_to(&task, Status::Triage).await;
    board.until_gone(run).await;
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
    let dispatcher = board.start().await;
    let (task, run) = board.at_work(AT_WORK).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'todo', claim_lock = NULL, claim_expires = NULL \
         WHERE id = '{task}'; \
         INSERT INTO task_events (task_id, kind, created_at) VALUES ('{task}', 'moved', 1)"
    ));
    board.until_gone(run).await;
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
