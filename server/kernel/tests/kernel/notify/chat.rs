//! Messages from a chat: the answers to them, and the trust in their writer.

use domain::actor::Actor;
use domain::command::{
    Answer, ArchiveTask, AssignTask, Change, Command, CommentOnTask, CreateTask, Created, EditTask,
    MoveTask, Pause, RecordDelivered, TakeMessage, UnblockTask,
};
use domain::error::Error as Refusal;
use domain::notify::Address;
use domain::status::Status;

use super::{one_delivery, place};
use crate::board::{Board, refusal};

#[tokio::test]
async fn a_message_is_told_by_its_number_in_its_chat() {
    let (board, _, id) = one_delivery("telegram").await;
    let told = RecordDelivered {
        deliveries: vec![id],
        receipt: Some("42".to_owned()),
        is_chat: true,
    };
    board.act(told).await.unwrap();
    let by = |chat: &str, number: &str| {
        let to = Address {
            chat_id: chat.to_owned(),
            ..place("telegram", "")
        };
        board.kernel.told_by(to, number.to_owned())
    };
    assert_eq!(by("7", "42").await.unwrap()[0].id, id);
    assert_eq!(by("8", "42").await.unwrap(), []);
    assert_eq!(by("7", "43").await.unwrap(), []);
}

#[tokio::test]
async fn a_message_that_comes_in_again_is_known() {
    let board = Board::new();
    let take = || TakeMessage {
        platform: "slack".to_owned(),
        message: "Ev1".to_owned(),
    };
    assert!(matches!(
        board.act(take()).await.unwrap().answer,
        Answer::Change(Change::Done)
    ));
    assert!(matches!(
        board.act(take()).await.unwrap().answer,
        Answer::Change(Change::Unchanged)
    ));
}

#[tokio::test]
async fn what_is_written_in_a_chat_waits_for_somebody_to_look_at_it_unless_its_writer_is_trusted() {
    let board = Board::new();
    for (is_trusted, status) in [(false, Status::Triage), (true, Status::Ready)] {
        let guest = Actor::in_chat("telegram:7", is_trusted);
        let created = board.give(&guest, create("ada")).await.unwrap().answer;
        let Answer::Created(Created { task, .. }) = created else {
            panic!("{created:?}")
        };
        assert_eq!(board.status(&task).await, status);
    }
}

#[tokio::test]
async fn a_key_of_an_untrusted_chat_is_its_writers_own() {
    let board = Board::new();
    let nightly = |by: Actor| {
        let new = CreateTask {
            idempotency_key: Some("nightly".to_owned()),
            ..create("ada")
        };
        let board = &board;
        async move {
            let Answer::Created(created) = board.give(&by, new).await.unwrap().answer else {
                panic!("nothing was created")
            };
            created
        }
    };
    let guest = || Actor::in_chat("telegram:7", false);
    let theirs = nightly(guest()).await;
    let scheduled = nightly(Actor::full("cron")).await;
    let of_another = nightly(Actor::in_chat("telegram:8", false)).await;
    assert!(scheduled.is_new && of_another.is_new);
    for (by, task) in [
        (guest(), theirs.task),
        (Actor::full("cron"), scheduled.task.clone()),
        (Actor::in_chat("telegram:9", true), scheduled.task),
    ] {
        let again = nightly(by).await;
        assert_eq!((again.is_new, again.task), (false, task));
    }
}

#[tokio::test]
async fn nobody_in_a_chat_writes_what_the_shell_runs() {
    let board = Board::new();
    let guest = Actor::in_chat("telegram:7", true);
    let create = board.give(&guest, create("shell")).await;
    assert_eq!(refusal(create), Refusal::ShellFromChat);
    let task = board.task_named("harmless").await;
    let assign = AssignTask {
        task: task.clone(),
        assignee: Some("shell".to_owned()),
        stop: false,
        reason: None,
    };
    assert_eq!(
        refusal(board.give(&guest, assign.clone()).await),
        Refusal::ShellFromChat
    );
    board.act(assign).await.unwrap();
    let edit = EditTask {
        body: Some("rm -r /".to_owned()),
        ..EditTask::of(task)
    };
    assert_eq!(
        refusal(board.give(&guest, edit).await),
        Refusal::ShellFromChat
    );
}

#[tokio::test]
async fn a_guest_who_is_not_trusted_may_talk_and_answer_and_nothing_else() {
    let board = Board::new();
    let guest = Actor::in_chat("telegram:7", false);
    let task = board.task_named("task").await;
    board.block(&task, "which port?").await;
    let body = "8080".to_owned();
    let answer = [
        Command::from(CommentOnTask {
            task: task.clone(),
            body,
        }),
        UnblockTask { task: task.clone() }.into(),
    ];
    board
        .kernel
        .execute_all(&guest, answer.to_vec())
        .await
        .unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
    let refused = [
        Command::from(ArchiveTask { task: task.clone() }),
        MoveTask {
            task,
            to: Status::Triage,
        }
        .into(),
        Pause { lane: None }.into(),
    ];
    for command in refused {
        let act = command.act();
        assert_eq!(
            refusal(board.give(&guest, command).await),
            Refusal::NotForChat(act)
        );
    }
}

fn create(assignee: &str) -> CreateTask {
    CreateTask {
        title: "from a chat".to_owned(),
        assignee: Some(assignee.to_owned()),
        ..CreateTask::default()
    }
}
