//! Counts, the audit log, and the deletion of old events.

use domain::command::{
    Answer, ArchiveTask, AssignTask, Audit, Count, CreateTask, ForgetEvents, Pause,
};
use domain::status::Status;
use domain::time::Seconds;

use crate::board::{Board, START, person};

#[tokio::test]
async fn stats_count_what_is_not_archived() {
    let board = Board::new();
    let create = |assignee: Option<&str>| {
        let assignee = assignee.map(str::to_owned);
        board.create(CreateTask {
            title: "task".to_owned(),
            assignee,
            ..CreateTask::default()
        })
    };
    create(Some("shell")).await;
    board.pass(Seconds(60));
    create(None).await;
    let gone = create(Some("shell")).await;
    board.act(ArchiveTask { task: gone }).await.unwrap();
    let stats = board.kernel.stats().await.unwrap();
    assert_eq!(
        serde_json::to_string(&stats).unwrap(),
        format!(
            r#"{{"by_status":{{"ready":2}},"by_assignee":{{"shell":{{"ready":1}}}},"oldest_ready_age_seconds":60,"now":{}}}"#,
            START.0 + 60
        )
    );
}

#[tokio::test]
async fn only_old_events_of_finished_tasks_are_forgotten() {
    let board = Board::new();
    let (open, over) = (
        board.task_named("open").await,
        board.task_named("over").await,
    );
    board.complete(&over, "done").await.unwrap();
    board.pass(Seconds(100));
    let young = board.task_named("young").await;
    board.complete(&young, "done").await.unwrap();
    let newest = board.newest_event();
    let receipt = board
        .act(ForgetEvents {
            before: START + Seconds(1),
        })
        .await
        .unwrap();
    assert!(matches!(receipt.answer, Answer::Count(Count(2))));
    assert_eq!(board.kinds(&open).await, ["created"]);
    assert_eq!(board.kinds(&young).await, ["created", "completed"]);
    assert_eq!(board.status(&over).await, Status::Done);
    assert_eq!(board.newest_event(), newest);
}

#[tokio::test]
async fn whoever_may_have_started_something_is_written_down() {
    let board = Board::new();
    let ada = person().from_origin("192.0.2.7");
    let new = CreateTask {
        title: "task".to_owned(),
        assignee: Some("shell".to_owned()),
        ..CreateTask::default()
    };
    board.give(&ada, new).await.unwrap();
    let unassigned = board.task_named("nobody's").await;
    let assign = AssignTask {
        task: unassigned.clone(),
        assignee: Some("codex".to_owned()),
        stop: false,
        reason: None,
    };
    board.act(assign.clone()).await.unwrap();
    board.act(assign).await.unwrap();
    let lane = Some("codex".to_owned());
    board.act(Pause { lane }).await.unwrap();
    let action = "token rotated".to_owned();
    board.act(Audit { action }).await.unwrap();

    let audit = board.kernel.audit(9).await.unwrap();
    let told = audit
        .iter()
        .map(|entry| (entry.action.as_str(), entry.detail.as_deref()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("token rotated", None),
            ("pause", Some("codex")),
            ("assign", Some("codex")),
            ("create", Some("shell")),
        ]
    );
    let first = audit.last().unwrap();
    assert_eq!((first.actor.as_str(), first.created_at), ("ada", START));
    assert_eq!(first.origin.as_deref(), Some("192.0.2.7"));
    assert_eq!(audit[2].task, Some(unassigned));
}
