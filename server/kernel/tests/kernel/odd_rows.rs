//! Rows that no board would write. SQLite takes them from whoever opens the file, and none of them may
//! hide the others.

#![expect(clippy::expect_used, reason = "it names the row that hid the others")]

use std::time::Duration;

use domain::command::{PromoteWaiting, ReleaseStaleClaims};
use domain::id::{EventId, TaskId};
use kernel::{BoardFilter, Error, TaskFilter, copies};
use tokio::time::timeout;

use crate::board::Board;

/// The time after which an answer is given up as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything that reads many tasks still finds this one.
async fn assert_found(board: &Board, task: &TaskId, odd: &str) {
    let kernel = &board.kernel;
    let cards = kernel.board(BoardFilter::default()).await.expect(odd);
    assert!(cards.tasks.iter().any(|card| card.id == *task), "{odd}");
    let rows = kernel.board_changes(None).await.expect(odd).rows;
    assert!(rows.iter().any(|row| row.task.id == *task), "{odd}");
    let tasks = kernel.tasks(TaskFilter::default()).await.expect(odd);
    assert!(tasks.iter().any(|found| found.id == *task), "{odd}");
    let names = kernel.ready_assignees().await.expect(odd);
    let startable = kernel.startable(names, 9).await.expect(odd);
    assert!(startable.iter().any(|found| found.task == *task), "{odd}");
    kernel.stats().await.expect(odd);
    kernel.inbox().await.expect(odd);
    kernel.held_back().await.expect(odd);
    kernel.promotable().await.expect(odd);
    kernel.ready_counts().await.expect(odd);
    kernel.subscriptions(None).await.expect(odd);
    board.act(PromoteWaiting {}).await.expect(odd);
    board.act(ReleaseStaleClaims).await.expect(odd);
}

async fn board_with_task() -> (Board, TaskId) {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.sql("UPDATE tasks SET assignee = 'shell'");
    (board, task)
}

#[tokio::test]
async fn a_task_with_an_odd_value_hides_no_other() {
    let odd = [
        "priority = 1.5",
        "priority = 'high'",
        "created_at = 1777100000.5",
        "created_at = 'yesterday'",
        "title = x'ff00'",
        "body = x'ff'",
        "body = CAST(x'ff' AS TEXT)",
        "assignee = 7.5",
        "status = 'running', claim_expires = 'soon', claim_lock = x'00'",
        "status = 'blocked', block_reason = 5, spawn_failures = -1.5",
        "status = 'todo', waiting = 'so'",
        "status = x'ff'",
        "workspace_kind = x'ff'",
        "tenant = x'ff', idempotency_key = 3",
        "id = 'task-1'",
        "id = 't_AB'",
        "id = x'ff', status = 'blocked'",
        "id = 'ghost', status = 'running', claim_expires = 0",
        "id = 'todo', status = 'todo', waiting = 1",
    ];
    for odd in odd {
        let (board, task) = board_with_task().await;
        let other = board.task_named("other").await;
        board.sql(&format!("UPDATE tasks SET {odd} WHERE id = '{other}'"));
        assert_found(&board, &task, odd).await;
    }
}

#[tokio::test]
async fn a_number_that_is_not_whole_is_rounded() {
    let (board, task) = board_with_task().await;
    board.sql("UPDATE tasks SET priority = 1.5, created_at = 1777100000.25");
    let task = board.task(&task).await;
    assert_eq!((task.priority, task.created_at.0), (2, 1_777_100_000));
}

#[tokio::test]
async fn what_refers_to_no_task_hides_nothing() {
    let odd = [
        "INSERT INTO task_links (parent_id, child_id) VALUES ('ghost', '{}')",
        "INSERT INTO task_links (parent_id, child_id) VALUES ('{}', x'ff')",
        "INSERT INTO task_comments (task_id, author, body, created_at) VALUES ('{}', x'ff', 1, 2.5)",
        "INSERT INTO task_comments (task_id, author, body, created_at) VALUES (x'ff', '', '', '')",
        "INSERT INTO kanban_notify_subs (task_id, platform, chat_id, created_at) \
         VALUES ('ghost', 'slack', 7, 'now')",
    ];
    for odd in odd {
        let (board, task) = board_with_task().await;
        board.sql(&odd.replace("{}", task.as_str()));
        assert_found(&board, &task, odd).await;
        board.kernel.task(&task).await.expect(odd);
        board.kernel.context(&task).await.expect(odd);
    }
}

#[tokio::test]
async fn an_odd_event_hides_no_other() {
    let (board, task) = board_with_task().await;
    for (id, payload, at) in [
        ("'task-1'", "NULL", "1"),
        ("'t_ghost'", "NULL", "1"),
        ("'{}'", "x'ff'", "1.5"),
        ("'{}'", "'no JSON'", "'now'"),
    ] {
        let id = id.replace("{}", task.as_str());
        board.sql(&format!(
            "INSERT INTO task_events (task_id, kind, payload, created_at) \
             VALUES ({id}, 'edited', {payload}, {at})"
        ));
    }
    // More than fit into a frame: a listener has to get past them.
    board.sql(
        "WITH RECURSIVE odd (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM odd WHERE n < 250) \
         INSERT INTO task_events (task_id, kind, created_at) SELECT 't_ghost', 'edited', 1 FROM odd",
    );
    board.complete(&task, "fine").await.unwrap();
    let mut feed = board.kernel.feed(EventId(0));
    let frame = timeout(PATIENCE, feed.next()).await.unwrap().unwrap();
    let kinds: Vec<_> = frame.events.iter().map(|event| &*event.kind).collect();
    assert_eq!(kinds, ["created", "edited", "edited", "completed"]);
    assert!(frame.events[1].payload.is_none());
    assert_eq!(board.kernel.task(&task).await.unwrap().events.len(), 4);
}

#[tokio::test]
async fn used_up_numbers_are_no_full_disk_and_are_named_by_a_check() {
    let (board, task) = board_with_task().await;
    let path = board.folder.path().join("kanban.db");
    let numbered_up_to = |last: i64| {
        board.sql(&format!(
            "UPDATE sqlite_sequence SET seq = {last} WHERE name = 'task_events'"
        ));
        copies::examine(&path).unwrap().worn_out
    };
    assert!(numbered_up_to(1_000_000_000_000).is_empty());
    assert_eq!(numbered_up_to(1 << 60), ["task_events"]);
    assert_eq!(numbered_up_to(i64::MAX), ["task_events"]);
    let refused = board.complete(&task, "fine").await.unwrap_err();
    let is_told = matches!(&refused, Error::NoMoreNumbers(table) if table == "task_events");
    assert!(is_told, "{refused}");
}
