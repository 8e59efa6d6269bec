//! The pass that hermes-agent makes over the board, and what a person does with the same statements.

use domain::command::CreateTask;
use domain::id::TaskId;
use domain::outcome::TaskOutcome;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::Task;
use domain::time::Seconds;

use crate::board::Board;

/// Promotes a task as the pass of every version does: 0.19 promotes blocked ones as well.
fn promote(board: &Board, task: &TaskId, from: &str, kind: &str) {
    board.sql(&format!(
        "BEGIN IMMEDIATE; \
         UPDATE tasks SET status = 'ready' WHERE id = '{task}' AND status = '{from}'; \
         INSERT INTO task_events (task_id, run_id, kind, created_at) \
             VALUES ('{task}', NULL, '{kind}', CAST(strftime('%s', 'now') AS INTEGER)); \
         COMMIT"
    ));
}

/// Returns the task, and the number of events on the board.
async fn standing(board: &Board, task: &TaskId) -> (Task, usize) {
    (board.task(task).await, board.kinds(task).await.len())
}

#[tokio::test]
async fn what_a_person_put_aside_stays_where_it_is() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.move_to(&task, Status::Todo).await.unwrap();
    let finished = board.task_named("parent").await;
    board.complete(&finished, "done").await.unwrap();
    let child = board.child_of(&[&finished]).await;
    board.move_to(&child, Status::Todo).await.unwrap();
    for task in [task, child] {
        let before = standing(&board, &task).await;
        for kind in ["promoted", "ready"] {
            promote(&board, &task, "todo", kind);
            assert_eq!(standing(&board, &task).await, before, "{kind}");
        }
    }
}

#[tokio::test]
async fn what_gave_up_or_asks_stays_blocked() {
    let board = Board::new();
    let gave_up = board.task_named("task").await;
    for _ in 0..3 {
        let run = board.claim(&gave_up).await.unwrap().run;
        board.fail(run, Outcome::Protocol).await;
        board.pass(Seconds(3_600));
    }
    let asks = board.task_named("another").await;
    board.block(&asks, "which?").await;
    for task in [gave_up, asks] {
        let before = standing(&board, &task).await;
        assert_eq!(before.0.status, Status::Blocked);
        promote(&board, &task, "blocked", "promoted");
        assert_eq!(standing(&board, &task).await, before);
    }
}

#[tokio::test]
async fn what_waits_is_promoted_and_what_hermes_puts_into_todo_waits() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'done' WHERE id = '{parent}'"
    ));
    promote(&board, &child, "todo", "promoted");
    assert_eq!(board.status(&child).await, Status::Ready);
    assert_eq!(board.kinds(&child).await.last().unwrap(), "promoted");

    // As it splits an idea, and as it works one out.
    board.sql(
        "INSERT INTO tasks (id, title, status, created_at) VALUES ('t_02', 'part', 'todo', 1777100000)",
    );
    let part: TaskId = "t_02".parse().unwrap();
    let idea = CreateTask {
        title: "idea".to_owned(),
        triage: true,
        ..CreateTask::default()
    };
    let idea = board.create(idea).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'todo' WHERE id = '{idea}'; \
         INSERT INTO task_events (task_id, kind, created_at) \
             VALUES ('{idea}', 'specified', 1777200000)"
    ));
    for task in [part, idea] {
        assert!(board.task(&task).await.waiting);
        promote(&board, &task, "todo", "promoted");
        assert_eq!(board.status(&task).await, Status::Ready);
    }
}

#[tokio::test]
async fn what_starts_on_another_outcome_goes_back_to_wait() {
    for kind in ["promoted", "ready"] {
        let board = Board::new();
        let parent = board.task_named("parent").await;
        let child = board.child_of(&[&parent]).await;
        board.end_with(&parent, TaskOutcome::Failure).await;
        promote(&board, &child, "todo", kind);
        let found = board.task(&child).await;
        assert_eq!((found.status, found.waiting), (Status::Todo, true));
    }
}

#[tokio::test]
async fn what_hermes_reopens_has_no_outcome_any_more() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    board.end_with(&parent, TaskOutcome::Failure).await;
    board.sql("UPDATE tasks SET status = 'ready'");
    board.sql("UPDATE tasks SET status = 'done'");
    assert_eq!(board.task(&parent).await.outcome, TaskOutcome::Success);
}

#[tokio::test]
async fn a_person_with_hermes_makes_ready_what_was_put_aside_or_blocked() {
    let board = Board::new();
    for (from, kind) in [
        (Status::Todo, "promoted_manual"),
        (Status::Todo, "status"),
        (Status::Blocked, "unblocked"),
    ] {
        let task = board.task_named("task").await;
        match from {
            Status::Blocked => board.block(&task, "which?").await,
            _ => drop(board.move_to(&task, Status::Todo).await.unwrap()),
        }
        promote(&board, &task, from.as_str(), kind);
        assert_eq!(board.status(&task).await, Status::Ready, "{kind}");
        // Nor does the next pass take it back, which finds nothing to do.
        promote(&board, &task, "todo", "comment");
        assert_eq!(board.status(&task).await, Status::Ready, "{kind}");
    }
}

#[tokio::test]
async fn what_is_logged_keeps_its_kind() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    board.complete(&parent, "done").await.unwrap();
    let kinds = board.kinds(&child).await;
    assert!(kinds.contains(&"ready".to_owned()));
    // As it does whenever it opens a file.
    board.sql("UPDATE task_events SET kind = 'promoted' WHERE kind = 'ready'");
    assert_eq!(board.kinds(&child).await, kinds);
}
