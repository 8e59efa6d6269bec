//! The queries of the dispatcher, and the board's knowledge of the dispatcher.

use domain::actor::Actor;
use domain::command::{
    ArchiveTask, AssignTask, ClaimPolicy, Command, CreateTask, ForgetWorkspace, Pause,
    PublishDispatcher, RecordWorkspace, Resume,
};
use domain::dispatch::WhyNot;
use domain::error::Error as Refusal;
use domain::fixture::report;
use domain::id::TaskId;
use domain::task::WorkspaceKind;
use domain::time::Seconds;
use domain::workspace::Workspace;
use kernel::ReadyCount;

use crate::board::{Board, START, refusal};

#[tokio::test]
async fn a_paused_dispatcher_or_lane_takes_nothing_and_people_may() {
    let board = Board::new();
    let task = board.task_named("task").await;
    for lane in [None, Some("shell")] {
        board.act(pause(lane)).await.unwrap();
        board.act(pause(lane)).await.unwrap();
        let lane_name = lane.map(str::to_owned);
        assert_eq!(
            refusal(board.claim_with(&task, patient()).await),
            Refusal::Paused { lane: lane_name }
        );
        board.act(resume(lane)).await.unwrap();
    }
    board.act(pause(Some("codex"))).await.unwrap();
    board.act(pause(None)).await.unwrap();
    board
        .claim_with(&task, ClaimPolicy::default())
        .await
        .unwrap();
    board.act(resume(None)).await.unwrap();
    let other = board.task_named("other").await;
    board.claim_with(&other, patient()).await.unwrap();
    let paused = board.kernel.dispatch().await.unwrap().paused;
    assert_eq!(paused.len(), 1);
    assert_eq!(paused[0].lane.as_deref(), Some("codex"));
    assert_eq!((paused[0].since, paused[0].by.as_str()), (START, "ada"));
}

fn patient() -> ClaimPolicy {
    ClaimPolicy {
        respects_pause: true,
        ..ClaimPolicy::default()
    }
}

fn pause(lane: Option<&str>) -> Command {
    let lane = lane.map(str::to_owned);
    Pause { lane }.into()
}

fn resume(lane: Option<&str>) -> Command {
    let lane = lane.map(str::to_owned);
    Resume { lane }.into()
}

#[tokio::test]
async fn what_the_dispatcher_says_can_be_asked_of_the_file() {
    let board = Board::new();
    let task = board.task_named("task").await;
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::NoAssignee)
    );
    let assign = AssignTask {
        task: task.clone(),
        assignee: Some("shell".to_owned()),
        stop: false,
        reason: None,
    };
    board.act(assign).await.unwrap();
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::DispatcherOff)
    );
    let report = report();
    let publish = PublishDispatcher(report.clone());
    let receipt = board.give(&Actor::dispatcher(), publish).await.unwrap();
    assert_eq!(receipt.events, []);
    assert_eq!(board.kernel.dispatch().await.unwrap().report, Some(report));
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::NotClaimedYet)
    );

    let running = board.task_named("running").await;
    board.claim(&running).await.unwrap();
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::AtCapacity {
            lane: None,
            running: 1,
            limit: 1
        })
    );
    assert_eq!(board.kernel.why(&running).await.unwrap(), None);
}

#[tokio::test]
async fn a_task_that_waits_names_the_chain_to_what_needs_a_person() {
    let board = Board::new();
    let top = board.task_named("top").await;
    let middle = board.child_of(&[&top]).await;
    let bottom = board.child_of(&[&middle]).await;
    let why = async |task: &TaskId| board.kernel.why(task).await.unwrap().unwrap().to_string();
    let unassigned = format!("it waits for {top}; {top} (ready): it is assigned to nobody");
    assert_eq!(why(&middle).await, unassigned);
    board.block(&top, "which port?").await;
    assert_eq!(
        why(&bottom).await,
        format!("it waits for {middle}; {middle} waits for {top}; {top} (blocked): which port?")
    );
    board.unblock(&top).await;
    board.claim(&top).await.unwrap();
    assert_eq!(why(&bottom).await, format!("it waits for {middle}"));
}

#[tokio::test]
async fn the_task_at_the_end_of_a_chain_of_a_thousand_is_named() {
    let board = Board::new();
    let mut chain = vec![board.task_named("top").await];
    for _ in 0..1_100 {
        let last = chain.last().unwrap();
        chain.push(board.child_of(&[last]).await);
    }
    let bottom = chain.pop().unwrap();
    chain.reverse();
    let why = board.kernel.why(&bottom).await.unwrap().unwrap();
    let WhyNot::WaitsForParents { parents, because } = &why else {
        panic!("{why}");
    };
    let because = because.as_ref().unwrap();
    assert_eq!(
        (parents.as_slice(), because.chain.as_slice()),
        (&chain[..1], &chain[..])
    );
    assert_eq!(*because.why, WhyNot::NoAssignee);
    let text = why.to_string();
    assert!(text.contains("; … and 1093 more; "), "{text}");
    let end = format!("; {} (ready): it is assigned to nobody", chain[1_099]);
    assert!(text.ends_with(&end), "{text}");
}

#[tokio::test]
async fn the_question_of_a_blocked_task_goes_when_it_goes_on() {
    let board = Board::new();
    let task = board.task_named("task").await;
    board.block(&task, "which port?").await;
    let question = Some("which port?".to_owned());
    assert_eq!(board.task(&task).await.block_reason, question);
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::Blocked { question })
    );
    board.unblock(&task).await;
    assert_eq!(board.task(&task).await.block_reason, None);
}

#[tokio::test]
async fn what_can_start_comes_in_the_order_of_its_start() {
    let board = Board::new();
    let create = |title: &str, priority, assignee: Option<&str>| {
        board.create(CreateTask {
            title: title.to_owned(),
            priority,
            assignee: assignee.map(str::to_owned),
            ..CreateTask::default()
        })
    };
    let late = create("late", -1, Some("shell")).await;
    let first = create("first", 0, Some("shell")).await;
    create("nobody's", 9, None).await;
    create("somebody else's", 9, Some("ada")).await;
    let urgent = create("urgent", 5, Some("shell")).await;
    let order: Vec<_> = board
        .kernel
        .startable(vec!["shell".to_owned()], 9)
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.task)
        .collect();
    assert_eq!(order, [urgent, first, late]);
}

#[tokio::test]
async fn everybody_with_ready_tasks_is_found() {
    let board = Board::new();
    for assignee in ["b", "a", "b", "c"] {
        let task = board.task_named("task").await;
        let assignee = Some(assignee.to_owned());
        let assign = AssignTask {
            task,
            assignee,
            stop: false,
            reason: None,
        };
        board.act(assign).await.unwrap();
    }
    board.task_named("nobody's").await;
    assert_eq!(
        board.kernel.ready_assignees().await.unwrap(),
        ["a", "b", "c"]
    );
    let count = |assignee: Option<&str>, ready| ReadyCount {
        assignee: assignee.map(str::to_owned),
        ready,
        resting: 0,
    };
    assert_eq!(
        board.kernel.ready_counts().await.unwrap(),
        [
            count(None, 1),
            count(Some("a"), 1),
            count(Some("b"), 2),
            count(Some("c"), 1)
        ]
    );
}

#[tokio::test]
async fn only_folders_of_tasks_that_were_put_away_long_ago_may_go() {
    let board = Board::new();
    let (kept, gone) = (
        board.task_named("kept").await,
        board.task_named("gone").await,
    );
    let workspace = |task: &TaskId| Workspace {
        path: format!("/home/kanban/workspaces/{task}"),
        task: task.clone(),
        kind: WorkspaceKind::Scratch,
        repository: None,
        branch: None,
    };
    for task in [&kept, &gone] {
        let record = RecordWorkspace(workspace(task));
        board.give(&Actor::dispatcher(), record).await.unwrap();
    }
    let archive = ArchiveTask { task: gone.clone() };
    board.act(archive).await.unwrap();
    let at = |moment| board.kernel.removable_workspaces(moment);
    assert_eq!(at(START).await.unwrap(), []);
    assert_eq!(at(START + Seconds(1)).await.unwrap(), [workspace(&gone)]);
    let path = workspace(&gone).path;
    let forget = ForgetWorkspace { path };
    board.give(&Actor::dispatcher(), forget).await.unwrap();
    assert_eq!(at(START + Seconds(1)).await.unwrap(), []);
}
