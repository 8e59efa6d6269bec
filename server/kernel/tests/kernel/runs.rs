//! A run from its claim to the record of its end.

use domain::actor::Actor;
use domain::command::{
    AttachSupervisor, CancelRun, ClaimPolicy, CompleteTask, LEASE, LinkTasks, PromoteWaiting,
    ReclaimTask, RecordExit, RecordSpawn, ReleaseStaleClaims,
};
use domain::dispatch::Slot;
use domain::error::Error as Refusal;
use domain::fixture::process;
use domain::run::{Outcome, ProcessIdentity};
use domain::status::Status;

use crate::board::{Board, START, refusal};

#[tokio::test]
async fn a_claim_opens_the_one_run_of_the_task() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    assert_eq!(claimed.task.status, Status::Running);
    assert_eq!(claimed.task.claim_lock.as_deref(), Some("host:1"));
    assert_eq!(claimed.task.claim_expires, Some(START + LEASE));
    assert_eq!(claimed.task.started_at, Some(START));
    let open = board.kernel.open_runs().await.unwrap();
    assert_eq!(
        (open.len(), open[0].run, &open[0].task),
        (1, claimed.run, &task)
    );
    assert!(matches!(
        refusal(board.claim(&task).await),
        Refusal::WrongStatus { .. }
    ));
}

#[tokio::test]
async fn a_claim_is_refused_beyond_the_cap() {
    let board = Board::new();
    let (a, b) = (board.task_named("a").await, board.task_named("b").await);
    let policy = || ClaimPolicy {
        global_cap: Some(1),
        ..ClaimPolicy::default()
    };
    board.claim_with(&a, policy()).await.unwrap();
    let refused = refusal(board.claim_with(&b, policy()).await);
    assert_eq!(
        refused,
        Refusal::AtCapacity {
            running: 1,
            limit: 1
        }
    );
    board.complete(&a, "done").await.unwrap();
    board.claim_with(&b, policy()).await.unwrap();
}

#[tokio::test]
async fn what_is_left_of_a_closed_run_holds_its_task_back_and_takes_up_room() {
    let board = Board::new();
    let (task, second) = (board.task_named("1").await, board.task_named("2").await);
    let run = board.claim(&task).await.unwrap().run;
    let (of_task, lane) = (task.clone(), Some("shell".to_owned()));
    let slot = Slot {
        task: of_task,
        lane,
    };
    let policy = |global_cap, lane_cap| ClaimPolicy {
        global_cap,
        lane_cap,
        unfinished_runs: [(run, slot.clone())].into(),
        ..ClaimPolicy::default()
    };
    // As long as the run is open it counts once.
    let two = policy(Some(2), Some(2));
    board.claim_with(&second, two).await.unwrap();
    board.move_to(&task, Status::Ready).await.unwrap();
    let refused = refusal(board.claim_with(&task, policy(None, None)).await);
    let exiting_runs = Refusal::Leaving { task: task.clone() };
    assert_eq!(refused, exiting_runs);
    // Nor does it help that another program frees the task under the hands of its worker.
    board.sql(&format!(
        "UPDATE runs SET ended_at = NULL, outcome = NULL WHERE id = {run}"
    ));
    let refused = refusal(board.claim_with(&task, policy(None, None)).await);
    assert_eq!(refused, exiting_runs);
    board.act(ReleaseStaleClaims).await.unwrap();

    let third = board.task_named("3").await;
    let (running, limit) = (2, 2);
    for full in [policy(Some(2), None), policy(None, Some(2))] {
        let refused = refusal(board.claim_with(&third, full).await);
        assert_eq!(refused, Refusal::AtCapacity { running, limit });
    }
    let elsewhere = board.claim_in(&third, "codex", policy(None, Some(1)));
    elsewhere.await.unwrap();
}

#[tokio::test]
async fn a_supervisor_that_comes_too_late_or_second_starts_nothing() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    let attach = AttachSupervisor {
        run: claimed.run,
        process: process(),
    };
    let shim = Actor::worker("shim", claimed.token);
    board.give(&shim, attach.clone()).await.unwrap();
    assert_eq!(
        board.kernel.open_runs().await.unwrap()[0].supervisor,
        Some(process())
    );
    let second = AttachSupervisor {
        process: ProcessIdentity {
            started_ticks: process().started_ticks + 1,
            ..process()
        },
        ..attach.clone()
    };
    let refused = refusal(board.give(&shim, second).await);
    assert_eq!(refused, Refusal::RunNotOpen(attach.run));
    // The first may not have heard the answer.
    board.give(&shim, attach.clone()).await.unwrap();
    board.move_to(&task, Status::Todo).await.unwrap();
    assert_eq!(refusal(board.give(&shim, attach).await), Refusal::StaleRun);
}

#[tokio::test]
async fn moving_a_running_card_takes_it_from_its_worker() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.claim(&task).await.unwrap();
    board.move_to(&task, Status::Triage).await.unwrap();
    let detail = board.kernel.task(&task).await.unwrap();
    assert_eq!(detail.runs[0].outcome, Some(Outcome::Cancelled));
    assert_eq!(
        (detail.task.claim_lock, detail.task.claim_expires),
        (None, None)
    );
    assert_eq!(
        board.kinds(&task).await,
        ["created", "claimed", "cancelled", "status"]
    );
}

#[tokio::test]
async fn a_cancelled_run_waits_for_a_person() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board.act(CancelRun { task: task.clone() }).await.unwrap();
    board.act(PromoteWaiting {}).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Todo);
    assert_eq!(
        board.newest_payload(&task).await,
        format!(r#"{{"run":{},"by":"ada"}}"#, claimed.run)
    );
}

#[tokio::test]
async fn a_reclaimed_task_is_ready_for_another_attempt_and_its_failures_are_forgiven() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let reclaim = |run| ReclaimTask {
        task: task.clone(),
        run,
        reason: Some("it loops".to_owned()),
    };
    let refused = refusal(board.act(reclaim(None)).await);
    assert!(matches!(refused, Refusal::WrongStatus { .. }), "{refused}");
    let first = board.claim(&task).await.unwrap().run;
    board.act(reclaim(Some(first))).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
    assert_eq!(board.task(&task).await.failures, 0);
    let run = board.kernel.run(first).await.unwrap();
    assert_eq!(run.outcome, Some(Outcome::Reclaimed));
    let payload = board.newest_payload(&task).await;
    assert!(
        payload.ends_with(r#""by":"ada","reason":"it loops"}"#),
        "{payload}"
    );

    let second = board.claim(&task).await.unwrap().run;
    let late = refusal(board.act(reclaim(Some(first))).await);
    assert_eq!(
        late,
        Refusal::RunNotOpen(first),
        "another attempt has begun"
    );
    assert_eq!(board.kernel.run(second).await.unwrap().outcome, None);
    let parent = board.task_named("parent").await;
    let link = LinkTasks {
        parent: parent.to_string(),
        child: task.to_string(),
        on: None,
    };
    board.act(link).await.unwrap();
    board.act(reclaim(None)).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Todo, "it waits again");
}

#[tokio::test]
async fn a_hand_off_stays_on_its_run() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    let complete = |metadata: &str| CompleteTask {
        task: task.clone(),
        result: None,
        summary: Some("wrote it".to_owned()),
        metadata: Some(metadata.to_owned()),
        outcome: None,
        unchecked: false,
    };
    for bad in ["", "[1]", "{\"a\":"] {
        assert_eq!(
            refusal(board.act(complete(bad)).await),
            Refusal::BadMetadata
        );
    }
    board.act(complete(r#"{"pages": 3}"#)).await.unwrap();
    let run = board.kernel.run(run).await.unwrap();
    assert_eq!(run.summary.as_deref(), Some("wrote it"));
    assert_eq!(run.metadata.as_deref(), Some(r#"{"pages": 3}"#));
    assert_eq!(board.task(&task).await.result.as_deref(), Some("wrote it"));
}

#[tokio::test]
async fn what_is_said_of_a_task_that_nobody_ran_is_kept_as_a_run_of_no_length() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let complete = CompleteTask {
        task: task.clone(),
        result: Some("42".to_owned()),
        summary: Some("counted twice".to_owned()),
        metadata: Some(r#"{"rows": 42}"#.to_owned()),
        outcome: None,
        unchecked: false,
    };
    board.act(complete).await.unwrap();
    let detail = board.kernel.task(&task).await.unwrap();
    assert_eq!(detail.task.result.as_deref(), Some("42"));
    let [run] = &detail.runs[..] else {
        panic!("{:?}", detail.runs)
    };
    assert_eq!(run.ended_at, Some(run.started_at));
    assert_eq!((run.outcome, &run.lane), (Some(Outcome::Completed), &None));
    assert_eq!(run.summary.as_deref(), Some("counted twice"));
    assert_eq!(run.metadata.as_deref(), Some(r#"{"rows": 42}"#));
}

#[tokio::test]
async fn how_a_worker_ended_is_kept_also_of_a_run_that_is_closed() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    let spawn = RecordSpawn {
        run,
        worker_pid: 7,
        workspace: "/tmp/w".to_owned(),
        log_start: Some(10),
    };
    for _ in 0..2 {
        // Its supervisor may not have heard the answer.
        board
            .give(&Actor::dispatcher(), spawn.clone())
            .await
            .unwrap();
    }
    let kinds = board.kinds(&task).await;
    assert_eq!(kinds, ["created", "claimed", "spawned"]);
    board.complete(&task, "done").await.unwrap();
    let exit = RecordExit {
        run,
        ended_at: None,
        code: Some(0),
        log_end: Some(90),
        commit: None,
    };
    board.give(&Actor::dispatcher(), exit).await.unwrap();
    let run = board.kernel.run(run).await.unwrap();
    assert_eq!((run.log_start, run.log_end), (Some(10), Some(90)));
    assert_eq!(
        (run.exit_code, run.outcome),
        (Some(0), Some(Outcome::Completed))
    );
    assert_eq!(run.workspace.as_deref(), Some("/tmp/w"));
}
