//! Processes of a run whose supervisor was killed.

use crate::harness::{Board, gone, is_there, kill, poll, wait_at};

/// Kills the supervisor of a worker, which has told the gate the id of a process, once its folder says
/// what is waited for. That process is gone before the task may be started again.
async fn ends_with_its_supervisor(script: &str, is_ready: impl Fn(&Board, &str) -> bool) {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let task = board.create(script).await;
    let run = board.until_spawned(&task).await;
    let left = wait_at(gate).await;
    let left = left.trim();
    poll(|| is_ready(&board, left)).await;
    kill("KILL", run.supervisor.unwrap().pid);
    board.until_event(&task, "crashed").await;
    let is_there = is_there(left.parse().unwrap());
    if is_there {
        kill("KILL", left.parse().unwrap());
    }
    assert!(!is_there, "{script}");
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_with_another_environment_ends_with_a_supervisor_that_is_killed() {
    let script = "exec env -i sh -c 'echo $$ > gate; exec sleep 1000'";
    ends_with_its_supervisor(script, |_, _| true).await;
}

#[tokio::test]
async fn what_a_worker_waits_for_in_another_session_ends_with_a_supervisor_that_is_killed() {
    let script = "env -i setsid --wait sh -c 'echo $$ > gate; exec sleep 1000'; true";
    ends_with_its_supervisor(script, |_, _| true).await;
}

#[tokio::test]
async fn a_daemon_of_a_worker_ends_with_a_supervisor_that_is_killed() {
    let script = "env -i setsid --fork sh -c 'echo $$ > gate; exec sleep 1000'; exec sleep 1000";
    ends_with_its_supervisor(script, |board, daemon| {
        let runs = std::fs::read_dir(board.home.runs()).unwrap();
        let noted = |run: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(run.unwrap().path().join("sessions.json")).ok()
        };
        runs.filter_map(noted).any(|noted| noted.contains(daemon))
    })
    .await;
}

#[tokio::test]
async fn what_is_left_of_a_closed_run_is_named_as_long_as_it_is_there() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let script = "exec env -i sh -c 'echo $$ > gate; exec sleep 1000'";
    let (_, run) = board.at_work(script).await;
    dispatcher.stop().await;
    let worker = board.worker_of(run.run).await;
    let supervisor = run.supervisor.unwrap().pid;
    kill("KILL", supervisor);
    gone(supervisor).await;
    let orphan_processes = dispatcher::orphan_processes(&board.home, &[].into()).unwrap();
    kill("KILL", worker);
    let pids: Vec<i64> = orphan_processes
        .iter()
        .map(|orphan| orphan.pid.into())
        .collect();
    assert_eq!(pids, [worker]);
}
