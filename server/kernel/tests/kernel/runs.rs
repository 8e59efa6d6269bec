//! Claims, leases, fences, failures.

use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, FAILURE_LIMIT, LEASE, NewTask};
use domain::error::Error as Refusal;
use domain::id::{RunToken, TaskId};
use domain::run::{Outcome, ProcessIdentity};
use domain::status::Status;
use domain::time::Seconds;

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
async fn a_late_worker_can_change_nothing() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let first = board.claim(&task).await.unwrap();
    board.fail(first.run, Outcome::Crashed).await;
    board.claim(&task).await.unwrap();
    let late = Actor::worker("late", first.token);
    let commands = [
        Command::CompleteTask {
            task: task.clone(),
            result: None,
            summary: None,
            metadata: None,
        },
        Command::BlockTask {
            task: task.clone(),
            reason: None,
        },
        Command::CommentOnTask {
            task: task.clone(),
            body: "hello".to_owned(),
        },
        Command::RenewLease {
            task: task.clone(),
            ttl: LEASE,
        },
    ];
    for command in commands {
        assert_eq!(refusal(board.give(&late, command).await), Refusal::StaleRun);
    }
    assert_eq!(board.status(&task).await, Status::Running);
}

#[tokio::test]
async fn a_worker_changes_its_own_task_only() {
    let board = Board::new();
    let (own, other) = (
        board.task_named("own").await,
        board.task_named("other").await,
    );
    let claimed = board.claim(&own).await.unwrap();
    let worker = Actor::worker("w", claimed.token);
    let meddle = Command::CompleteTask {
        task: other.clone(),
        result: None,
        summary: None,
        metadata: None,
    };
    assert_eq!(
        refusal(board.give(&worker, meddle).await),
        Refusal::NotYourTask(other.clone())
    );
    let promote = Command::MoveTask {
        task: other,
        to: Status::Triage,
    };
    assert_eq!(
        refusal(board.give(&worker, promote).await),
        Refusal::NotForWorkers
    );
    let report = Command::CompleteTask {
        task: own.clone(),
        result: Some("42".to_owned()),
        summary: None,
        metadata: None,
    };
    board.give(&worker, report).await.unwrap();
    assert_eq!(board.task(&own).await.result.as_deref(), Some("42"));
    assert!(board.kernel.open_runs().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_that_was_never_given_out_opens_nothing() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let forger = Actor::worker("mallory", RunToken::from_text(""));
    let report = Command::CompleteTask {
        task,
        result: None,
        summary: None,
        metadata: None,
    };
    assert_eq!(
        refusal(board.give(&forger, report).await),
        Refusal::StaleRun
    );
}

#[tokio::test]
async fn a_failed_attempt_rests_and_says_why() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board.fail(claimed.run, Outcome::Exit).await;
    let failed = board.task(&task).await;
    assert_eq!((failed.status, failed.failures), (Status::Ready, 1));
    assert_eq!(failed.last_error.as_deref(), Some("exited with code 3"));
    let until = failed.not_before.unwrap();
    assert!(
        START < until && until <= START + Seconds(5),
        "rests until {until:?}"
    );
    assert_eq!(board.kernel.next_rest_end().await.unwrap(), Some(until));

    let policy = || ClaimPolicy {
        respects_rest: true,
        respects_pause: true,
        ..ClaimPolicy::default()
    };
    let refused = refusal(board.claim_with(&task, policy()).await);
    let remaining = Seconds(until.seconds_since(START));
    assert_eq!(
        refused,
        Refusal::Resting {
            task: task.clone(),
            remaining
        }
    );
    board.pass(Seconds(until.seconds_since(START)));
    board.claim_with(&task, policy()).await.unwrap();
}

#[tokio::test]
async fn too_many_failures_block_the_task_with_the_last_error() {
    let board = Board::new();
    let task = board.task_named("task").await;
    for _ in 0..FAILURE_LIMIT {
        let claimed = board.claim(&task).await.unwrap();
        board.fail(claimed.run, Outcome::Exit).await;
    }
    assert_eq!(board.status(&task).await, Status::Blocked);
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"failures":5,"error":"exited with code 3","outcome":"exit"}"#
    );
    board
        .act(Command::UnblockTask { task: task.clone() })
        .await
        .unwrap();
    assert_eq!(board.task(&task).await.failures, 0);
}

#[tokio::test]
async fn an_interruption_is_no_failure() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    let interrupt = Command::InterruptRun { run: claimed.run };
    board
        .give(&Actor::dispatcher(), interrupt.clone())
        .await
        .unwrap();
    let again = board.task(&task).await;
    assert_eq!(
        (again.status, again.failures, again.not_before),
        (Status::Ready, 0, None)
    );
    assert_eq!(
        refusal(board.give(&Actor::dispatcher(), interrupt).await),
        Refusal::RunNotOpen(claimed.run)
    );
}

#[tokio::test]
async fn a_supervisor_that_comes_too_late_or_second_starts_nothing() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    let process = ProcessIdentity {
        boot_id: "boot".to_owned(),
        pid: 7,
        started_ticks: 9,
    };
    let attach = Command::AttachSupervisor {
        run: claimed.run,
        process: process.clone(),
    };
    let shim = Actor::worker("shim", claimed.token);
    board.give(&shim, attach.clone()).await.unwrap();
    assert_eq!(
        board.kernel.open_runs().await.unwrap()[0].supervisor,
        Some(process)
    );
    refusal(board.give(&shim, attach.clone()).await);
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
async fn a_living_worker_keeps_its_lease() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board.pass(Seconds(600));
    let worker = Actor::worker("w", claimed.token);
    let renew = Command::RenewLease {
        task: task.clone(),
        ttl: LEASE,
    };
    board.give(&worker, renew).await.unwrap();
    let expires = Some(START + Seconds(600) + LEASE);
    assert_eq!(board.task(&task).await.claim_expires, expires);
}

#[tokio::test]
async fn what_can_start_comes_in_the_order_of_its_start() {
    let board = Board::new();
    let create = |title: &str, priority, assignee: Option<&str>| {
        board.create(domain::command::NewTask {
            title: title.to_owned(),
            priority,
            assignee: assignee.map(str::to_owned),
            ..Default::default()
        })
    };
    let late = create("late", -1, Some("shell")).await;
    let first = create("first", 0, Some("shell")).await;
    create("nobody's", 9, None).await;
    create("somebody else's", 9, Some("ada")).await;
    let urgent = create("urgent", 5, Some("shell")).await;
    let order: Vec<_> = board
        .kernel
        .startable(vec!["shell".to_owned()], 9)
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.task)
        .collect();
    assert_eq!(order, [urgent, first, late]);
}

#[tokio::test]
async fn a_lease_is_not_taken_back_from_a_supervisor() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    assert_eq!(
        board.kernel.next_lease_end().await.unwrap(),
        Some(START + LEASE)
    );
    let process = ProcessIdentity {
        boot_id: "boot".to_owned(),
        pid: 7,
        started_ticks: 9,
    };
    let attach = Command::AttachSupervisor {
        run: claimed.run,
        process,
    };
    board.act(attach).await.unwrap();
    board.pass(Seconds(LEASE.0 + 1));
    board.act(Command::ReleaseStaleClaims).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Running);
    assert_eq!(board.kernel.next_lease_end().await.unwrap(), None);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_back_and_its_token_dies() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board.pass(LEASE);
    let release = || board.act(Command::ReleaseStaleClaims);
    assert!(matches!(
        release().await.unwrap().answer,
        Answer::Reclaimed { count: 0 }
    ));
    board.pass(Seconds(1));
    assert!(matches!(
        release().await.unwrap().answer,
        Answer::Reclaimed { count: 1 }
    ));
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"stale_lock":"host:1"}"#
    );
    assert_eq!(board.status(&task).await, Status::Ready);
    let late = Actor::worker("late", claimed.token);
    let report = Command::CompleteTask {
        task,
        result: None,
        summary: None,
        metadata: None,
    };
    assert_eq!(refusal(board.give(&late, report).await), Refusal::StaleRun);
}

#[tokio::test]
async fn a_cancelled_run_waits_for_a_person() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board
        .act(Command::CancelRun { task: task.clone() })
        .await
        .unwrap();
    board.act(Command::PromoteWaiting).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Todo);
    assert_eq!(
        board.newest_payload(&task).await,
        format!(r#"{{"run":{},"by":"ada"}}"#, claimed.run)
    );
}

#[tokio::test]
async fn only_a_worker_of_the_shell_lane_may_write_tasks_for_it() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let for_shell = || {
        let assignee = Some("shell".to_owned());
        let new = NewTask {
            title: "rm -r".to_owned(),
            assignee,
            ..NewTask::default()
        };
        Command::CreateTask(new)
    };
    let claimed = board
        .claim_in(&task, "codex", ClaimPolicy::default())
        .await
        .unwrap();
    let agent = Actor::worker("codex", claimed.token);
    assert_eq!(
        refusal(board.give(&agent, for_shell()).await),
        Refusal::NotForShell
    );
    board.complete(&task, "done").await.unwrap();

    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board
        .give(&Actor::worker("shell", claimed.token), for_shell())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_run_of_a_task_that_another_program_finished_is_closed_and_holds_up_nobody() {
    let board = Board::new();
    let (finished, forgotten) = (board.task_named("one").await, board.task_named("two").await);
    let closed = board.claim(&finished).await.unwrap();
    board.claim(&forgotten).await.unwrap();
    let is_stale = async || !board.kernel.stale_claims().await.unwrap().is_empty();
    assert!(!is_stale().await);
    board.sql(&format!(
        "UPDATE tasks SET status = 'done', claim_lock = NULL, claim_expires = NULL \
         WHERE id = '{finished}'"
    ));
    assert!(is_stale().await);
    board.pass(Seconds(901));
    board.act(Command::ReleaseStaleClaims).await.unwrap();
    assert!(!is_stale().await);
    let run = board.kernel.run(closed.run).await.unwrap();
    assert_eq!(run.outcome, Some(Outcome::Completed));
    assert_eq!(board.status(&finished).await, Status::Done);
    assert_eq!(board.status(&forgotten).await, Status::Ready);
}

#[tokio::test]
async fn a_run_ends_as_another_program_says_by_where_it_puts_the_task() {
    let board = Board::new();
    let ends = [
        ("done", Outcome::Completed),
        ("blocked", Outcome::Blocked),
        ("ready", Outcome::Reclaimed),
        ("of another time", Outcome::Reclaimed),
    ];
    for (status, outcome) in ends {
        let task = board.task_named(status).await;
        let claimed = board.claim(&task).await.unwrap();
        board.sql(&format!(
            "UPDATE tasks SET status = '{status}' WHERE id = '{task}'"
        ));
        let released = board.act(Command::ReleaseStaleClaims).await.unwrap();
        let run = board.kernel.run(claimed.run).await.unwrap();
        assert_eq!(run.outcome, Some(outcome), "{status}");
        let expected = usize::from(outcome == Outcome::Reclaimed);
        assert!(matches!(released.answer, Answer::Reclaimed { count } if count == expected));
    }
}

#[tokio::test]
async fn a_claim_of_another_program_ends_when_its_lease_does() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let lease_end = START + Seconds(60);
    board.sql(&format!(
        "UPDATE tasks SET status = 'running', claim_lock = 'hermes', claim_expires = {} \
         WHERE id = '{task}'",
        lease_end.0
    ));
    let next = async || board.kernel.next_lease_end().await.unwrap();
    assert_eq!(next().await, Some(lease_end));
    board.pass(Seconds(60));
    assert_eq!(board.kernel.stale_claims().await.unwrap(), []);
    board.pass(Seconds(1));
    assert_eq!(board.kernel.stale_claims().await.unwrap().len(), 1);
    let released = board.act(Command::ReleaseStaleClaims).await.unwrap();
    assert!(matches!(released.answer, Answer::Reclaimed { count: 1 }));
    assert_eq!(board.status(&task).await, Status::Ready);
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"stale_lock":"hermes"}"#
    );
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_claim_that_another_program_renews_is_not_taken_back() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.claim(&task).await.unwrap();
    let lease_end = START + LEASE + LEASE;
    board.sql(&format!(
        "UPDATE tasks SET claim_expires = {} WHERE id = '{task}'",
        lease_end.0
    ));
    assert_eq!(
        board.kernel.next_lease_end().await.unwrap(),
        Some(lease_end)
    );
    board.pass(Seconds(LEASE.0 + 1));
    assert_eq!(board.kernel.stale_claims().await.unwrap(), []);
    board.pass(LEASE);
    assert_eq!(board.kernel.stale_claims().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_task_that_another_program_gave_back_can_be_claimed_at_once() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let first = board.claim(&task).await.unwrap();
    board.sql(&format!(
        "UPDATE tasks SET status = 'ready', claim_lock = NULL, claim_expires = NULL \
         WHERE id = '{task}'"
    ));
    let alone = ClaimPolicy {
        global_cap: Some(1),
        ..ClaimPolicy::default()
    };
    let second = board.claim_in(&task, "shell", alone).await.unwrap();
    let outcome = async |run| board.kernel.run(run).await.unwrap().outcome;
    assert_eq!(outcome(first.run).await, Some(Outcome::Reclaimed));
    assert_eq!(outcome(second.run).await, None);
}

#[tokio::test]
async fn a_run_of_a_task_that_another_program_deleted_is_closed_and_holds_up_nobody() {
    let board = Board::new();
    let (deleted, forgotten) = (board.task_named("one").await, board.task_named("two").await);
    let closed = board.claim(&deleted).await.unwrap();
    board.claim(&forgotten).await.unwrap();
    // It does not know the tables that are only ours.
    board.sql(&format!(
        "PRAGMA foreign_keys = OFF; DELETE FROM tasks WHERE id = '{deleted}'"
    ));
    board.pass(Seconds(901));
    board.act(Command::ReleaseStaleClaims).await.unwrap();
    let run = board.kernel.run(closed.run).await.unwrap();
    assert_eq!(run.outcome, Some(Outcome::Reclaimed));
    assert_eq!(board.status(&forgotten).await, Status::Ready);
}

#[tokio::test]
async fn a_task_that_another_program_pushed_past_its_parents_stands_in_nobodys_place() {
    let board = Board::new();
    let for_shell = |priority, parents: &[&TaskId]| {
        board.create(NewTask {
            title: "task".to_owned(),
            priority,
            assignee: Some("shell".to_owned()),
            parents: parents.iter().map(ToString::to_string).collect(),
            ..Default::default()
        })
    };
    let parent = board.task_named("parent").await;
    let pushed = for_shell(9, &[&parent]).await;
    let next = for_shell(0, &[]).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'ready' WHERE id = '{pushed}'"
    ));
    let lanes = vec!["shell".to_owned()];
    let found = board.kernel.startable(lanes, 1).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].task, next);
}
