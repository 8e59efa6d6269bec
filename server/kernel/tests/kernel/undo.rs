//! Undoing the acts of people.

use domain::actor::Actor;
use domain::command::{
    Answer, ArchiveTask, AssignTask, BlockTask, Command, CommentOnTask, CompleteTask, CreateTask,
    Created, EditTask, LinkTasks, MoveTask, Receipt, SetPriority, UnblockTask, Undo, UnlinkTasks,
};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{EventId, TaskId};
use domain::status::Status;
use domain::task::Task;
use domain::time::Seconds;

use crate::board::{Board, START, person, refusal};

/// An event of the receipt; any of them stands for the whole request.
fn an_event(receipt: &Receipt) -> EventId {
    *receipt.events.first().unwrap()
}

/// The part of a task that undoing must restore: everything but the time of its last change of
/// status.
fn without_moments(task: Task) -> Task {
    Task {
        status_since: START,
        ..task
    }
}

async fn undo(board: &Board, receipt: &Receipt) {
    let event = an_event(receipt);
    let undone = board.act(Undo { event }).await.unwrap();
    assert_eq!(undone.events.len(), 1, "one transition is one event");
}

/// Carries out a command, undoes it, and expects the task to be as before.
async fn there_and_back(board: &Board, id: &TaskId, command: Command) {
    let before = without_moments(board.task(id).await);
    board.pass(Seconds(5));
    let receipt = board.act(command.clone()).await.unwrap();
    let changed = without_moments(board.task(id).await);
    assert_ne!(changed, before, "{command:?} changes nothing");
    undo(board, &receipt).await;
    let after = without_moments(board.task(id).await);
    assert_eq!(after, before, "{command:?} is not taken back");
}

fn complete(task: &TaskId) -> Command {
    CompleteTask {
        task: task.clone(),
        result: Some("forty-two".to_owned()),
        summary: None,
        metadata: None,
        outcome: None,
        unchecked: false,
    }
    .into()
}

fn block(task: &TaskId) -> Command {
    let (task, reason) = (task.clone(), Some("which port?".to_owned()));
    BlockTask { task, reason }.into()
}

fn to(task: &TaskId, to: Status) -> Command {
    let task = task.clone();
    MoveTask { task, to }.into()
}

#[tokio::test]
async fn every_kind_of_change_can_be_taken_back() {
    let board = Board::new();
    let new = CreateTask {
        title: "report".to_owned(),
        body: Some("all of it".to_owned()),
        assignee: Some("ada".to_owned()),
        idempotency_key: Some("key".to_owned()),
        ..CreateTask::default()
    };
    let id = board.create(new).await;
    let task = || id.clone();
    let commands = [
        Command::from(EditTask {
            title: Some("summary".to_owned()),
            body: Some(String::new()),
            ..EditTask::of(task())
        }),
        SetPriority {
            task: task(),
            priority: 7,
        }
        .into(),
        AssignTask {
            task: task(),
            assignee: None,
            stop: false,
            reason: None,
        }
        .into(),
        to(&id, Status::Triage),
        to(&id, Status::Todo),
        block(&id),
        complete(&id),
        ArchiveTask { task: task() }.into(),
    ];
    for command in commands {
        there_and_back(&board, &id, command).await;
    }
    board.act(block(&id)).await.unwrap();
    there_and_back(&board, &id, UnblockTask { task: task() }.into()).await;
}

#[tokio::test]
async fn a_task_that_was_created_is_put_away_again() {
    let board = Board::new();
    let new = || CreateTask {
        title: "twice".to_owned(),
        idempotency_key: Some("key".to_owned()),
        ..CreateTask::default()
    };
    let receipt = board.act(new()).await.unwrap();
    undo(&board, &receipt).await;
    let Answer::Created(Created { task: first, .. }) = receipt.answer else {
        panic!("created, but was told {:?}", receipt.answer);
    };
    assert_eq!(board.status(&first).await, Status::Archived);
    let again = board.create(new()).await;
    assert_eq!(board.status(&again).await, Status::Ready);
    assert_eq!(board.kinds(&first).await, ["created", "undone"]);
}

#[tokio::test]
async fn a_link_and_its_removal_can_be_taken_back() {
    let board = Board::new();
    let (parent, child) = (
        board.task_named("parent").await,
        board.task_named("child").await,
    );
    let link = LinkTasks {
        parent: parent.to_string(),
        child: child.to_string(),
        on: None,
    };
    let linked = board.act(link.clone()).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
    let event = an_event(&linked);
    board.act(Undo { event }).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Ready);

    board.act(link.clone()).await.unwrap();
    let (from, waiting) = (parent.clone(), child.clone());
    let unlink = UnlinkTasks {
        parent: from,
        child: waiting,
    };
    let unlinked = board.act(unlink).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Ready);
    let event = an_event(&unlinked);
    board.act(Undo { event }).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
    board.complete(&parent, "done").await.unwrap();
    assert_eq!(board.status(&child).await, Status::Ready);
}

#[tokio::test]
async fn a_task_that_a_person_put_aside_stays_there_when_its_link_is_taken_back() {
    let board = Board::new();
    let (parent, child) = (
        board.task_named("parent").await,
        board.task_named("child").await,
    );
    board.act(to(&child, Status::Todo)).await.unwrap();
    let link = LinkTasks {
        parent: parent.to_string(),
        child: child.to_string(),
        on: None,
    };
    there_and_back(&board, &child, link.clone().into()).await;
    assert_eq!(board.status(&child).await, Status::Todo);

    let receipt = board.act(link).await.unwrap();
    board.complete(&parent, "done").await.unwrap();
    assert_eq!(board.status(&child).await, Status::Ready);
    undo(&board, &receipt).await;
    assert_eq!(board.status(&child).await, Status::Todo);
}

#[tokio::test]
async fn a_task_that_a_person_put_aside_stays_there_when_its_unlinking_is_taken_back() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    for to in [Status::Triage, Status::Todo] {
        board.move_to(&child, to).await.unwrap();
    }
    let unlink = UnlinkTasks {
        parent: parent.clone(),
        child: child.clone(),
    };
    let receipt = board.act(unlink).await.unwrap();
    undo(&board, &receipt).await;
    board.complete(&parent, "done").await.unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
}

#[tokio::test]
async fn many_acts_are_taken_back_together_also_when_one_followed_from_another() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    board.complete(&parent, "done").await.unwrap();
    board.complete(&child, "done").await.unwrap();
    let mut undos = Vec::new();
    for task in [&child, &parent] {
        let receipt = board.move_to(task, Status::Ready).await.unwrap();
        let event = an_event(&receipt);
        undos.push(Undo { event }.into());
    }
    assert_eq!(board.status(&child).await, Status::Todo);
    board.kernel.execute_all(&person(), undos).await.unwrap();
    for task in [&child, &parent] {
        assert_eq!(board.status(task).await, Status::Done);
    }
}

#[tokio::test]
async fn children_follow_when_the_end_of_their_parent_is_taken_back() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let (waits, runs) = (
        board.child_of(&[&parent]).await,
        board.child_of(&[&parent]).await,
    );
    let receipt = board.act(complete(&parent)).await.unwrap();
    board.claim(&runs).await.unwrap();
    let event = an_event(&receipt);
    board.act(Undo { event }).await.unwrap();
    assert_eq!(board.status(&parent).await, Status::Ready);
    assert_eq!(board.status(&waits).await, Status::Todo);
    let runs = board.task(&runs).await;
    assert_eq!((runs.status, runs.waiting), (Status::Running, true));
}

#[tokio::test]
async fn the_end_of_a_task_stays_once_a_child_was_done_with_its_result() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    let archive = ArchiveTask {
        task: parent.clone(),
    };
    for end in [complete(&parent), archive.into()] {
        let receipt = board.act(end).await.unwrap();
        let done = board.act(complete(&child)).await.unwrap();
        let event = an_event(&receipt);
        assert_eq!(
            refusal(board.act(Undo { event }).await),
            Refusal::ChangedSince {
                task: child.clone()
            }
        );
        for receipt in [&done, &receipt] {
            let event = an_event(receipt);
            board.act(Undo { event }).await.unwrap();
        }
        assert_eq!(board.status(&child).await, Status::Todo);
    }
}

#[tokio::test]
async fn a_worker_that_was_stopped_is_not_brought_back() {
    let board = Board::new();
    let id = board.task_named("task").await;
    board.claim(&id).await.unwrap();
    let receipt = board.act(to(&id, Status::Todo)).await.unwrap();
    undo(&board, &receipt).await;
    let task = board.task(&id).await;
    assert_eq!((task.status, task.claim_lock), (Status::Ready, None));
}

#[tokio::test]
async fn what_was_built_upon_stays() {
    let board = Board::new();
    let id = board.task_named("task").await;
    let receipt = board.act(block(&id)).await.unwrap();
    let unblock = UnblockTask { task: id.clone() };
    board.act(unblock).await.unwrap();
    let event = an_event(&receipt);
    let newest = board.newest_event();
    assert_eq!(
        refusal(board.act(Undo { event }).await),
        Refusal::ChangedSince { task: id.clone() }
    );
    assert_eq!(board.newest_event(), newest);
}

#[tokio::test]
async fn acts_are_taken_back_one_after_the_other_the_latest_first() {
    let board = Board::new();
    let id = board.task_named("task").await;
    let mut before = Vec::new();
    let mut receipts = Vec::new();
    let edit = EditTask {
        title: Some("other".to_owned()),
        ..EditTask::of(id.clone())
    };
    for command in [to(&id, Status::Todo), edit.into(), to(&id, Status::Triage)] {
        before.push(without_moments(board.task(&id).await));
        receipts.push(board.act(command).await.unwrap());
    }
    let earliest = an_event(&receipts[0]);
    assert_eq!(
        refusal(board.act(Undo { event: earliest }).await),
        Refusal::ChangedSince { task: id.clone() }
    );
    for (before, receipt) in before.iter().zip(&receipts).rev() {
        undo(&board, receipt).await;
        assert_eq!(&without_moments(board.task(&id).await), before);
        let event = an_event(receipt);
        assert_eq!(
            refusal(board.act(Undo { event }).await),
            Refusal::ChangedSince { task: id.clone() },
            "it was taken back twice"
        );
    }
}

#[tokio::test]
async fn what_came_between_stays_also_when_later_acts_were_taken_back() {
    let board = Board::new();
    let id = board.task_named("task").await;
    let first = board.act(to(&id, Status::Todo)).await.unwrap();
    board.move_to(&id, Status::Ready).await.unwrap();
    board.claim(&id).await.unwrap();
    let last = board.act(to(&id, Status::Triage)).await.unwrap();
    undo(&board, &last).await;
    let event = an_event(&first);
    assert_eq!(
        refusal(board.act(Undo { event }).await),
        Refusal::ChangedSince { task: id }
    );
}

#[tokio::test]
async fn talk_does_not_stand_in_the_way_and_nothing_is_taken_back_twice() {
    let board = Board::new();
    let id = board.task_named("task").await;
    let receipt = board.act(to(&id, Status::Triage)).await.unwrap();
    let comment = CommentOnTask {
        task: id.clone(),
        body: "hm".to_owned(),
    };
    board.act(comment).await.unwrap();
    undo(&board, &receipt).await;
    let event = an_event(&receipt);
    assert_eq!(
        refusal(board.act(Undo { event }).await),
        Refusal::ChangedSince { task: id }
    );
}

#[tokio::test]
async fn a_request_is_taken_back_as_a_whole_and_its_comment_with_it() {
    let board = Board::new();
    let id = board.task_named("task").await;
    let before = without_moments(board.task(&id).await);
    let edit = EditTask {
        title: Some("other".to_owned()),
        ..EditTask::of(id.clone())
    };
    let receipts = board
        .kernel
        .execute_all(&person(), vec![edit.into(), block(&id)])
        .await
        .unwrap();
    // The first event of the last command: its comment.
    let event = an_event(receipts.last().unwrap());
    board.act(Undo { event }).await.unwrap();
    let detail = board.kernel.task(&id).await.unwrap();
    assert_eq!(without_moments(detail.task), before);
    assert_eq!(detail.comments, []);
}

#[tokio::test]
async fn what_a_worker_did_and_what_nobody_did_cannot_be_undone() {
    let board = Board::new();
    let id = board.task_named("task").await;
    let claimed = board.claim(&id).await.unwrap();
    let worker = Actor::worker("shell", claimed.token);
    let receipt = board.give(&worker, complete(&id)).await.unwrap();
    for event in [an_event(&receipt), EventId(9_999)] {
        assert_eq!(
            refusal(board.act(Undo { event }).await),
            Refusal::NothingToUndo(event)
        );
    }
}

#[tokio::test]
async fn the_event_says_what_was_undone() {
    let board = Board::new();
    let id = board.task_named("task").await;
    let receipt = board.act(to(&id, Status::Triage)).await.unwrap();
    undo(&board, &receipt).await;
    let event = an_event(&receipt);
    let body = EventBody::Undone { event };
    assert_eq!(
        board.newest_payload(&id).await,
        serde_json::to_string(&body).unwrap()
    );
}

#[tokio::test]
async fn the_last_act_of_an_actor_is_one_from_its_own_origin() {
    let board = Board::new();
    let id = board.task_named("task").await;
    let chat = person().from_origin("telegram:7");
    board.give(&chat, to(&id, Status::Triage)).await.unwrap();
    for (actor, kind) in [(person(), "created"), (chat, "status")] {
        let last = board.kernel.last_act_by(&actor).await.unwrap().unwrap();
        assert_eq!(last.kind, kind);
    }
}

#[tokio::test]
async fn a_task_that_others_wait_for_is_not_taken_back() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let created = board.kernel.task(&parent).await.unwrap().events[0].id;
    let child = board.child_of(&[&parent]).await;
    let undo = Undo { event: created };
    let refused = refusal(board.act(undo.clone()).await);
    let task = parent.clone();
    assert_eq!(refused, Refusal::ChangedSince { task });
    assert_eq!(board.status(&child).await, Status::Todo);
    let task = child.clone();
    board.act(ArchiveTask { task }).await.unwrap();
    board.act(undo).await.unwrap();
    assert_eq!(board.status(&parent).await, Status::Archived);
}
