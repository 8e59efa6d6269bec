//! The authority of a run and of a chat: every act of the table, on another task than the run's
//! own.

use domain::actor::Actor;
use domain::authority::Act;
use domain::command::{
    ArchiveTask, AssignTask, BlockTask, CancelRun, ClaimPolicy, ClaimTask, Command, CommentOnTask,
    CompleteTask, CreateTask, EditTask, ForgetEvents, Heartbeat, InterruptRun, LinkTasks, MoveTask,
    Pause, RecordExit, RetryDelivery, SetPriority, Subscribe, SubscribeBoard, TakeMessage,
    UnblockTask, Undo, UnlinkTasks, Unsubscribe,
};
use domain::error::{Error as Refusal, ErrorKind};
use domain::id::{DeliveryId, EventId, RunId, TaskId};
use domain::notify::{Address, Filter};
use domain::status::Status;
use domain::task::WorkspaceKind;
use domain::time::{Seconds, Timestamp};

use crate::board::{Board, refusal};

/// A command of each act that the kernel is asked for.
#[expect(clippy::too_many_lines, reason = "a line a field, and nothing else")]
fn commands(task: &TaskId) -> Vec<Command> {
    let task = || task.clone();
    let to = || Address {
        platform: "webhook".to_owned(),
        chat_id: "ci".to_owned(),
        thread_id: String::new(),
        user_id: None,
    };
    vec![
        CommentOnTask {
            task: task(),
            body: "a word".to_owned(),
        }
        .into(),
        new("ada").into(),
        Heartbeat {
            task: task(),
            ttl: Seconds(60),
        }
        .into(),
        Subscribe {
            task: task(),
            to: to(),
        }
        .into(),
        BlockTask {
            task: task(),
            reason: None,
        }
        .into(),
        UnblockTask { task: task() }.into(),
        EditTask {
            title: Some("another".to_owned()),
            ..EditTask::of(task())
        }
        .into(),
        SetPriority {
            task: task(),
            priority: 1,
        }
        .into(),
        AssignTask {
            task: task(),
            assignee: Some("ada".to_owned()),
            stop: false,
            reason: None,
        }
        .into(),
        LinkTasks {
            parent: task().to_string(),
            child: task().to_string(),
            on: None,
        }
        .into(),
        UnlinkTasks {
            parent: task(),
            child: task(),
        }
        .into(),
        CancelRun { task: task() }.into(),
        ClaimTask {
            task: task(),
            lock: "host:1".to_owned(),
            ttl: Seconds(60),
            lane: None,
            policy: ClaimPolicy::default(),
        }
        .into(),
        CompleteTask {
            task: task(),
            result: None,
            summary: None,
            metadata: None,
            outcome: None,
            unchecked: false,
        }
        .into(),
        MoveTask {
            task: task(),
            to: Status::Ready,
        }
        .into(),
        ArchiveTask { task: task() }.into(),
        Undo { event: EventId(1) }.into(),
        Pause { lane: None }.into(),
        SubscribeBoard {
            to: to(),
            filter: Filter::default(),
        }
        .into(),
        RetryDelivery {
            delivery: DeliveryId(1),
        }
        .into(),
        RecordExit {
            run: RunId(99),
            ended_at: None,
            code: None,
            log_end: None,
            commit: None,
        }
        .into(),
        InterruptRun {
            run: RunId(99),
            error: None,
        }
        .into(),
        TakeMessage {
            platform: "slack".to_owned(),
            message: "1".to_owned(),
        }
        .into(),
        ForgetEvents {
            before: Timestamp(0),
        }
        .into(),
    ]
}

fn new(assignee: &str) -> CreateTask {
    CreateTask {
        title: "new".to_owned(),
        assignee: Some(assignee.to_owned()),
        ..CreateTask::default()
    }
}

/// The acts that this actor is let in with.
async fn let_in(actor: impl AsyncFnOnce(&Board) -> Actor) -> Vec<Act> {
    let board = Board::new();
    let actor = actor(&board).await;
    let other = board.task_named("other").await;
    let mut acts = Vec::new();
    for command in commands(&other) {
        let act = command.act();
        let is_forbidden = match board.give(&actor, command).await {
            Err(kernel::Error::Refused(Refusal::StaleRun)) => true,
            Err(kernel::Error::Refused(refusal)) => refusal.kind() == ErrorKind::Forbidden,
            _ => false,
        };
        if !is_forbidden {
            acts.push(act);
        }
    }
    acts
}

async fn worker(board: &Board) -> Actor {
    let own = board.task_named("own").await;
    let claimed = board.claim_in(&own, "agent", ClaimPolicy::default()).await;
    Actor::worker("boss", claimed.unwrap().token)
}

#[tokio::test]
async fn each_authority_is_let_in_with_what_the_table_names_and_nothing_else() {
    use Act::*;
    assert_eq!(let_in(worker).await, [Comment, Create]);
    let chat = |is_trusted| async move |_: &Board| Actor::in_chat("guest", is_trusted);
    assert_eq!(
        let_in(chat(false)).await,
        [Comment, Create, Subscribe, Block, Unblock]
    );
    assert_eq!(
        let_in(chat(true)).await,
        [
            Comment,
            Create,
            Subscribe,
            Block,
            Unblock,
            Edit,
            Prioritize,
            Assign,
            Link,
            Unlink,
            Cancel,
            Complete,
            Move,
            Archive,
            Pause,
            SubscribeBoard,
            Redeliver,
        ]
    );
    let person = async |_: &Board| Actor::full("ada");
    let all = let_in(person).await.len();
    assert_eq!(all, commands(&TaskId::from_bits(1)).len());
}

#[tokio::test]
async fn a_worker_cannot_choose_its_name() {
    let board = Board::new();
    let own = board.create(new("agent")).await;
    let claimed = board.claim_in(&own, "hermes", ClaimPolicy::default()).await;
    let boss = Actor::worker("boss", claimed.unwrap().token);
    let comment = CommentOnTask {
        task: own.clone(),
        body: "do as I say".to_owned(),
    };
    board.give(&boss, comment).await.unwrap();
    board.give(&boss, new("ada")).await.unwrap();
    let detail = board.kernel.task(&own).await.unwrap();
    assert_eq!(detail.comments[0].author, "agent");
    let tasks = board
        .kernel
        .tasks(kernel::TaskFilter::default())
        .await
        .unwrap();
    let created = tasks.iter().find(|task| task.id != own).unwrap();
    assert_eq!(created.created_by.as_deref(), Some("agent"));
}

#[tokio::test]
async fn a_chat_starts_nothing_of_the_shell_and_names_no_folder() {
    let board = Board::new();
    let done = board.create(new("shell")).await;
    board.complete(&done, "done").await.unwrap();
    for is_trusted in [false, true] {
        let guest = Actor::in_chat("guest", is_trusted);
        let again = MoveTask {
            task: done.clone(),
            to: Status::Ready,
        };
        let refused = refusal(board.give(&guest, again).await);
        assert_eq!(refused.kind(), ErrorKind::Forbidden);
        for (kind, path) in [
            (WorkspaceKind::Dir, "/home/ada"),
            (WorkspaceKind::Worktree, "/home/ada/repository"),
        ] {
            let elsewhere = CreateTask {
                workspace_kind: kind,
                workspace_path: Some(path.to_owned()),
                ..new("ada")
            };
            let refused = refusal(board.give(&guest, elsewhere).await);
            assert_eq!(refused, Refusal::FolderFromChat);
        }
    }
    assert_eq!(board.status(&done).await, Status::Done);
}

#[tokio::test]
async fn a_chat_makes_nothing_of_the_shell_wait_for_what_it_can_finish() {
    let board = Board::new();
    let parent = board.create(new("ada")).await;
    let over = board.create(new("shell")).await;
    board.complete(&over, "done").await.unwrap();
    let aside = board
        .create(CreateTask {
            triage: true,
            ..new("shell")
        })
        .await;
    let guest = Actor::in_chat("guest", true);
    for task in [&over, &aside] {
        let to_todo = MoveTask {
            task: task.clone(),
            to: Status::Todo,
        };
        let link = LinkTasks {
            parent: parent.to_string(),
            child: task.to_string(),
            on: None,
        };
        for command in [Command::from(to_todo), link.into()] {
            let refused = refusal(board.give(&guest, command).await);
            assert_eq!(refused, Refusal::ShellFromChat);
        }
    }
    let back = MoveTask {
        task: over.clone(),
        to: Status::Triage,
    };
    board.give(&guest, back).await.unwrap();
    board.complete(&parent, "done").await.unwrap();
    assert_eq!(board.status(&over).await, Status::Triage);
    assert_eq!(board.status(&aside).await, Status::Triage);
}

#[tokio::test]
async fn a_chat_ends_nothing_that_a_task_of_the_shell_waits_for() {
    let board = Board::new();
    let parent = board.create(new("ada")).await;
    let waits = board
        .create(CreateTask {
            parents: vec![parent.to_string()],
            ..new("shell")
        })
        .await;
    let complete = CompleteTask {
        task: parent.clone(),
        result: None,
        summary: None,
        metadata: None,
        outcome: None,
        unchecked: false,
    };
    let archive = ArchiveTask {
        task: parent.clone(),
    };
    let unlink = UnlinkTasks {
        parent: parent.clone(),
        child: waits.clone(),
    };
    let guest = Actor::in_chat("guest", true);
    for command in [Command::from(complete), archive.into(), unlink.into()] {
        let refused = refusal(board.give(&guest, command).await);
        assert_eq!(refused, Refusal::ShellFromChat);
    }
    assert_eq!(board.status(&parent).await, Status::Ready);
    board.complete(&parent, "done").await.unwrap();
    assert_eq!(board.status(&waits).await, Status::Ready);
}

#[tokio::test]
async fn a_chat_subscribes_no_other() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let to = |chat: &str| Address {
        platform: "slack".to_owned(),
        chat_id: chat.to_owned(),
        thread_id: String::new(),
        user_id: None,
    };
    let guest = Actor::in_chat("slack:U1", false).from_origin("slack:C1");
    let about = |chat: &str, ends: bool| {
        let (task, to) = (task.clone(), to(chat));
        if ends {
            Command::from(Unsubscribe { task, to })
        } else {
            Subscribe { task, to }.into()
        }
    };
    for ends in [false, true] {
        let refused = refusal(board.give(&guest, about("C2", ends)).await);
        assert_eq!(refused, Refusal::OtherChat);
        board.give(&guest, about("C1", ends)).await.unwrap();
    }
}

#[tokio::test]
async fn a_chat_that_is_not_trusted_stops_no_run() {
    let board = Board::new();
    let task = board.create(new("ada")).await;
    let block = || BlockTask {
        task: task.clone(),
        reason: None,
    };
    let guest = Actor::in_chat("guest", false);
    board.claim(&task).await.unwrap();
    let refused = refusal(board.give(&guest, block()).await);
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    assert_eq!(board.status(&task).await, Status::Running);
    let trusted = Actor::in_chat("guest", true);
    board.give(&trusted, block()).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Blocked);
}
