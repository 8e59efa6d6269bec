//! The starts of a tick, and the tasks it leaves.

use std::collections::BTreeSet;

use dispatcher::{Spawned, TickReport};
use domain::actor::Actor;
use domain::command::{ClaimPolicy, ClaimTask, CreateTask};
use domain::dispatch::WhyNot;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Seconds;

use crate::harness::{Board, gone, has_event, in_time, open, outcomes, poll};

#[tokio::test]
async fn a_task_that_no_lane_serves_is_never_claimed() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let foreign = board
        .create_task(CreateTask {
            title: "for somebody else".to_owned(),
            assignee: Some("nobody".to_owned()),
            priority: 9,
            ..CreateTask::default()
        })
        .await;
    let ours = board.create("true").await;
    board.until_status(&ours, Status::Done).await;
    let detail = board.kernel.task(&foreign).await.unwrap();
    assert_eq!((detail.task.status, detail.runs.len()), (Status::Ready, 0));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_claim_by_hand_that_is_forgotten_does_not_take_up_the_board_for_ever() {
    let board = Board::new();
    let forgotten = board
        .create_task(CreateTask {
            title: "by hand".to_owned(),
            ..CreateTask::default()
        })
        .await;
    let claim = ClaimTask {
        task: forgotten.clone(),
        lock: "elsewhere:1".to_owned(),
        ttl: Seconds(1),
        lane: None,
        policy: ClaimPolicy::default(),
    };
    let person = Actor::full("user");
    board.kernel.execute(&person, claim).await.unwrap();
    let task = board.create("true").await;
    let dispatcher = board.start_with(board.config_with_cap(1)).await.unwrap();
    board.until_status(&task, Status::Done).await;
    let freed = board.until_event(&forgotten, "reclaimed").await;
    assert_eq!(outcomes(&freed), [Some(Outcome::Reclaimed)]);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_thousand_tasks_that_no_lane_serves_hold_up_nobody() {
    let board = Board::new();
    let foreign = CreateTask {
        title: "for somebody else".to_owned(),
        assignee: Some("nobody".to_owned()),
        priority: 9,
        ..CreateTask::default()
    };
    let many = vec![foreign.into(); 1_000];
    let person = Actor::full("user");
    board.kernel.execute_all(&person, many).await.unwrap();
    let ours = board.create("true").await;
    let dispatcher = board.start().await;
    board.until_status(&ours, Status::Done).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_single_look_starts_what_it_can_and_a_later_one_settles_it() {
    let board = Board::new();
    let gate = board.gate();
    let task = board.create("read line < gate; echo $line").await;
    let look = || {
        let (kernel, home) = (board.kernel.clone(), board.home.clone());
        dispatcher::dispatch_once(kernel, home, board.config(), None)
    };
    let report = look().await.unwrap();
    let spawned = Spawned {
        task: task.clone(),
        assignee: "shell".to_owned(),
        workspace: board.work().display().to_string(),
    };
    assert_eq!(report.spawned, [spawned]);
    let run = board.until_spawned(&task).await;
    assert_eq!(look().await.unwrap().spawned, []);
    open(gate, "by itself\n").await;
    gone(run.supervisor.unwrap().pid).await;
    assert_eq!(board.detail(&task).await.task.status, Status::Running);
    look().await.unwrap();
    let done = board.detail(&task).await;
    assert_eq!(done.task.result.as_deref(), Some("by itself"));
    assert!(!has_event(&done, "adopted"));
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_lists_exactly_what_then_starts() {
    let board = Board::new();
    board.configure("[lanes.shell]\ncap = 2\n[lanes.gone]\ncommand = [\"no-such-program\"]");
    let unassigned = board
        .create_task(CreateTask {
            title: "for nobody".to_owned(),
            ..CreateTask::default()
        })
        .await;
    let (foreign, broken) = (
        board.create_for("bob").await,
        board.create_for("gone").await,
    );
    let mut shell = Vec::new();
    for _ in 0..3 {
        shell.push(board.create("true").await);
    }
    let config = board.config_with_cap(9);
    let before = *board.kernel.newest_event().borrow();
    let dry = dispatcher::dry_run(&board.kernel, &board.home, &config, None).await;
    let dry = dry.unwrap();
    assert_eq!(*board.kernel.newest_event().borrow(), before);
    assert!(!board.home.runs().exists());

    let tasks = |report: &TickReport| -> Vec<TaskId> {
        let spawned = report.spawned.iter();
        spawned.map(|spawned| spawned.task.clone()).collect()
    };
    assert_eq!(tasks(&dry), shell[..2]);
    assert_eq!(dry.skipped_unassigned, std::slice::from_ref(&unassigned));
    let skipped: Vec<_> = dry
        .skipped
        .iter()
        .map(|skipped| (&skipped.task, &skipped.why))
        .collect();
    let no_lane = WhyNot::NoLane {
        assignee: "bob".to_owned(),
    };
    let lane_broken = WhyNot::LaneBroken {
        lane: "gone".to_owned(),
        problem: format!(
            "the program no-such-program was not found on the PATH {}",
            std::env::var("PATH").unwrap()
        ),
    };
    let full = WhyNot::AtCapacity {
        lane: Some("shell".to_owned()),
        running: 2,
        limit: 2,
    };
    assert_eq!(
        skipped,
        [
            (&unassigned, &WhyNot::NoAssignee),
            (&foreign, &no_lane),
            (&broken, &lane_broken),
            (&shell[2], &full)
        ]
    );
    let (kernel, home) = (board.kernel.clone(), board.home.clone());
    let wet = dispatcher::dispatch_once(kernel, home, config, None).await;
    assert_eq!(tasks(&wet.unwrap()), tasks(&dry));
    board.until_status(&shell[0], Status::Running).await;
}

#[tokio::test]
async fn a_dry_run_knows_what_another_program_did_to_the_board() {
    let board = Board::new();
    let (parent, early) = (board.create_for("nobody").await, board.create("true").await);
    let (forgotten, last) = (board.create("true").await, board.create("true").await);
    // Once it is free it waits, as its parent is not finished.
    let overtaken = board.create("true").await;
    let finished = board.create_for("nobody").await;
    let child = CreateTask {
        parents: vec![finished.to_string()],
        ..board.task("shell", "true")
    };
    let child = board.create_task(child).await;
    board.sql(&format!(
        "INSERT INTO task_links (parent_id, child_id) \
         VALUES ('{parent}', '{early}'), ('{parent}', '{overtaken}'); \
         UPDATE tasks SET status = 'running', claim_lock = 'hermes', claim_expires = 1 \
         WHERE id IN ('{forgotten}', '{overtaken}'); \
         UPDATE tasks SET status = 'done' WHERE id = '{finished}'"
    ));
    for cap in [3, 4] {
        let config = board.config_with_cap(cap);
        let dry = dispatcher::dry_run(&board.kernel, &board.home, &config, None).await;
        let dry = dry.unwrap();
        let started: BTreeSet<_> = dry.spawned.iter().map(|one| &one.task).collect();
        assert_eq!(started, [&forgotten, &last, &child].into());
        assert_eq!((dry.reclaimed, dry.promoted), (2, 1));
        let skipped: Vec<_> = dry.skipped.iter().map(|it| (&it.task, &it.why)).collect();
        let parents = vec![parent.clone()];
        let no_lane = WhyNot::NoLane {
            assignee: "nobody".to_owned(),
        };
        let waits = WhyNot::WaitsForParents {
            parents,
            because: None,
        };
        assert_eq!(skipped, [(&parent, &no_lane), (&early, &waits)]);
    }
    let (kernel, home) = (board.kernel.clone(), board.home.clone());
    let config = board.config_with_cap(4);
    let wet = dispatcher::dispatch_once(kernel, home, config, None).await;
    let wet = wet.unwrap();
    assert_eq!((wet.spawned.len(), wet.skipped.len()), (3, 2));
}

#[tokio::test]
async fn a_dry_run_says_of_a_dead_end_that_it_can_never_start() {
    let board = Board::new();
    let parent = board.create_for("nobody").await;
    let child = CreateTask {
        parents: vec![format!("{parent}:failure")],
        ..board.task("shell", "true")
    };
    let child = board.create_task(child).await;
    board.move_to(&parent, Status::Triage).await;
    board.sql(&format!(
        "UPDATE tasks SET status = 'done' WHERE id = '{parent}'; \
         UPDATE tasks SET status = 'ready', waiting = 0 WHERE id = '{child}'"
    ));
    let dry = dispatcher::dry_run(&board.kernel, &board.home, &board.config(), None).await;
    let skipped = dry.unwrap().skipped;
    let said: Vec<_> = skipped.iter().map(|it| it.why.to_string()).collect();
    assert_eq!(said.len(), 1);
    let expected = format!("it can never start: {parent} ended with success, and {child} starts");
    assert!(said[0].starts_with(&expected), "{said:?}");
}

#[tokio::test]
async fn a_dry_run_beside_a_dispatcher_goes_by_the_cap_that_is_in_force() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start_with(board.config_with_cap(1)).await.unwrap();
    let first = board.create("read line < gate").await;
    board.until_spawned(&first).await;
    let second = board.create("true").await;
    let config = board.config_with_cap(9);
    let dry = dispatcher::dry_run(&board.kernel, &board.home, &config, None).await;
    let dry = dry.unwrap();
    assert_eq!(dry.spawned, []);
    let (lane, running, limit) = (None, 1, 1);
    let why = WhyNot::AtCapacity {
        lane,
        running,
        limit,
    };
    assert_eq!((&dry.skipped[0].task, &dry.skipped[0].why), (&second, &why));
    open(gate, "go on\n").await;
    board.until_status(&second, Status::Done).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_look_that_was_asked_for_starts_no_more_than_that() {
    let board = Board::new();
    let gate = board.gate();
    for _ in 0..3 {
        board.create("read line < gate").await;
    }
    let (kernel, home) = (board.kernel.clone(), board.home.clone());
    let config = board.config_with_cap(4);
    let look = dispatcher::dispatch_once(kernel, home, config, Some(2));
    let report = look.await.unwrap();
    assert_eq!((report.spawned.len(), report.skipped.len()), (2, 1));
    for spawned in report.spawned {
        board.until_spawned(&spawned.task).await;
        board.move_to(&spawned.task, Status::Triage).await;
    }
    board.until_no_worker_is_left().await;
    drop(gate);
}

#[tokio::test]
async fn a_look_that_fails_is_not_the_last() {
    let board = Board::new();
    std::fs::create_dir_all(board.home.root().join("kanban")).unwrap();
    // Where the folders of the runs should be, there is something else.
    std::fs::write(board.home.runs(), "").unwrap();
    let dispatcher = board.start().await;
    let handle = dispatcher.handle();
    poll(|| handle.status().problem.is_some()).await;
    let asked = in_time(handle.tick(None)).await;
    assert!(asked.is_err(), "{asked:?}");
    std::fs::remove_file(board.home.runs()).unwrap();
    let task = board.create("true").await;
    board.until_status(&task, Status::Done).await;
    assert_eq!(handle.status().problem, None);
    dispatcher.stop().await;
}
