//! The token of a run: the acts that it allows, and its end.

use domain::actor::Actor;
use domain::authority::Act;
use domain::command::{
    BlockTask, ClaimPolicy, Command, CommentOnTask, CompleteTask, CreateTask, LEASE, MoveTask,
    RenewLease,
};
use domain::error::Error as Refusal;
use domain::id::{RunToken, TaskId};
use domain::run::Outcome;
use domain::status::Status;

use crate::board::{Board, refusal};

fn report(task: &TaskId, result: &str) -> Command {
    CompleteTask {
        task: task.clone(),
        result: Some(result.to_owned()),
        summary: None,
        metadata: None,
        outcome: None,
        unchecked: false,
    }
    .into()
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
        report(&task, "done"),
        BlockTask {
            task: task.clone(),
            reason: None,
        }
        .into(),
        CommentOnTask {
            task: task.clone(),
            body: "hello".to_owned(),
        }
        .into(),
        RenewLease {
            task: task.clone(),
            ttl: LEASE,
        }
        .into(),
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
    assert_eq!(
        refusal(board.give(&worker, report(&other, "done")).await),
        Refusal::NotYourTask(other.clone())
    );
    let promote = MoveTask {
        task: other,
        to: Status::Triage,
    };
    assert_eq!(
        refusal(board.give(&worker, promote).await),
        Refusal::NotForWorkers(Act::Move)
    );
    board.give(&worker, report(&own, "42")).await.unwrap();
    assert_eq!(board.task(&own).await.result.as_deref(), Some("42"));
    assert!(board.kernel.open_runs().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_that_was_never_given_out_opens_nothing() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let forger = Actor::worker("mallory", RunToken::from_text(""));
    let reported = board.give(&forger, report(&task, "done")).await;
    assert_eq!(refusal(reported), Refusal::StaleRun);
}

#[tokio::test]
async fn only_a_worker_of_the_shell_lane_may_write_tasks_for_it() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let for_shell = || {
        let assignee = Some("shell".to_owned());
        CreateTask {
            title: "rm -r".to_owned(),
            assignee,
            ..CreateTask::default()
        }
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
