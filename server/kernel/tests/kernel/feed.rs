//! Following the board.

use std::time::Duration;

use domain::board::TaskSummary;
use domain::command::{ClaimPolicy, ClaimTask, UnlinkTasks};
use domain::id::{EventId, TaskId};
use domain::time::Seconds;
use kernel::{BoardFilter, Kernel};
use tokio::time::timeout;

use crate::board::Board;

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_snapshot_and_the_frames_after_it_leave_no_gap() {
    let board = Board::new();
    let before = board.task_named("before").await;
    let snapshot = board.kernel.board(BoardFilter::default()).await.unwrap();
    assert_eq!(snapshot.tasks[0].id, before);
    let mut feed = board.kernel.feed(snapshot.cursor);
    let after = board.task_named("after").await;
    let frame = timeout(SOON, feed.next()).await.unwrap().unwrap();
    assert_eq!(frame.events.len(), 1);
    assert_eq!(frame.tasks[0].id, after);
    assert_eq!(frame.cursor, board.newest_event());
}

#[tokio::test]
async fn a_frame_carries_a_touched_task_once_as_it_is_now() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.complete(&task, "done").await.unwrap();
    let frame = timeout(SOON, board.kernel.feed(EventId(0)).next())
        .await
        .unwrap()
        .unwrap();
    let kinds: Vec<_> = frame
        .events
        .iter()
        .map(|event| event.kind.as_str())
        .collect();
    assert_eq!(kinds, ["created", "completed"]);
    assert_eq!(frame.tasks.len(), 1);
    assert_eq!(frame.tasks[0].status.as_str(), "done");
}

#[tokio::test]
async fn history_comes_in_frames_of_two_hundred() {
    let board = Board::new();
    for _ in 0..205 {
        board.task_named("task").await;
    }
    let mut feed = board.kernel.feed(EventId(0));
    let first = timeout(SOON, feed.next()).await.unwrap().unwrap();
    let second = timeout(SOON, feed.next()).await.unwrap().unwrap();
    assert_eq!((first.events.len(), second.events.len()), (200, 5));
    assert_eq!(second.events[0].id.0, first.cursor.0 + 1);
}

#[tokio::test]
async fn commits_of_another_process_wake_the_feed() {
    let board = Board::new();
    let mut feed = board.kernel.feed(EventId(0));
    let other = Kernel::open(&board.folder.path().join("kanban.db")).unwrap();
    let new = domain::command::CreateTask {
        title: "theirs".to_owned(),
        ..Default::default()
    };
    let create = new;
    other
        .execute(&crate::board::person(), create)
        .await
        .unwrap();
    let frame = timeout(SOON, feed.next()).await.unwrap().unwrap();
    assert_eq!(frame.tasks[0].title, "theirs");
}

#[tokio::test]
async fn a_cursor_that_the_log_cannot_follow_moves_to_the_newest_event() {
    let board = Board::new();
    for _ in 0..3 {
        board.task_named("task").await;
    }
    board.sql("DELETE FROM task_events WHERE id = 1");
    // Event 2 is the oldest that is kept.
    for (since, is_lost, cursor) in [(0, false, 0), (1, false, 1), (3, false, 3), (4, true, 3)] {
        let mut feed = board.kernel.feed(EventId(since));
        assert_eq!(feed.skip_what_is_lost().await.unwrap(), is_lost, "{since}");
        assert_eq!(feed.cursor(), EventId(cursor), "{since}");
    }
    board.sql("DELETE FROM task_events WHERE id = 2");
    let mut feed = board.kernel.feed(EventId(1));
    assert!(feed.skip_what_is_lost().await.unwrap());
    assert_eq!(feed.cursor(), EventId(3));
}

#[tokio::test]
async fn the_card_of_a_parent_is_told_when_a_child_is_done_or_unlinked() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    board.complete(&parent, "done").await.unwrap();
    let mut feed = board.kernel.feed(board.newest_event());
    board.complete(&child, "done").await.unwrap();
    let frame = timeout(SOON, feed.next()).await.unwrap().unwrap();
    let card = frame.tasks.iter().find(|task| task.id == parent).unwrap();
    assert_eq!((card.children_done, card.children), (1, 1));

    board
        .act(UnlinkTasks {
            parent: parent.clone(),
            child,
        })
        .await
        .unwrap();
    let frame = timeout(SOON, feed.next()).await.unwrap().unwrap();
    let card = frame.tasks.iter().find(|task| task.id == parent).unwrap();
    assert_eq!(card.children, 0);
}

#[tokio::test]
async fn a_card_says_whether_a_worker_is_busy_with_it() {
    let board = Board::new();
    let ready = board.task_named("ready").await;
    let in_lane = board.task_named("in a lane").await;
    board.claim(&in_lane).await.unwrap();
    let by_hand = board.task_named("by hand").await;
    let claim = ClaimTask {
        task: by_hand.clone(),
        lock: "ada".to_owned(),
        ttl: Seconds(900),
        lane: None,
        policy: ClaimPolicy::default(),
    };
    board.act(claim).await.unwrap();
    let elsewhere = board.task_named("of another program").await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'running', worker_pid = 7 WHERE id = '{elsewhere}'"
    ));
    let has_worker = async |id: &TaskId| {
        let cards = board.kernel.board(BoardFilter::default()).await.unwrap();
        let frame = board.kernel.feed(EventId(0)).next().await.unwrap();
        let of = |tasks: &[TaskSummary]| tasks.iter().find(|it| it.id == *id).unwrap().has_worker;
        assert_eq!(of(&cards.tasks), of(&frame.tasks));
        of(&cards.tasks)
    };
    assert!(!has_worker(&ready).await);
    assert!(has_worker(&in_lane).await);
    assert!(!has_worker(&by_hand).await);
    assert!(has_worker(&elsewhere).await);
    board.complete(&in_lane, "done").await.unwrap();
    assert!(!has_worker(&in_lane).await);
}

#[tokio::test]
async fn what_another_program_writes_at_length_is_told_in_short() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let long = "q".repeat(1_200_000);
    board.sql(&format!(
        "UPDATE tasks SET title = '{long}'; \
         INSERT INTO task_events (task_id, kind, payload, created_at) VALUES \
             ('{task}', 'blocked', json_object('reason', '{long}', 'n', 7, 'x', json('[1]')), 1), \
             ('{task}', 'odd', json_array('{long}'), 1)"
    ));
    let mut feed = board.kernel.feed(EventId(0));
    let frame = feed.next().await.unwrap();
    assert_eq!(frame.events.len(), 3);
    let payload = frame.events[1].payload.as_ref().unwrap();
    assert_eq!(
        payload["reason"].as_str().unwrap().len(),
        4_000 + '…'.len_utf8()
    );
    assert_eq!(
        (&payload["n"], &payload["x"]),
        (&7.into(), &serde_json::Value::Null)
    );
    assert_eq!(frame.events[2].payload, None);
    assert!(frame.tasks[0].title.len() < 5_000);
}

#[tokio::test]
async fn a_frame_has_as_many_events_as_fit_into_it() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.sql(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20) \
         INSERT INTO task_events (task_id, kind, payload, created_at) \
         SELECT '{task}', 'blocked', json_object('reason', printf('%.*c', 60000, 'q')), 1 FROM n"
    ));
    let mut feed = board.kernel.feed(EventId(0));
    let mut told = Vec::new();
    while told.len() < 21 {
        let frame = feed.next().await.unwrap();
        assert!(frame.events.len() <= 5, "{}", frame.events.len());
        told.extend(frame.events.into_iter().map(|event| event.id.0));
    }
    assert_eq!(told, (1..=21).collect::<Vec<_>>());
}
