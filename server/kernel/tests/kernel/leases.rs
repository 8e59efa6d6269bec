//! Leases: renewals, expiry, and claims that are taken back.

use domain::actor::Actor;
use domain::command::{
    Answer, AttachSupervisor, CompleteTask, Count, FollowClock, Heartbeat, LEASE,
    ReleaseStaleClaims, RenewLease, Subscribe,
};
use domain::error::Error as Refusal;
use domain::fixture::process;
use domain::notify::Address;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Seconds;

use crate::board::{Board, START, refusal};

#[tokio::test]
async fn a_living_worker_keeps_its_lease() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board.pass(Seconds(600));
    let worker = Actor::worker("w", claimed.token);
    let renew = RenewLease {
        task: task.clone(),
        ttl: LEASE,
    };
    board.give(&worker, renew).await.unwrap();
    let expires = Some(START + Seconds(600) + LEASE);
    assert_eq!(board.task(&task).await.claim_expires, expires);
}

#[tokio::test]
async fn a_supervisor_says_nothing_of_its_workers_progress() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    board.pass(Seconds(60));
    let lives = RenewLease {
        task: task.clone(),
        ttl: LEASE,
    };
    board.act(lives).await.unwrap();
    assert_eq!(board.kernel.run(run).await.unwrap().heartbeat_at, None);
    let beats = Heartbeat {
        task: task.clone(),
        ttl: LEASE,
    };
    board.act(beats).await.unwrap();
    let now = START + Seconds(60);
    assert_eq!(board.kernel.run(run).await.unwrap().heartbeat_at, Some(now));
    assert_eq!(board.task(&task).await.claim_expires, Some(now + LEASE));
}

#[tokio::test]
async fn a_lease_is_not_taken_back_from_a_supervisor() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    assert_eq!(
        board.kernel.look(START).await.unwrap().next_lease_end,
        Some(START + LEASE)
    );
    let attach = AttachSupervisor {
        run: claimed.run,
        process: process(),
    };
    board.act(attach).await.unwrap();
    board.pass(Seconds(LEASE.0 + 1));
    board.act(ReleaseStaleClaims).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Running);
    assert_eq!(board.kernel.look(START).await.unwrap().next_lease_end, None);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_back_and_its_token_dies() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board.pass(LEASE);
    let release = || board.act(ReleaseStaleClaims);
    assert!(matches!(
        release().await.unwrap().answer,
        Answer::Count(Count(0))
    ));
    board.pass(Seconds(1));
    assert!(matches!(
        release().await.unwrap().answer,
        Answer::Count(Count(1))
    ));
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"stale_lock":"host:1"}"#
    );
    assert_eq!(board.status(&task).await, Status::Ready);
    let late = Actor::worker("late", claimed.token);
    let report = CompleteTask {
        task,
        result: None,
        summary: None,
        metadata: None,
        outcome: None,
        unchecked: false,
    };
    assert_eq!(refusal(board.give(&late, report).await), Refusal::StaleRun);
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
    let next = async || board.kernel.look(START).await.unwrap().next_lease_end;
    assert_eq!(next().await, Some(lease_end));
    board.pass(Seconds(60));
    assert_eq!(board.kernel.claims().await.unwrap().stale, []);
    board.pass(Seconds(1));
    assert_eq!(board.kernel.claims().await.unwrap().stale.len(), 1);
    let released = board.act(ReleaseStaleClaims).await.unwrap();
    assert!(matches!(released.answer, Answer::Count(Count(1))));
    assert_eq!(board.status(&task).await, Status::Ready);
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"stale_lock":"hermes"}"#
    );
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_running_task_that_nobody_holds_is_taken_back_at_once() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'running', claim_lock = NULL, claim_expires = NULL \
         WHERE id = '{task}'"
    ));
    board.act(ReleaseStaleClaims).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
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
        board.kernel.look(START).await.unwrap().next_lease_end,
        Some(lease_end)
    );
    board.pass(Seconds(LEASE.0 + 1));
    assert_eq!(board.kernel.claims().await.unwrap().stale, []);
    board.pass(LEASE);
    assert_eq!(board.kernel.claims().await.unwrap().stale.len(), 1);
}

#[tokio::test]
async fn leases_go_with_a_clock_that_was_set_and_last_for_their_grace() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.claim(&task).await.unwrap();
    let expires = async || {
        let of_task = board.task(&task).await.claim_expires;
        let open = board.kernel.open_runs().await.unwrap();
        assert_eq!(of_task, Some(open[0].lease_expires));
        open[0].lease_expires
    };
    let follow = async |by: i64, grace: i64| {
        let (by, grace) = (Seconds(by), Seconds(grace));
        board.act(FollowClock { by, grace }).await.unwrap();
    };
    follow(3_600, 0).await;
    assert_eq!(expires().await, START + LEASE + Seconds(3_600));
    follow(-3_600, 0).await;
    assert_eq!(expires().await, START + LEASE);
    follow(0, 5_000).await;
    assert_eq!(expires().await, START + Seconds(5_000));
}

#[tokio::test]
async fn whoever_keeps_a_copy_of_the_board_can_tell_that_rests_went_with_the_clock() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board.fail(claimed.run, Outcome::Exit).await;
    let rests_until = board.task(&task).await.not_before.unwrap();
    let before = board.kernel.others().await.unwrap();
    assert_eq!(board.kernel.others().await, Some(before));
    let (by, grace) = (Seconds(-3_600), Seconds(0));
    board.act(FollowClock { by, grace }).await.unwrap();
    let moved = board.task(&task).await.not_before;
    assert_eq!(moved, Some(rests_until + by));
    assert_eq!(board.kernel.others().await, Some(before + 1));
}

#[tokio::test]
async fn news_that_rest_go_with_a_clock_that_was_set() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let to = Address {
        platform: "webhook".to_owned(),
        chat_id: "ci".to_owned(),
        thread_id: String::new(),
        user_id: None,
    };
    let subscribe = Subscribe {
        task: task.clone(),
        to,
    };
    board.act(subscribe).await.unwrap();
    board.complete(&task, "done").await.unwrap();
    let is_due = async || !board.kernel.outbox().await.unwrap().due.is_empty();
    assert!(is_due().await);
    let (by, grace) = (Seconds(3_600), Seconds(0));
    board.act(FollowClock { by, grace }).await.unwrap();
    assert!(!is_due().await);
    board.pass(by);
    assert!(is_due().await);
}
