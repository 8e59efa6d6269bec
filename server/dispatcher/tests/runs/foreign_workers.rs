//! Workers that another program has started, as one left them whose board was taken over.

use std::process::{Child, Command, Stdio};

use domain::id::TaskId;
use domain::status::Status;

use crate::harness::{Board, has_event, in_time};

fn worker() -> Child {
    let mut worker = Command::new("cat");
    worker.stdin(Stdio::piped()).spawn().unwrap()
}

/// A task that a process on this host has claimed, and whose worker has this number.
async fn claimed_by_another(board: &Board, on: &str, worker: u32) -> TaskId {
    let task = board.create_for("nobody").await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'running', claim_lock = '{on}:1', claim_expires = 9e12, \
             worker_pid = {worker} \
         WHERE id = '{task}'"
    ));
    task
}

#[tokio::test]
async fn only_a_claim_whose_worker_is_gone_from_this_machine_is_ended_at_once() {
    let board = Board::new();
    let this = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let (mut gone, mut alive) = (worker(), worker());
    gone.kill().unwrap();
    gone.wait().unwrap();
    let crashed = claimed_by_another(&board, this.trim(), gone.id()).await;
    let works = claimed_by_another(&board, this.trim(), alive.id()).await;
    let elsewhere = claimed_by_another(&board, "another-host", gone.id()).await;

    let (kernel, home, config) = (board.kernel.clone(), board.home.clone(), board.config());
    let dry = dispatcher::dry_run(&kernel, &home, &config, None);
    let dry = in_time(dry).await.unwrap();
    assert_eq!(dry.crashed, std::slice::from_ref(&crashed));
    assert_eq!(board.detail(&crashed).await.task.status, Status::Running);

    let look = dispatcher::dispatch_once(kernel, home, config, None);
    assert_eq!(Box::pin(in_time(look)).await.unwrap(), dry);
    let freed = board.detail(&crashed).await;
    assert_eq!(
        (freed.task.status.clone(), freed.task.failures),
        (Status::Ready, 0)
    );
    assert!(has_event(&freed, "crashed"));
    for task in [works, elsewhere] {
        assert_eq!(board.detail(&task).await.task.status, Status::Running);
    }
    alive.kill().unwrap();
    alive.wait().unwrap();
}
