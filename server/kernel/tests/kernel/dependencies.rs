//! Parents and children.

use domain::command::{Answer, Command};
use domain::error::Error as Refusal;
use domain::status::Status;

use crate::board::{Board, refusal};

#[tokio::test]
async fn a_child_becomes_ready_when_the_last_parent_is_done() {
    let board = Board::new();
    let (a, b) = (board.task_named("a").await, board.task_named("b").await);
    let child = board.child_of(&[&a, &b]).await;
    assert_eq!(board.status(&child).await, Status::Todo);
    board.complete(&a, "a").await.unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
    board.complete(&b, "b").await.unwrap();
    assert_eq!(board.status(&child).await, Status::Ready);
    assert_eq!(board.kinds(&child).await, ["created", "ready"]);
}

#[tokio::test]
async fn a_child_of_finished_parents_need_not_wait() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    board.complete(&parent, "done").await.unwrap();
    let child = board.child_of(&[&parent]).await;
    assert_eq!(board.status(&child).await, Status::Ready);
}

#[tokio::test]
async fn a_card_cannot_be_pushed_past_its_parents() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    let refused = refusal(board.move_to(&child, Status::Ready).await);
    assert_eq!(
        refused,
        Refusal::UnfinishedParents {
            task: child,
            parents: vec![parent]
        }
    );
}

#[tokio::test]
async fn unblocking_with_an_unfinished_parent_goes_to_todo_and_waits() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    board.complete(&parent, "done").await.unwrap();
    let child = board.child_of(&[&parent]).await;
    board
        .act(Command::BlockTask {
            task: child.clone(),
            reason: None,
        })
        .await
        .unwrap();
    board.move_to(&parent, Status::Ready).await.unwrap();
    board
        .act(Command::UnblockTask {
            task: child.clone(),
        })
        .await
        .unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
    board.complete(&parent, "again").await.unwrap();
    assert_eq!(board.status(&child).await, Status::Ready);
}

#[tokio::test]
async fn reopening_a_parent_makes_a_ready_child_wait_again() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    board.complete(&parent, "done").await.unwrap();
    board.move_to(&parent, Status::Todo).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
    assert_eq!(
        board.newest_payload(&child).await,
        format!(r#"{{"reason":"parent_reopened","parent":"{parent}"}}"#)
    );
}

#[tokio::test]
async fn the_promotion_pass_counts_what_it_made_ready() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    board.child_of(&[&parent]).await;
    let receipt = board.act(Command::PromoteWaiting).await.unwrap();
    assert!(matches!(receipt.answer, Answer::Promoted { count: 0 }));
}

#[tokio::test]
async fn a_worker_is_told_the_results_of_the_parents() {
    let board = Board::new();
    let parent = board.task_named("count the words").await;
    let child = board.child_of(&[&parent]).await;
    board.complete(&parent, "4,215 words\n").await.unwrap();
    let text = board.kernel.context(&child).await.unwrap();
    assert_eq!(
        text,
        format!(
            "# Kanban task {child}: child\n\nAssignee: (unassigned)\nStatus:   ready\n\
             Workspace: scratch @ (unresolved)\n\n## Parent task results\n### {parent}\n4,215 words\n"
        )
    );
}
