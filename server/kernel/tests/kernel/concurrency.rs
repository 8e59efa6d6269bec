//! Reading while others write.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use domain::actor::Actor;
use domain::command::{CreateTask, EditTask};
use kernel::{BoardFilter, Show};

use crate::board::Board;

#[tokio::test]
async fn a_slow_write_never_delays_a_read() {
    let board = Board::new();
    let task = board.task_named("there before").await;
    #[expect(clippy::disallowed_methods, reason = "the test plays another program")]
    let slow = rusqlite::Connection::open(board.folder.path().join("kanban.db")).unwrap();
    slow.execute_batch("BEGIN IMMEDIATE; UPDATE tasks SET title = 'half written'")
        .unwrap();
    let create = CreateTask {
        title: "has to wait".to_owned(),
        ..CreateTask::default()
    };
    let mut write = pin!(board.act(create));
    let is_waiting =
        poll_fn(|context| Poll::Ready(write.as_mut().poll(context).is_pending())).await;
    assert!(is_waiting, "it did not wait for the other");

    // All connections for reading, and the writer is at it all the while.
    for _ in 0..8 {
        let snapshot = board.kernel.board(BoardFilter::default()).await.unwrap();
        assert_eq!(snapshot.tasks.len(), 1);
        assert_eq!(board.task(&task).await.title, "there before");
    }
    slow.execute_batch("COMMIT").unwrap();
    write.await.unwrap();
    assert_eq!(board.task(&task).await.title, "half written");
}

#[tokio::test]
async fn a_caller_is_shown_the_task_as_its_own_commands_leave_it() {
    let board = Board::new();
    let ada = Actor::full("ada");
    let task = board.task_named("before").await;
    let retitle = |title: &str| EditTask {
        title: Some(title.to_owned()),
        ..EditTask::of(task.clone())
    };
    // Both are waiting before either is carried out, so they share a transaction.
    let (mine, theirs) = tokio::join!(
        board
            .kernel
            .execute_and_show(&ada, vec![retitle("mine").into()], Show::Task(task.clone())),
        board.act(retitle("theirs")),
    );
    theirs.unwrap();
    assert_eq!(mine.unwrap().1.title, "mine");
    assert_eq!(board.task(&task).await.title, "theirs");

    let new = CreateTask {
        title: "new".to_owned(),
        ..CreateTask::default()
    };
    let create = vec![new.into()];
    let created = board
        .kernel
        .execute_and_show(&ada, create, Show::Created)
        .await;
    assert_eq!(created.unwrap().1.title, "new");
}
