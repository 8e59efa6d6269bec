//! Restarts: the processes that outlive the dispatcher, and those that do not.

use dispatcher::Error;
use domain::command::CreateTask;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::WorkspaceKind;
use domain::time::Seconds;
use kernel::Clock;

use crate::harness::{
    ALONE, Board, gone, has_event, is_there, kill, open, outcomes, wait_at, write_program,
};

#[tokio::test]
async fn a_board_has_one_dispatcher_at_a_time() {
    let board = Board::new();
    let first = board.start().await;
    assert!(matches!(
        board.start_with(board.config()).await,
        Err(Error::Held { .. })
    ));
    first.stop().await;
    board.start().await.stop().await;
}

#[tokio::test]
async fn a_worker_outlives_its_dispatcher_and_the_next_one_takes_it_over() {
    let board = Board::new();
    let gate = board.gate();
    let first = board.start().await;
    let task = board.create("read line < gate; echo $line").await;
    board.until_spawned(&task).await;
    first.stop().await;

    let second = board.start().await;
    board
        .until(&task, |detail| has_event(detail, "adopted"))
        .await;
    open(gate, "the same worker\n").await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("the same worker"));
    assert_eq!(done.runs.len(), 1);
    second.stop().await;
}

#[tokio::test]
async fn an_end_that_no_dispatcher_saw_is_read_by_the_next_one() {
    let board = Board::new();
    let gate = board.gate();
    let first = board.start().await;
    let task = board.create("read line < gate; echo $line").await;
    let run = board.until_spawned(&task).await;
    first.stop().await;
    open(gate, "in between\n").await;
    gone(run.supervisor.unwrap().pid).await;

    let second = board.start().await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("in between"));
    assert_eq!(done.runs.len(), 1);
    second.stop().await;
}

#[tokio::test]
async fn a_run_that_ends_while_no_dispatcher_is_there_ended_then_and_not_when_the_next_one_looks() {
    for (script, outcome) in [
        ("read line < gate; echo done", Outcome::Completed),
        ("read line < gate; exit 3", Outcome::Exit),
        ("read line < gate; exit 75", Outcome::Deferred),
    ] {
        let board = Board::new();
        let gate = board.gate();
        let first = board.start().await;
        let task = board.create(script).await;
        let run = board.until_spawned(&task).await;
        first.stop().await;
        open(gate, "in between\n").await;
        gone(run.supervisor.unwrap().pid).await;
        let ended_by = board.kernel.now();

        // The next one looks much later.
        let clock = Clock::standing_at(ended_by + Seconds(600));
        let later = Board::reopened(board, clock);
        let second = later.start().await;
        let ended = later
            .until(&task, |detail| detail.runs[0].ended_at.is_some())
            .await;
        assert_eq!(outcomes(&ended)[0], Some(outcome));
        let ended_at = ended.runs[0].ended_at.unwrap();
        assert!(ended_at <= ended_by, "{ended_at:?} > {ended_by:?}");
        if outcome == Outcome::Completed {
            assert_eq!(ended.task.completed_at, Some(ended_at));
        }
        later.move_to(&task, Status::Triage).await;
        later.until_all_is_settled().await;
        second.stop().await;
    }
}

#[tokio::test]
async fn a_worker_whose_supervisor_is_killed_is_ended_before_its_task_may_start_again() {
    let board = Board::new();
    board.gate();
    let dispatcher = board.start().await;
    let task = board.create("read line < gate").await;
    let run = board.until_spawned(&task).await;
    kill("KILL", run.supervisor.unwrap().pid);
    let crashed = board
        .until(&task, |detail| has_event(detail, "crashed"))
        .await;
    assert_eq!(crashed.runs[0].outcome, Some(Outcome::Crashed));
    assert!(!is_there(crashed.runs[0].worker_pid.unwrap()));
    dispatcher.stop().await;
}

#[tokio::test]
async fn what_git_started_for_a_worktree_ends_with_a_supervisor_that_is_killed() {
    let board = Board::new();
    let gate = board.gate();
    let repository = board.repository();
    let hook = format!(
        "#!/bin/sh\necho $$ > '{}'\nexec sleep 1000\n",
        gate.display()
    );
    write_program(&repository.join(".git/hooks/post-checkout"), &hook);
    board.configure(&format!("[board]\ntrusted_repositories = [{repository:?}]"));
    let dispatcher = board.start().await;
    let task = board
        .create_task(CreateTask {
            workspace_kind: WorkspaceKind::Worktree,
            workspace_path: Some(repository.display().to_string()),
            ..board.task("shell", "true")
        })
        .await;
    let hook: i64 = wait_at(gate).await.trim().parse().unwrap();
    let open = board.kernel.open_runs().await.unwrap();
    kill("KILL", open[0].supervisor.as_ref().unwrap().pid);
    board.until_event(&task, "crashed").await;
    assert!(!is_there(hook), "the hook is still there");
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_machine_that_goes_down_is_not_the_workers_failure() {
    let board = Board::new();
    // Whoever stops the service tells both. Here the worker hears of it first, and is gone when its
    // supervisor does.
    let script = "[ -f again ] && exit 0; touch again\n\
        shim=$PPID; setsid sh -c \"kill -TERM $$; sleep 0.1; kill -TERM $shim\" & wait";
    let dispatcher = board.start().await;
    let task = board.create(script).await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Interrupted), Some(Outcome::Completed)]
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_run_that_was_lost_with_its_supervisor_is_interrupted_and_its_worker_ended() {
    let board = Board::new();
    let first = board.start().await;
    let script = "[ -f again ] && exit 0; touch again; echo > gate; exec sleep 1000";
    let (task, run) = board.at_work(script).await;
    first.stop().await;
    kill("KILL", run.supervisor.clone().unwrap().pid);
    gone(run.supervisor.unwrap().pid).await;
    let worker = board.worker_of(run.run).await;
    assert!(is_there(worker));

    let second = board.start().await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Interrupted), Some(Outcome::Completed)]
    );
    assert!(has_event(&done, "interrupted"));
    assert_eq!(done.task.failures, 0);
    assert!(!is_there(worker));
    second.stop().await;
}

#[tokio::test]
async fn a_worker_whose_run_was_closed_while_no_dispatcher_was_there_is_ended_by_the_next_one() {
    let board = Board::new();
    let first = board.start().await;
    let (task, run) = board.at_work(ALONE).await;
    first.stop().await;
    board.move_to(&task, Status::Ready).await;
    let worker = board.worker_of(run.run).await;
    assert!(is_there(worker));

    let second = board.start().await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Cancelled), Some(Outcome::Completed)]
    );
    assert!(!is_there(worker));
    second.stop().await;
}
