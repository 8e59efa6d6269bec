//! Pauses, deferrals, protocol violations, signs of life, and what the dispatcher keeps.

use domain::actor::Actor;
use domain::backoff;
use domain::command::{ClaimPolicy, Command, Failure, LEASE, NewTask};
use domain::dispatch::{LaneReport, Report, WhyNot};
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::run::{Outcome, ProcessIdentity};
use domain::status::Status;
use domain::task::WorkspaceKind;
use domain::time::Seconds;
use domain::workspace::Workspace;
use kernel::ReadyCount;

use crate::board::{Board, START, person, refusal};

fn patient() -> ClaimPolicy {
    ClaimPolicy {
        respects_pause: true,
        ..ClaimPolicy::default()
    }
}

fn pause(lane: Option<&str>) -> Command {
    let lane = lane.map(str::to_owned);
    Command::Pause { lane }
}

fn resume(lane: Option<&str>) -> Command {
    let lane = lane.map(str::to_owned);
    Command::Resume { lane }
}

async fn defer(board: &Board, task: &TaskId) {
    let claimed = board.claim(task).await.unwrap();
    let (run, reason) = (claimed.run, "too many requests".to_owned());
    let defer = Command::DeferRun { run, reason };
    board.give(&Actor::dispatcher(), defer).await.unwrap();
}

async fn end_without_a_word(board: &Board, task: &TaskId) {
    let claimed = board.claim(task).await.unwrap();
    let failure = Failure {
        outcome: Outcome::Protocol,
        code: Some(0),
        error: "exited without a report".to_owned(),
        proposed: Some("it is blue".to_owned()),
    };
    let run = claimed.run;
    let fail = Command::FailRun {
        run,
        failure,
        limit: None,
    };
    board.give(&Actor::dispatcher(), fail).await.unwrap();
}

async fn unblock(board: &Board, task: &TaskId) {
    let task = task.clone();
    board.act(Command::UnblockTask { task }).await.unwrap();
}

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

#[tokio::test]
async fn deferrals_rest_longer_each_time_and_end_after_twenty_or_six_hours() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let mut rests = Vec::new();
    while board.status(&task).await == Status::Ready {
        defer(&board, &task).await;
        let resting = board.task(&task).await;
        assert_eq!(resting.failures, 0);
        rests.extend(resting.not_before.map(|until| until.seconds_since(START)));
    }
    assert!((270..=300).contains(&rests[0]), "{rests:?}");
    assert!((540..=600).contains(&rests[1]), "{rests:?}");
    assert!((18..=20).contains(&rests.len()), "{rests:?}");
    assert!(
        rests.iter().sum::<i64>() <= backoff::DEFERRED_FOR.0,
        "{rests:?}"
    );
    let blocked = board.task(&task).await;
    assert_eq!(blocked.status, Status::Blocked);
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::GaveUp {
            failures: 0,
            error: "too many requests".to_owned()
        })
    );
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"failures":0,"error":"too many requests","outcome":"deferred"}"#
    );

    unblock(&board, &task).await;
    defer(&board, &task).await;
    assert_eq!(board.status(&task).await, Status::Ready);
}

#[tokio::test]
async fn a_failure_begins_the_row_of_deferrals_anew() {
    let board = Board::new();
    let task = board.task_named("task").await;
    defer(&board, &task).await;
    end_without_a_word(&board, &task).await;
    defer(&board, &task).await;
    let rest = board.task(&task).await.not_before.unwrap();
    assert!((270..=300).contains(&rest.seconds_since(START)), "{rest:?}");
}

#[tokio::test]
async fn only_the_rests_count_for_the_six_hours_and_a_person_begins_the_row_anew() {
    let board = Board::new();
    let task = board.task_named("task").await;
    defer(&board, &task).await;
    // The dispatcher was off for a night.
    board.pass(Seconds(backoff::DEFERRED_FOR.0 + 1));
    defer(&board, &task).await;
    assert_eq!(board.status(&task).await, Status::Ready);
    for to in [Status::Triage, Status::Ready] {
        board.move_to(&task, to).await.unwrap();
    }
    defer(&board, &task).await;
    let rest = board.task(&task).await.not_before.unwrap();
    assert!(rest.seconds_since(board.kernel.now()) <= 300);
}

#[tokio::test]
async fn the_third_end_without_a_word_in_a_row_blocks_the_task_and_keeps_what_was_said() {
    let board = Board::new();
    let task = board.task_named("task").await;
    end_without_a_word(&board, &task).await;
    let failed = board.claim(&task).await.unwrap().run;
    board.fail(failed, Outcome::Exit).await;
    end_without_a_word(&board, &task).await;
    end_without_a_word(&board, &task).await;
    // One of the last three had failed in another way.
    assert_eq!(board.status(&task).await, Status::Ready);
    let block = Command::BlockTask {
        task: task.clone(),
        reason: None,
    };
    board.act(block).await.unwrap();
    unblock(&board, &task).await;
    for _ in 0..2 {
        end_without_a_word(&board, &task).await;
        assert_eq!(board.status(&task).await, Status::Ready);
    }
    end_without_a_word(&board, &task).await;
    let detail = board.kernel.task(&task).await.unwrap();
    assert_eq!(detail.task.status, Status::Blocked);
    let last = detail.runs.last().unwrap();
    assert_eq!(last.summary.as_deref(), Some("it is blue"));
}

#[tokio::test]
async fn a_supervisor_says_nothing_of_its_workers_progress() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    board.pass(Seconds(60));
    let lives = Command::RenewLease {
        task: task.clone(),
        ttl: LEASE,
    };
    board.act(lives).await.unwrap();
    assert_eq!(board.kernel.run(run).await.unwrap().heartbeat_at, None);
    let beats = Command::Heartbeat {
        task: task.clone(),
        ttl: LEASE,
    };
    board.act(beats).await.unwrap();
    let now = START + Seconds(60);
    assert_eq!(board.kernel.run(run).await.unwrap().heartbeat_at, Some(now));
    assert_eq!(board.task(&task).await.claim_expires, Some(now + LEASE));
}

#[tokio::test]
async fn a_hand_off_stays_on_its_run() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    let complete = |metadata: &str| Command::CompleteTask {
        task: task.clone(),
        result: None,
        summary: Some("wrote it".to_owned()),
        metadata: Some(metadata.to_owned()),
    };
    for bad in ["", "[1]", "{\"a\":"] {
        assert_eq!(
            refusal(board.act(complete(bad)).await),
            Refusal::BadMetadata
        );
    }
    board.act(complete(r#"{"pages": 3}"#)).await.unwrap();
    let run = board.kernel.run(run).await.unwrap();
    assert_eq!(run.summary.as_deref(), Some("wrote it"));
    assert_eq!(run.metadata.as_deref(), Some(r#"{"pages": 3}"#));
    assert_eq!(board.task(&task).await.result.as_deref(), Some("wrote it"));

    let other = board.task_named("other").await;
    let without_run = Command::CompleteTask {
        task: other.clone(),
        result: None,
        summary: None,
        metadata: Some("{}".to_owned()),
    };
    assert_eq!(
        refusal(board.act(without_run).await),
        Refusal::NoRunForHandOff { task: other }
    );
}

#[tokio::test]
async fn how_a_worker_ended_is_kept_also_of_a_run_that_is_closed() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    let spawn = Command::RecordSpawn {
        run,
        worker_pid: 7,
        workspace: "/tmp/w".to_owned(),
        log_start: Some(10),
    };
    board.give(&Actor::dispatcher(), spawn).await.unwrap();
    board.complete(&task, "done").await.unwrap();
    let exit = Command::RecordExit {
        run,
        code: Some(0),
        log_end: Some(90),
    };
    board.give(&Actor::dispatcher(), exit).await.unwrap();
    let run = board.kernel.run(run).await.unwrap();
    assert_eq!((run.log_start, run.log_end), (Some(10), Some(90)));
    assert_eq!(
        (run.exit_code, run.outcome),
        (Some(0), Some(Outcome::Completed))
    );
    assert_eq!(run.workspace.as_deref(), Some("/tmp/w"));
}

#[tokio::test]
async fn the_question_of_a_blocked_task_goes_when_it_goes_on() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let block = Command::BlockTask {
        task: task.clone(),
        reason: Some("which port?".to_owned()),
    };
    board.act(block).await.unwrap();
    let question = Some("which port?".to_owned());
    assert_eq!(board.task(&task).await.block_reason, question);
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::Blocked { question })
    );
    unblock(&board, &task).await;
    assert_eq!(board.task(&task).await.block_reason, None);
}

#[tokio::test]
async fn what_the_dispatcher_says_can_be_asked_of_the_file() {
    let board = Board::new();
    let task = board.task_named("task").await;
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::NoAssignee)
    );
    let assign = Command::AssignTask {
        task: task.clone(),
        assignee: Some("shell".to_owned()),
        stop: false,
    };
    board.act(assign).await.unwrap();
    assert_eq!(
        board.kernel.why(&task).await.unwrap(),
        Some(WhyNot::DispatcherOff)
    );
    let report = Report {
        claimer: "host:1".to_owned(),
        process: ProcessIdentity {
            boot_id: "boot".to_owned(),
            pid: 1,
            started_ticks: 1,
        },
        is_running: true,
        last_tick: Some(START),
        next_tick: None,
        cap: 1,
        cap_reason: "1 processor".to_owned(),
        bad_ticks: 0,
        problem: None,
        lanes: vec![LaneReport {
            name: "shell".to_owned(),
            program: Some("/bin/sh".to_owned()),
            cap: None,
            serves_others: false,
            problem: None,
        }],
        leaving: Vec::new(),
    };
    let publish = Command::PublishDispatcher(report.clone());
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
async fn everybody_with_ready_tasks_is_found() {
    let board = Board::new();
    for assignee in ["b", "a", "b", "c"] {
        let task = board.task_named("task").await;
        let assignee = Some(assignee.to_owned());
        let assign = Command::AssignTask {
            task,
            assignee,
            stop: false,
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
        let record = Command::RecordWorkspace(workspace(task));
        board.give(&Actor::dispatcher(), record).await.unwrap();
    }
    let archive = Command::ArchiveTask { task: gone.clone() };
    board.act(archive).await.unwrap();
    let at = |moment| board.kernel.removable_workspaces(moment);
    assert_eq!(at(START).await.unwrap(), []);
    assert_eq!(at(START + Seconds(1)).await.unwrap(), [workspace(&gone)]);
    let path = workspace(&gone).path;
    let forget = Command::ForgetWorkspace { path };
    board.give(&Actor::dispatcher(), forget).await.unwrap();
    assert_eq!(at(START + Seconds(1)).await.unwrap(), []);
}

#[tokio::test]
async fn a_running_child_of_a_reopened_parent_goes_on_and_is_marked() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    let child = board.child_of(&[&parent]).await;
    board.complete(&parent, "done").await.unwrap();
    board.claim(&child).await.unwrap();
    let reopen = || Command::MoveTask {
        task: parent.clone(),
        to: Status::Ready,
    };
    board.act(reopen()).await.unwrap();
    let marked = board.task(&child).await;
    assert_eq!((marked.status, marked.waiting), (Status::Running, true));
    assert_eq!(
        board.newest_payload(&child).await,
        format!(r#"{{"reason":"parent_reopened","parent":"{parent}"}}"#)
    );
    board.complete(&parent, "done again").await.unwrap();
    let unmarked = board.task(&child).await;
    assert_eq!(
        (unmarked.status, unmarked.waiting),
        (Status::Running, false)
    );
    assert_eq!(
        board.newest_payload(&child).await,
        format!(r#"{{"parent":"{parent}"}}"#)
    );
}

#[tokio::test]
async fn whoever_may_have_started_something_is_written_down() {
    let board = Board::new();
    let ada = person().from_origin("192.0.2.7");
    let new = NewTask {
        title: "task".to_owned(),
        assignee: Some("shell".to_owned()),
        ..NewTask::default()
    };
    board.give(&ada, Command::CreateTask(new)).await.unwrap();
    let unassigned = board.task_named("nobody's").await;
    let assign = Command::AssignTask {
        task: unassigned.clone(),
        assignee: Some("codex".to_owned()),
        stop: false,
    };
    board.act(assign.clone()).await.unwrap();
    board.act(assign).await.unwrap();
    board.act(pause(Some("codex"))).await.unwrap();
    let action = "token rotated".to_owned();
    board.act(Command::Audit { action }).await.unwrap();

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
