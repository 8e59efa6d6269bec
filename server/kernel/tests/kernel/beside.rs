//! The triggers of the file, for a program that writes and knows nothing of our columns.

#[path = "beside/attempts.rs"]
pub(crate) mod attempts;
#[path = "beside/promotion.rs"]
mod promotion;

use domain::command::{Answer, CreateTask, Created};
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Timestamp;

use crate::board::Board;

/// Creates a task as hermes-agent does.
fn insert(board: &Board, id: &str, status: &str, key: &str) -> TaskId {
    board.sql(&format!(
        "INSERT INTO tasks (id, title, status, created_at, idempotency_key) \
         VALUES ('{id}', 'theirs', '{status}', 1777100000, {key})"
    ));
    id.parse().unwrap()
}

#[tokio::test]
async fn a_child_that_another_program_made_starts_when_its_parent_is_finished() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = insert(&board, "t_02", "todo", "NULL");
    board.sql(&format!(
        "INSERT INTO task_links (parent_id, child_id) VALUES ('{parent}', '{child}')"
    ));
    assert!(board.task(&child).await.waiting);
    board.complete(&parent, "done").await.unwrap();
    assert_eq!(board.status(&child).await, Status::Ready);
}

#[tokio::test]
async fn a_task_that_another_program_puts_back_waits_if_it_has_parents() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    board.sql("UPDATE tasks SET status = 'ready'");
    assert!(!board.task(&child).await.waiting);
    board.sql("UPDATE tasks SET status = 'todo'");
    assert!(board.task(&child).await.waiting);
    assert!(!board.task(&parent).await.waiting);
}

#[tokio::test]
async fn a_task_of_another_program_says_since_when_it_has_its_status() {
    let board = Board::new();
    let task = insert(&board, "t_02", "ready", "NULL");
    let since = async || board.task(&task).await.status_since;
    assert_eq!(since().await, Timestamp(1_777_100_000));
    board.sql("UPDATE tasks SET priority = 3");
    assert_eq!(since().await, Timestamp(1_777_100_000));
    // By the clock of the machine, which is the one that the other program has.
    board.sql("UPDATE tasks SET status = 'blocked'");
    assert!(since().await > Timestamp(1_777_100_000));
}

#[tokio::test]
async fn the_key_of_a_task_of_another_program_finds_it_until_it_is_archived() {
    let board = Board::new();
    let theirs = insert(&board, "t_02", "ready", "'nightly'");
    let ask = async || {
        let new = CreateTask {
            title: "ours".to_owned(),
            idempotency_key: Some("nightly".to_owned()),
            ..CreateTask::default()
        };
        match board.act(new).await.unwrap().answer {
            Answer::Created(Created { task, is_new }) => (task, is_new),
            other => panic!("created, but was told {other:?}"),
        }
    };
    assert_eq!(ask().await, (theirs, false));
    board.sql("UPDATE tasks SET status = 'archived'");
    assert!(ask().await.1);
}

#[tokio::test]
async fn what_another_program_asks_is_read_from_its_event() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.block(&task, "which region?").await;
    board.unblock(&task).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'blocked'; \
         INSERT INTO task_events (task_id, kind, payload, created_at) \
         VALUES ('{task}', 'blocked', '{{\"reason\":\"which city?\"}}', \
             CAST(strftime('%s', 'now') AS INTEGER))"
    ));
    let reason = async || board.task(&task).await.block_reason;
    assert_eq!(reason().await.as_deref(), Some("which city?"));
    // It does not come back where somebody blocks the task later and does not say why.
    board.sql("UPDATE tasks SET status = 'ready'");
    board.sql("UPDATE tasks SET status = 'blocked'");
    board.sql("UPDATE tasks SET status_since = status_since + 60");
    assert_eq!(reason().await, None);
}
