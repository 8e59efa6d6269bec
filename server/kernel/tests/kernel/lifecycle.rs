//! Create, comment, complete, block, unblock, move.

use domain::board::order;
use domain::command::{
    Answer, BlockTask, CommentOnTask, CompleteTask, CreateTask, Created, PromoteWaiting,
};
use domain::error::Error as Refusal;
use domain::status::Status;
use domain::time::Seconds;
use kernel::BoardFilter;

use crate::board::{Board, START, person, refusal};

#[tokio::test]
async fn a_new_task_is_ready_and_says_who_made_it() {
    let board = Board::new();
    let id = board.task_named("  write the report ").await;
    let task = board.task(&id).await;
    assert_eq!(task.title, "write the report");
    assert_eq!(task.status, Status::Ready);
    assert_eq!((task.created_at, task.status_since), (START, START));
    assert_eq!(task.created_by.as_deref(), Some("ada"));
    assert_eq!(
        board.newest_payload(&id).await,
        r#"{"assignee":null,"status":"ready","parents":[],"tenant":null}"#
    );
}

#[tokio::test]
async fn a_blank_title_changes_nothing() {
    let board = Board::new();
    let new = CreateTask {
        title: " \n".to_owned(),
        ..CreateTask::default()
    };
    assert_eq!(refusal(board.act(new).await), Refusal::BlankTitle);
    assert_eq!(board.newest_event().0, 0);
}

#[tokio::test]
async fn an_idea_waits_in_triage_whatever_its_parents() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let parents = vec![parent.to_string()];
    let new = CreateTask {
        title: "idea".to_owned(),
        triage: true,
        parents,
        ..CreateTask::default()
    };
    let idea = board.create(new).await;
    board.complete(&parent, "done").await.unwrap();
    assert_eq!(board.status(&idea).await, Status::Triage);
}

#[tokio::test]
async fn what_is_left_empty_is_not_meant() {
    let board = Board::new();
    let new = || CreateTask {
        title: "task".to_owned(),
        assignee: Some(" ".to_owned()),
        idempotency_key: Some(String::new()),
        ..CreateTask::default()
    };
    let (one, other) = (board.create(new()).await, board.create(new()).await);
    assert_ne!(one, other);
    assert_eq!(board.task(&one).await.assignee, None);
}

#[tokio::test]
async fn the_same_idempotency_key_finds_the_first_task() {
    let board = Board::new();
    let new = |title: &str| CreateTask {
        title: title.to_owned(),
        idempotency_key: Some("nightly".to_owned()),
        ..CreateTask::default()
    };
    let first = board.create(new("first")).await;
    let second = board.act(new("second")).await.unwrap();
    assert!(
        matches!(&second.answer, Answer::Created(Created { task, is_new: false }) if *task == first)
    );
    assert!(second.events.is_empty());
    assert_eq!(board.task(&first).await.title, "first");
}

#[tokio::test]
async fn unknown_parents_are_named() {
    let board = Board::new();
    let parents = ["t_1", "", "../../x"].map(str::to_owned).to_vec();
    let new = CreateTask {
        title: "child".to_owned(),
        parents,
        ..CreateTask::default()
    };
    let unknown = refusal(board.act(new).await);
    assert_eq!(unknown.to_string(), "unknown parent task(s): t_1, ../../x");
}

#[tokio::test]
async fn a_comment_is_kept_trimmed_and_told_as_it_was() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let say = |body: &str| CommentOnTask {
        task: task.clone(),
        body: body.to_owned(),
    };
    board.act(say(" héllo ")).await.unwrap();
    assert_eq!(
        board.kernel.task(&task).await.unwrap().comments[0].body,
        "héllo"
    );
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"author":"ada","len":7}"#
    );
    assert_eq!(refusal(board.act(say("  ")).await), Refusal::BlankComment);
}

#[tokio::test]
async fn completing_keeps_the_result_and_the_moment() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.pass(Seconds(90));
    board.complete(&task, "übersetzt").await.unwrap();
    let done = board.task(&task).await;
    assert_eq!(done.status, Status::Done);
    assert_eq!(done.result.as_deref(), Some("übersetzt"));
    assert_eq!(done.completed_at, Some(START + Seconds(90)));
    assert_eq!(board.newest_payload(&task).await, r#"{"result_len":9}"#);
}

#[tokio::test]
async fn completing_twice_is_refused_in_a_sentence() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.complete(&task, "once").await.unwrap();
    let refused = refusal(board.complete(&task, "twice").await);
    assert_eq!(
        refused.to_string(),
        format!("task {task} is done, so it cannot be completed")
    );
    assert_eq!(board.task(&task).await.result.as_deref(), Some("once"));
}

#[tokio::test]
async fn a_block_with_a_reason_is_also_a_comment() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.block(&task, "which region?").await;
    let detail = board.kernel.task(&task).await.unwrap();
    assert_eq!(detail.task.status, Status::Blocked);
    assert_eq!(detail.comments[0].body, "BLOCKED: which region?");
    assert_eq!(
        board.kinds(&task).await,
        ["created", "commented", "blocked"]
    );
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"reason":"which region?"}"#
    );
}

#[tokio::test]
async fn a_refused_block_leaves_no_comment_behind() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.complete(&task, "done").await.unwrap();
    let reason = Some("too late".to_owned());
    refusal(
        board
            .act(BlockTask {
                task: task.clone(),
                reason,
            })
            .await,
    );
    assert!(board.kernel.task(&task).await.unwrap().comments.is_empty());
}

#[tokio::test]
async fn blocked_is_left_only_by_a_person() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.block(&task, "which region?").await;
    board.act(PromoteWaiting {}).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Blocked);
    board.unblock(&task).await;
    assert_eq!(board.status(&task).await, Status::Ready);
}

#[tokio::test]
async fn a_card_that_a_person_put_into_todo_stays_there() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.move_to(&task, Status::Todo).await.unwrap();
    board.act(PromoteWaiting {}).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Todo);
}

#[tokio::test]
async fn moving_a_card_where_it_is_writes_nothing() {
    let board = Board::new();
    let task = board.task_named("task").await;
    assert!(
        board
            .move_to(&task, Status::Ready)
            .await
            .unwrap()
            .events
            .is_empty()
    );
}

#[tokio::test]
async fn nobody_moves_a_card_to_running_or_done_by_hand() {
    let board = Board::new();
    let task = board.task_named("task").await;
    for to in [
        Status::Running,
        Status::Done,
        Status::Blocked,
        Status::Archived,
    ] {
        assert!(matches!(
            refusal(board.move_to(&task, to).await),
            Refusal::NoSuchMove { .. }
        ));
    }
}

#[tokio::test]
async fn all_of_several_commands_happen_or_none() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let comment = CommentOnTask {
        task: task.clone(),
        body: "first".to_owned(),
    };
    let complete = || CompleteTask {
        task: task.clone(),
        result: None,
        summary: None,
        metadata: None,
        outcome: None,
        unchecked: false,
    };
    let commands = vec![comment.into(), complete().into(), complete().into()];
    refusal(board.kernel.execute_all(&person(), commands).await);
    assert_eq!(board.status(&task).await, Status::Ready);
    assert_eq!(board.kinds(&task).await, ["created"]);
}

#[tokio::test]
async fn cards_of_one_second_keep_the_order_of_their_creation() {
    let board = Board::new();
    let mut created = Vec::new();
    for _ in 0..20 {
        created.push(board.task_named("task").await);
    }
    let snapshot = board.kernel.board(BoardFilter::default()).await.unwrap();
    let shown: Vec<_> = snapshot.tasks.iter().map(|task| task.id.clone()).collect();
    assert_eq!(shown, created);
    assert!(snapshot.tasks.is_sorted_by_key(order));
}
