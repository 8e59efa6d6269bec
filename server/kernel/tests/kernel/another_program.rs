//! The effects of another program on the tasks that we run.

use domain::board::TaskSummary;
use domain::command::{
    Answer, Change, ClaimPolicy, Command, Count, CreateTask, PromoteWaiting, ReleaseCrashed,
    ReleaseStaleClaims,
};
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Seconds;
use kernel::BoardFilter;

use crate::board::Board;

#[tokio::test]
async fn a_run_of_a_task_that_another_program_finished_is_closed_and_holds_up_nobody() {
    let board = Board::new();
    let (finished, forgotten) = (board.task_named("one").await, board.task_named("two").await);
    let closed = board.claim(&finished).await.unwrap();
    board.claim(&forgotten).await.unwrap();
    let is_stale = async || !board.kernel.claims().await.unwrap().stale.is_empty();
    assert!(!is_stale().await);
    board.sql(&format!(
        "UPDATE tasks SET status = 'done', claim_lock = NULL, claim_expires = NULL \
         WHERE id = '{finished}'"
    ));
    assert!(is_stale().await);
    board.pass(Seconds(901));
    board.act(ReleaseStaleClaims).await.unwrap();
    assert!(!is_stale().await);
    let run = board.kernel.run(closed.run).await.unwrap();
    assert_eq!(run.outcome, Some(Outcome::Completed));
    assert_eq!(board.status(&finished).await, Status::Done);
    assert_eq!(board.status(&forgotten).await, Status::Ready);
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
    board.act(ReleaseStaleClaims).await.unwrap();
    let run = board.kernel.run(closed.run).await.unwrap();
    assert_eq!(run.outcome, Some(Outcome::Reclaimed));
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
        let released = board.act(ReleaseStaleClaims).await.unwrap();
        let run = board.kernel.run(claimed.run).await.unwrap();
        assert_eq!(run.outcome, Some(outcome), "{status}");
        let expected = usize::from(outcome == Outcome::Reclaimed);
        assert!(matches!(released.answer, Answer::Count(Count(count)) if count == expected));
    }
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

fn crashed(task: &TaskId, lock: &str, worker_pid: i64) -> Command {
    ReleaseCrashed {
        task: task.clone(),
        lock: lock.to_owned(),
        worker_pid,
    }
    .into()
}

#[tokio::test]
async fn a_claim_whose_foreign_worker_is_gone_is_taken_back_without_a_failure() {
    let board = Board::new();
    let (alone, taken_over) = (board.task_named("one").await, board.task_named("two").await);
    let run = board.claim(&taken_over).await.unwrap().run;
    board.sql(
        "UPDATE tasks SET status = 'running', claim_lock = 'host:1', claim_expires = 9e15, \
             worker_pid = 4711",
    );
    for task in [&alone, &taken_over] {
        board.act(crashed(task, "host:1", 4711)).await.unwrap();
        let freed = board.task(task).await;
        assert_eq!((freed.status, freed.failures), (Status::Ready, 0));
        assert_eq!((freed.claim_lock, freed.worker_pid), (None, None));
    }
    assert_eq!(
        board.newest_payload(&alone).await,
        r#"{"pid":4711,"claimer":"host:1"}"#
    );
    let run = board.kernel.run(run).await.unwrap();
    assert_eq!(run.outcome, Some(Outcome::Crashed));
}

#[tokio::test]
async fn a_claim_that_changed_after_its_worker_was_seen_to_be_gone_stays() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.sql(
        "UPDATE tasks SET status = 'running', claim_lock = 'host:1', claim_expires = 9e15, \
             worker_pid = 4712",
    );
    for (lock, worker_pid) in [("host:1", 4711), ("host:2", 4712)] {
        let receipt = board.act(crashed(&task, lock, worker_pid)).await.unwrap();
        assert!(matches!(receipt.answer, Answer::Change(Change::Unchanged)));
    }
    assert_eq!(board.status(&task).await, Status::Running);
}

#[tokio::test]
async fn a_claim_of_ours_is_not_taken_for_one_of_a_worker_that_was_there_before() {
    let board = Board::new();
    let task = board.task_named("task").await;
    // The original leaves the number of a worker on a task that somebody moved.
    board.sql("UPDATE tasks SET worker_pid = 4711");
    board.claim(&task).await.unwrap();
    assert_eq!(board.kernel.claims().await.unwrap().foreign, []);
    board.act(crashed(&task, "host:1", 4711)).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Running);
}

#[tokio::test]
async fn a_task_that_another_program_pushed_past_its_parents_stands_in_nobodys_place() {
    let board = Board::new();
    let for_shell = |priority, parents: &[&TaskId]| {
        board.create(CreateTask {
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

#[tokio::test]
async fn the_promotion_pass_finds_what_another_program_has_finished() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    board.child_of(&[&child]).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'done' WHERE id = '{parent}'"
    ));
    let receipt = board.act(PromoteWaiting {}).await.unwrap();
    assert!(matches!(receipt.answer, Answer::Count(Count(1))));
    assert_eq!(board.status(&child).await, Status::Ready);
}

#[tokio::test]
async fn the_card_of_a_task_that_another_program_pushed_past_its_parents_waits_for_them() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let pushed = board.child_of(&[&parent]).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'ready', waiting = 0 WHERE id = '{pushed}'"
    ));
    let snapshot = board.kernel.board(BoardFilter::default()).await.unwrap();
    let waits = |tasks: &[TaskSummary]| {
        let card = tasks.iter().find(|task| task.id == pushed);
        card.map(|task| task.waiting)
    };
    assert_eq!(waits(&snapshot.tasks), Some(true));

    // A change of the parent writes no event of the child.
    let mut feed = board.kernel.feed(snapshot.cursor);
    board.complete(&parent, "done").await.unwrap();
    let frame = feed.next().await.unwrap();
    assert_eq!(waits(&frame.tasks), Some(false));
    board.sql(&format!(
        "UPDATE tasks SET status = 'ready' WHERE id = '{parent}'; \
         INSERT INTO task_events (task_id, kind, created_at) VALUES ('{parent}', 'moved', 1)"
    ));
    let frame = feed.next().await.unwrap();
    assert_eq!(waits(&frame.tasks), Some(true));
}

#[tokio::test]
async fn what_another_program_writes_is_counted_and_what_we_write_is_not() {
    let board = Board::new();
    let task = board.task_named("one").await;
    let before = board.kernel.others().await.unwrap();
    board.claim(&task).await.unwrap();
    assert_eq!(board.kernel.others().await.unwrap(), before);
    board.sql(&format!(
        "UPDATE tasks SET title = 'two' WHERE id = '{task}'"
    ));
    assert_eq!(board.kernel.others().await.unwrap(), before + 1);
    assert_eq!(board.kernel.others().await.unwrap(), before + 1);
}
