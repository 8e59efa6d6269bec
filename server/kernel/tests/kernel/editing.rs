//! Assign, edit, prioritise, archive, link, unlink.

use domain::command::{
    Answer, ArchiveTask, AssignTask, Change, Command, CreateTask, EditTask, LimitTask, LinkTasks,
    SetPriority, Undo, UnlinkTasks,
};
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use kernel::BoardFilter;

use crate::board::{Board, refusal};

fn assign(task: &TaskId, to: Option<&str>, stop: bool) -> AssignTask {
    AssignTask {
        task: task.clone(),
        assignee: to.map(str::to_owned),
        stop,
        reason: None,
    }
}

fn link(parent: &TaskId, child: &TaskId) -> Command {
    LinkTasks {
        parent: parent.to_string(),
        child: child.to_string(),
        on: None,
    }
    .into()
}

fn unlink(parent: &TaskId, child: &TaskId) -> Command {
    UnlinkTasks {
        parent: parent.clone(),
        child: child.clone(),
    }
    .into()
}

#[tokio::test]
async fn assigning_says_to_whom_and_forgives_failures() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let claimed = board.claim(&task).await.unwrap();
    board.fail(claimed.run, Outcome::Exit).await;
    board
        .act(assign(&task, Some("codex"), false))
        .await
        .unwrap();
    let assigned = board.task(&task).await;
    assert_eq!(assigned.assignee.as_deref(), Some("codex"));
    assert_eq!((assigned.failures, assigned.not_before), (0, None));
    assert_eq!(board.newest_payload(&task).await, r#"{"assignee":"codex"}"#);
    board.act(assign(&task, None, false)).await.unwrap();
    assert_eq!(board.newest_payload(&task).await, r#"{"assignee":null}"#);
}

#[tokio::test]
async fn a_running_task_is_reassigned_only_when_its_worker_may_be_stopped() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.claim(&task).await.unwrap();
    let refused = refusal(board.act(assign(&task, Some("codex"), false)).await);
    assert_eq!(refused, Refusal::RunningReassign { task: task.clone() });
    board.act(assign(&task, Some("codex"), true)).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
    assert!(board.kernel.open_runs().await.unwrap().is_empty());
    assert_eq!(
        board.kinds(&task).await,
        ["created", "claimed", "cancelled", "assigned"]
    );
    // The assignee stays the same: its worker is stopped nonetheless.
    board.claim(&task).await.unwrap();
    board
        .act(assign(&task, Some("codex"), false))
        .await
        .unwrap();
    assert_eq!(board.status(&task).await, Status::Running);
    let stop = AssignTask {
        reason: Some("it loops".to_owned()),
        ..assign(&task, Some("codex"), true)
    };
    board.act(stop).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
    let reclaimed = board.kernel.task(&task).await.unwrap();
    let run = reclaimed.runs.last().unwrap();
    assert_eq!(run.outcome, Some(Outcome::Reclaimed));
    assert_eq!(run.error.as_deref(), Some("it loops"));
}

#[tokio::test]
async fn an_edit_that_changes_nothing_writes_no_event() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let edit = |title: Option<&str>, body: Option<&str>| EditTask {
        title: title.map(str::to_owned),
        body: body.map(str::to_owned),
        ..EditTask::of(task.clone())
    };
    board.act(edit(Some(" task "), None)).await.unwrap();
    board
        .act(SetPriority {
            task: task.clone(),
            priority: 0,
        })
        .await
        .unwrap();
    board.act(assign(&task, None, false)).await.unwrap();
    assert_eq!(board.kinds(&task).await, ["created"]);
    board
        .act(edit(Some("new"), Some("  as it is\n")))
        .await
        .unwrap();
    let edited = board.task(&task).await;
    assert_eq!(
        (edited.title.as_str(), edited.body.as_deref()),
        ("new", Some("  as it is\n"))
    );
    assert_eq!(
        refusal(board.act(edit(Some(" "), None)).await),
        Refusal::BlankTitle
    );
    board
        .act(SetPriority {
            task: task.clone(),
            priority: -2,
        })
        .await
        .unwrap();
    assert_eq!(board.kinds(&task).await, ["created", "edited", "priority"]);
}

#[tokio::test]
async fn an_archived_parent_counts_as_finished() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    board
        .act(ArchiveTask {
            task: parent.clone(),
        })
        .await
        .unwrap();
    assert_eq!(board.status(&child).await, Status::Ready);
    assert_eq!(
        board.status(&board.child_of(&[&parent]).await).await,
        Status::Ready
    );
    let again = refusal(board.act(ArchiveTask { task: parent }).await);
    assert!(matches!(again, Refusal::WrongStatus { .. }));
}

#[tokio::test]
async fn archiving_a_running_task_ends_its_run_and_frees_its_key() {
    let board = Board::new();
    let new = || CreateTask {
        title: "nightly".to_owned(),
        idempotency_key: Some("k".to_owned()),
        ..CreateTask::default()
    };
    let task = board.create(new()).await;
    board.claim(&task).await.unwrap();
    board.act(ArchiveTask { task: task.clone() }).await.unwrap();
    let archived = board.task(&task).await;
    assert_eq!((archived.claim_lock, archived.claim_expires), (None, None));
    assert_ne!(board.create(new()).await, task);
}

#[tokio::test]
async fn linking_to_an_unfinished_parent_makes_a_ready_task_wait() {
    let board = Board::new();
    let (parent, child) = (
        board.task_named("parent").await,
        board.task_named("child").await,
    );
    board.act(link(&parent, &child)).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
    assert_eq!(board.kinds(&child).await, ["created", "linked", "demoted"]);
    board.act(unlink(&parent, &child)).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Ready);
    assert_eq!(board.kinds(&child).await[3..], ["unlinked", "ready"]);
}

#[tokio::test]
async fn linking_twice_writes_one_event() {
    let board = Board::new();
    let (parent, child) = (
        board.task_named("parent").await,
        board.task_named("child").await,
    );
    board.complete(&parent, "done").await.unwrap();
    board.act(link(&parent, &child)).await.unwrap();
    let again = board.act(link(&parent, &child)).await.unwrap();
    assert!(matches!(again.answer, Answer::Change(Change::Unchanged)));
    assert_eq!(board.kinds(&child).await, ["created", "linked"]);
    assert_eq!(board.status(&child).await, Status::Ready);
}

#[tokio::test]
async fn a_running_child_is_left_alone_by_a_new_link() {
    let board = Board::new();
    let (parent, child) = (
        board.task_named("parent").await,
        board.task_named("child").await,
    );
    board.claim(&child).await.unwrap();
    board.act(link(&parent, &child)).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Running);
}

#[tokio::test]
async fn no_chain_of_links_comes_back_to_its_start() {
    let board = Board::new();
    let a = board.task_named("a").await;
    let b = board.child_of(&[&a]).await;
    let c = board.child_of(&[&b]).await;
    let refused = refusal(board.act(link(&c, &a)).await);
    assert_eq!(
        refused,
        Refusal::LinkCycle {
            parent: c,
            child: a.clone()
        }
    );
    assert_eq!(refusal(board.act(link(&a, &a)).await), Refusal::SelfLink);
    let ghost = TaskId::from_bits(0xdead);
    let refused = refusal(board.act(link(&ghost, &a)).await);
    assert_eq!(refused.to_string(), "unknown task(s): t_0000dead");
}

#[tokio::test]
async fn unlinking_what_was_not_linked_changes_nothing() {
    let board = Board::new();
    let (a, b) = (board.task_named("a").await, board.task_named("b").await);
    let receipt = board.act(unlink(&a, &b)).await.unwrap();
    assert!(matches!(receipt.answer, Answer::Change(Change::Unchanged)));
    assert_eq!(board.kinds(&b).await, ["created"]);
}

#[tokio::test]
async fn a_parentless_card_in_todo_stays_when_a_link_is_removed() {
    let board = Board::new();
    let (parent, child) = (
        board.task_named("parent").await,
        board.task_named("child").await,
    );
    board.complete(&parent, "done").await.unwrap();
    board.act(link(&parent, &child)).await.unwrap();
    board.move_to(&child, Status::Todo).await.unwrap();
    board.act(unlink(&parent, &child)).await.unwrap();
    assert_eq!(board.status(&child).await, Status::Todo);
}

#[tokio::test]
async fn limits_are_kept_changed_taken_away_and_undone() {
    let board = Board::new();
    let task = board
        .create(CreateTask {
            title: "task".to_owned(),
            failure_limit: Some(3),
            max_runtime: Some(Seconds(90)),
            ..CreateTask::default()
        })
        .await;
    let limits = || async {
        let task = board.task(&task).await;
        (task.max_runtime, task.failure_limit)
    };
    let limit = |max_runtime, failure_limit| LimitTask {
        task: task.clone(),
        max_runtime,
        failure_limit,
        rework_limit: None,
    };
    assert_eq!(limits().await, (Some(Seconds(90)), Some(3)));
    board.act(limit(Some(Seconds(0)), None)).await.unwrap();
    assert_eq!(limits().await, (None, Some(3)));
    let receipt = board.act(limit(None, Some(1))).await.unwrap();
    assert_eq!(limits().await, (None, Some(1)));
    let event = receipt.events[0];
    board.act(Undo { event }).await.unwrap();
    assert_eq!(limits().await, (None, Some(3)));
    let same = board.act(limit(None, Some(3))).await.unwrap();
    assert!(same.events.is_empty());
}

#[tokio::test]
async fn what_another_program_calls_a_skill_is_no_flag_and_no_text() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let skills = r#"["rust", "--yolo", "a\n## Body", "", "sql"]"#;
    board.sql(&format!("UPDATE tasks SET skills = '{skills}'"));
    assert_eq!(board.task(&task).await.skills(), ["rust", "sql"]);
}

#[tokio::test]
async fn skills_are_names_each_once() {
    let board = Board::new();
    let with = |names: &[&str]| CreateTask {
        title: "task".to_owned(),
        skills: names.iter().map(|&name| name.to_owned()).collect(),
        ..CreateTask::default()
    };
    let task = board.create(with(&["rust", " a/b ", "", "rust"])).await;
    assert_eq!(board.task(&task).await.skills(), ["rust", "a/b"]);
    let context = board.kernel.context(&task).await.unwrap();
    assert!(context.contains("\nSkills:   rust, a/b\n"), "{context}");
    for bad in ["--yolo", "a,b", "a b", "a\nb", "$(id)"] {
        let refused = refusal(board.act(with(&[bad])).await);
        assert_eq!(refused, Refusal::BadSkill(bad.to_owned()));
    }
}

#[tokio::test]
async fn a_due_time_is_set_removed_and_taken_back() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let edit = |due: i64| EditTask {
        due_at: Some(Timestamp(due)),
        ..EditTask::of(task.clone())
    };
    board.act(edit(2_000_000_000)).await.unwrap();
    assert_eq!(
        board.task(&task).await.due_at,
        Some(Timestamp(2_000_000_000))
    );
    let snapshot = board.kernel.board(BoardFilter::default()).await.unwrap();
    assert_eq!(snapshot.tasks[0].due_at, Some(Timestamp(2_000_000_000)));
    let removed = board.act(edit(0)).await.unwrap();
    assert_eq!(board.task(&task).await.due_at, None);
    let event = *removed.events.last().unwrap();
    board.act(Undo { event }).await.unwrap();
    assert_eq!(
        board.task(&task).await.due_at,
        Some(Timestamp(2_000_000_000))
    );
    let again = board.act(edit(2_000_000_000)).await.unwrap();
    assert!(again.events.is_empty());
}
