//! Faults of the machine and of lanes, which are not charged to tasks.

use std::os::unix::fs::PermissionsExt;

use domain::command::CreateTask;
use domain::dispatch::WhyNot;
use domain::hold::Cause;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::{TaskDetail, WorkspaceKind};

use crate::harness::{Board, Forbidden, in_time, outcomes, write_program};

/// Creates some tasks that are ready, each with a workspace of its own.
async fn ready_tasks(board: &Board, assignee: &str) -> Vec<TaskId> {
    let mut tasks = Vec::new();
    for _ in 0..10 {
        let task = CreateTask {
            workspace_kind: WorkspaceKind::Scratch,
            workspace_path: None,
            ..board.task(assignee, "true")
        };
        tasks.push(board.create_task(task).await);
    }
    tasks
}

/// Returns the tasks as they are, and asserts that nothing was counted against any of them.
async fn uncounted(board: &Board, tasks: &[TaskId]) -> Vec<TaskDetail> {
    let mut details = Vec::new();
    for task in tasks {
        let detail = board.detail(task).await;
        let counted = |outcome: &Option<Outcome>| {
            !matches!(
                outcome,
                None | Some(Outcome::Interrupted | Outcome::Deferred | Outcome::Completed)
            )
        };
        assert!(!outcomes(&detail).iter().any(counted), "{detail:?}");
        assert_eq!((detail.task.failures, &detail.task.last_error), (0, &None));
        details.push(detail);
    }
    details
}

async fn until_done(board: &Board, tasks: &[TaskId]) {
    for task in tasks {
        board.until_status(task, Status::Done).await;
    }
    uncounted(board, tasks).await;
}

/// Asserts that all tasks wait for the machine, with a reason that begins like this.
async fn wait_for_the_machine(board: &Board, tasks: &[TaskId], reason: &str) {
    let is_it = |said: &Option<String>| said.as_ref().is_some_and(|it| it.starts_with(reason));
    let report = board.until_report(|report| is_it(&report.fault)).await;
    assert!(is_it(&report.problem), "{report:?}");
    for task in tasks {
        // Some may have been claimed before the first of them failed.
        board.until_status(task, Status::Ready).await;
    }
    for detail in uncounted(board, tasks).await {
        let why = board.kernel.why(&detail.task.id).await.unwrap().unwrap();
        let WhyNot::MachineFault { problem } = &why else {
            panic!("{why}");
        };
        assert!(problem.starts_with(reason), "{why}");
    }
}

#[tokio::test]
async fn a_folder_of_ours_that_nobody_can_write_to_holds_all_tasks_back_and_counts_for_none() {
    for folder in [
        |board: &Board| board.home.runs(),
        |board: &Board| board.home.logs(),
    ] {
        let board = Board::new();
        let forbidden = Forbidden::folder(folder(&board));
        let dispatcher = board.start().await;
        let tasks = ready_tasks(&board, "shell").await;
        let reason = format!("cannot write to {}", folder(&board).display());
        wait_for_the_machine(&board, &tasks, &reason).await;
        let report = in_time(dispatcher.handle().tick(None)).await.unwrap();
        assert_eq!(report.spawned.len(), 0);
        assert_eq!(report.skipped.len(), tasks.len());
        // Its next probe finds the machine well again.
        drop(forbidden);
        until_done(&board, &tasks).await;
        board.until_report(|report| report.fault.is_none()).await;
        dispatcher.stop().await;
    }
}

#[tokio::test]
async fn a_disk_without_inodes_holds_all_tasks_back_and_counts_for_none() {
    let test = "a_disk_without_inodes_holds_all_tasks_back_and_counts_for_none";
    let Some(board) = Board::on_disk(test, "size=64m,nr_inodes=300") else {
        return;
    };
    let fill = board.folder.path().join("fill");
    std::fs::create_dir(&fill).unwrap();
    let dispatcher = board.start().await;
    let mut files = 0..;
    while std::fs::write(fill.join(files.next().unwrap().to_string()), "").is_ok() {}
    let tasks = ready_tasks(&board, "shell").await;
    let reason = format!("the disk of {} has no inodes", board.home.root().display());
    wait_for_the_machine(&board, &tasks, &reason).await;
    std::fs::remove_dir_all(&fill).unwrap();
    until_done(&board, &tasks).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_supervisor_that_cannot_be_started_holds_all_tasks_back_and_counts_for_none() {
    let board = Board::new();
    let mut config = board.config();
    let later = board.folder.path().join("later");
    config.program.clone_from(&later);
    let dispatcher = board.start_with(config).await.unwrap();
    let tasks = ready_tasks(&board, "shell").await;
    let reason = format!("cannot start {}", later.display());
    wait_for_the_machine(&board, &tasks, &reason).await;
    std::fs::rename(&board.program, &later).unwrap();
    dispatcher.handle().nudge();
    until_done(&board, &tasks).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn what_is_in_the_way_of_one_task_alone_is_counted_and_holds_up_no_other() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let idea = CreateTask {
        triage: true,
        ..board.task("shell", "true")
    };
    let task = board.create_task(idea).await;
    std::fs::create_dir_all(board.home.log(&task)).unwrap();
    board.move_to(&task, Status::Ready).await;
    let failed = board.until_event(&task, "spawn_failed").await;
    assert_eq!(
        (failed.task.failures, outcomes(&failed)),
        (1, vec![Some(Outcome::SpawnFailed)])
    );
    let error = failed.task.last_error.unwrap();
    let log = board.home.log(&task);
    assert!(
        error.starts_with(&format!("cannot write {}", log.display())),
        "{error}"
    );
    let other = board.create("true").await;
    board.until_status(&other, Status::Done).await;
    assert_eq!(dispatcher.handle().status().fault, None);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_supervisor_that_ends_before_it_starts_its_worker_has_failed_to_start_it() {
    let mut board = Board::new();
    let program = board.folder.path().join("broken");
    write_program(&program, "#!/bin/sh\necho out of luck >&2; exit 1\n");
    board.program = program;
    let failed = board.ran("true", "spawn_failed").await;
    assert_eq!(outcomes(&failed), [Some(Outcome::SpawnFailed)]);
    let error = "its supervisor ended before it had started the worker: out of luck";
    assert_eq!(failed.task.last_error.as_deref(), Some(error));
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_holds_its_lane_back_and_counts_for_no_task() {
    let board = Board::new();
    let program = board.folder.path().join("agent");
    std::fs::write(&program, "#!/no/such/interpreter\n").unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();
    board.configure(&format!(
        "[lanes.agent]\ncommand = [\"{}\"]\nsuccess = \"exit\"",
        program.display()
    ));
    let dispatcher = board.start().await;
    let tasks = ready_tasks(&board, "agent").await;
    let says = format!("cannot start {}: No such file", program.display());
    let hold = board.until_held("agent").await;
    assert_eq!(hold.cause, Cause::Failing);
    assert!(hold.reason.as_ref().unwrap().starts_with(&says), "{hold:?}");
    uncounted(&board, &tasks).await;
    let other = board.create("true").await;
    board.until_status(&other, Status::Done).await;
    write_program(&program, "#!/bin/sh\ntrue\n");
    dispatcher.handle().nudge();
    until_done(&board, &tasks).await;
    assert_eq!(board.kernel.dispatch().await.unwrap().holds, []);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_lane_that_is_held_back_is_tried_with_one_task() {
    let board = Board::new();
    let program = board.folder.path().join("agent");
    write_program(&program, "#!/no/such/interpreter\n");
    board.configure(&format!("[lanes.agent]\ncommand = [{program:?}]"));
    let dispatcher = board.start_with(board.config_with_cap(8)).await.unwrap();
    let tasks = ready_tasks(&board, "agent").await;
    board.until_held("agent").await;
    board.until_all_is_settled().await;
    let runs = async || {
        let mut count = 0;
        for task in &tasks {
            count += board.detail(task).await.runs.len();
        }
        count
    };
    let before = runs().await;
    dispatcher.handle().nudge();
    in_time(async {
        while runs().await == before {
            tokio::task::yield_now().await;
        }
    })
    .await;
    board.until_all_is_settled().await;
    assert_eq!(runs().await - before, 1);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_workspace_root_that_cannot_be_used_holds_its_lane_back_and_counts_for_no_task() {
    let board = Board::new();
    let root = board.folder.path().join("stick");
    std::fs::write(&root, "no folder").unwrap();
    board.lane(
        "agent",
        "true",
        &format!("success = \"exit\"\nworkspace_root = {root:?}"),
    );
    let dispatcher = board.start().await;
    let new = CreateTask {
        workspace_kind: WorkspaceKind::Scratch,
        workspace_path: None,
        ..board.task("agent", "")
    };
    let tasks = [
        board.create_task(new.clone()).await,
        board.create_task(new).await,
    ];
    let hold = board.until_held("agent").await;
    let reason = hold.reason.unwrap();
    assert!(
        reason.contains("in the workspace_root of its lane"),
        "{reason}"
    );
    uncounted(&board, &tasks).await;
    std::fs::remove_file(&root).unwrap();
    dispatcher.handle().nudge();
    until_done(&board, &tasks).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_text_that_no_program_can_be_given_is_its_tasks_fault_and_holds_no_lane_back() {
    let board = Board::new();
    board.lane("agent", "true", "");
    let odd = board.create_for("agent").await;
    board.sql(&format!(
        "UPDATE tasks SET tenant = 'a' || char(0) || 'b' WHERE id = '{odd}'"
    ));
    let dispatcher = board.start().await;
    let failed = board.until_event(&odd, "spawn_failed").await;
    assert_eq!(failed.task.failures, 1);
    let next = board.create_for("agent").await;
    board.until_event(&next, "spawned").await;
    dispatcher.stop().await;
}
