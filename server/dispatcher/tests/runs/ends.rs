//! How runs end.

use domain::command::NewTask;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::WorkspaceKind;

use crate::harness::{Board, gone, has_event, is_there, open, outcomes, wait_at};

#[tokio::test]
async fn a_script_that_exits_0_completes_its_task_with_its_output() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let task = board
        .create("echo $KANBAN_TASK in $PWD; echo $HERMES_KANBAN_TASK $HERMES_TENANT. >&2; cat")
        .await;
    let done = board.until_status(&task, Status::Done).await;
    let work = board.work();
    let result = format!("{task} in {}\n{task} .", work.display());
    assert_eq!(done.task.result, Some(result));
    assert_eq!(done.runs.len(), 1);
    assert_eq!(done.runs[0].outcome, Some(Outcome::Completed));
    let log = dispatcher::logs::read(&board.home, &task, None)
        .await
        .unwrap();
    assert!(log.text.ends_with(&format!("{task} .\n")), "{}", log.text);
    dispatcher.stop().await;
    let run_folders = std::fs::read_dir(board.home.runs()).unwrap().count();
    assert_eq!(run_folders, 0, "the folder of a settled run stays behind");
}

#[tokio::test]
async fn a_script_that_exits_3_is_tried_again_and_says_why() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let task = board
        .create("if [ -f marker ]; then exit 0; fi; touch marker; echo no marker; exit 3")
        .await;
    board.until_status(&task, Status::Done).await;
    board.until_all_is_settled().await;
    let done = board.detail(&task).await;
    let outcomes: Vec<_> = done
        .runs
        .iter()
        .map(|run| (run.outcome, run.exit_code))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Some(Outcome::Exit), Some(3)),
            (Some(Outcome::Completed), Some(0))
        ]
    );
    assert_eq!(
        done.runs[0].error.as_deref(),
        Some("exited with code 3: no marker")
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_exits_75_is_tried_again_later_and_has_not_failed() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let task = board.create("echo too many requests; exit 75").await;
    let deferred = board
        .until(&task, |detail| has_event(detail, "deferred"))
        .await;
    assert_eq!(deferred.runs[0].outcome, Some(Outcome::Deferred));
    let task = deferred.task;
    assert_eq!((task.status, task.failures), (Status::Ready, 0));
    let rest = task.not_before.unwrap().seconds_since(board.kernel.now());
    assert!((265..=300).contains(&rest), "{rest}");
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_kills_itself_fails_its_attempt() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let task = board.create("echo so long; kill -KILL $$").await;
    let failed = board
        .until(&task, |detail| has_event(detail, "attempt_failed"))
        .await;
    assert_eq!(failed.runs[0].outcome, Some(Outcome::Signal));
    assert_eq!(
        failed.runs[0].error.as_deref(),
        Some("ended by SIGKILL: so long")
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_workspace_that_cannot_be_had_is_a_failed_start_that_says_so() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let task = board
        .create_task(NewTask {
            title: "nowhere".to_owned(),
            assignee: Some("shell".to_owned()),
            workspace_kind: WorkspaceKind::Dir,
            ..NewTask::default()
        })
        .await;
    let failed = board
        .until(&task, |detail| has_event(detail, "spawn_failed"))
        .await;
    assert_eq!(failed.runs[0].outcome, Some(Outcome::SpawnFailed));
    let error = failed.task.last_error.unwrap();
    assert!(
        error.starts_with("workspace: a task with a workspace of kind dir"),
        "{error}"
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_reports_is_done_by_what_it_said() {
    let board = Board::new();
    board.lane("agent", "echo working; kanban complete $1 all is well", "");
    let dispatcher = board.start().await;
    let task = board.create_for("agent").await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("all is well"));
    board.until_all_is_settled().await;
    let run = board.kernel.run(done.runs[0].id).await.unwrap();
    assert_eq!(
        (run.outcome, run.exit_code),
        (Some(Outcome::Completed), Some(0))
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_asks_is_blocked_with_its_question() {
    let board = Board::new();
    board.lane("agent", "kanban block $1 which port?", "");
    let dispatcher = board.start().await;
    let task = board.create_for("agent").await;
    let blocked = board.until_status(&task, Status::Blocked).await;
    assert_eq!(blocked.task.block_reason.as_deref(), Some("which port?"));
    assert_eq!(outcomes(&blocked), [Some(Outcome::Blocked)]);
    dispatcher.stop().await;
}

#[tokio::test]
async fn the_last_words_of_a_worker_that_exits_without_a_report_are_kept() {
    let board = Board::new();
    board.lane("agent", "echo I have looked; echo it is the port", "");
    let dispatcher = board.start().await;
    let task = board.create_for("agent").await;
    let failed = board.until_event(&task, "attempt_failed").await;
    assert_eq!(failed.task.status, Status::Ready);
    let run = &failed.runs[0];
    assert_eq!(
        (run.outcome, run.exit_code),
        (Some(Outcome::Protocol), Some(0))
    );
    let words = "I have looked\nit is the port";
    assert_eq!(run.summary.as_deref(), Some(words));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_lane_says_what_an_exit_code_means() {
    let board = Board::new();
    board.lane(
        "agent",
        "echo which port?; exit 42",
        "exit_codes = { 42 = \"blocked\" }",
    );
    let dispatcher = board.start().await;
    let task = board.create_for("agent").await;
    let blocked = board.until_status(&task, Status::Blocked).await;
    assert_eq!(blocked.task.block_reason.as_deref(), Some("which port?"));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_takes_too_long_and_will_not_leave_is_gone_before_its_task_is_free() {
    let board = Board::new();
    let script = "trap '' TERM; echo at it; while true; do sleep 1; done";
    board.lane("slow", script, "max_run_time = \"1s\"");
    let dispatcher = board.start().await;
    let task = board.create_for("slow").await;
    let run = board.until_spawned(&task).await;
    let worker = board.worker_of(run.run).await;
    let failed = board.until_event(&task, "attempt_failed").await;
    assert!(!is_there(worker), "the worker is still there");
    assert_eq!(failed.runs[0].outcome, Some(Outcome::TimedOut));
    let error = failed.runs[0].error.as_deref();
    assert_eq!(error, Some("did not end within 1s: at it"));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_falls_silent_is_ended() {
    let board = Board::new();
    board.lane("agent", "sleep 1000", "heartbeat_timeout = \"1s\"");
    let dispatcher = board.start().await;
    let task = board.create_for("agent").await;
    let failed = board.until_event(&task, "attempt_failed").await;
    assert_eq!(failed.runs[0].outcome, Some(Outcome::HeartbeatLost));
    gone(failed.runs[0].worker_pid.unwrap()).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_silent_worker_that_shows_that_it_lives_is_let_be() {
    let board = Board::new();
    let script = "for i in 1 2 3 4 5 6 7 8; do sleep 0.5; kanban heartbeat $1 > /dev/null; done";
    board.lane(
        "agent",
        script,
        "heartbeat_timeout = \"2s\"\nsuccess = \"exit\"",
    );
    let dispatcher = board.start().await;
    let task = board.create_for("agent").await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(outcomes(&done), [Some(Outcome::Completed)]);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_closes_its_output_is_still_at_work() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    let script = "echo so far; exec > /dev/null 2>&1; echo closed > gate; read line < gate; exit 4";
    let task = board.create(script).await;
    wait_at(gate.clone()).await;
    let running = board.detail(&task).await;
    assert_eq!(running.task.status, Status::Running);
    open(gate, "go on\n").await;
    let failed = board.until_event(&task, "attempt_failed").await;
    let error = failed.runs[0].error.as_deref();
    assert_eq!(error, Some("exited with code 4: so far"));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_takes_all_its_file_handles_takes_them_from_nobody_else() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let script = "exec bash -c 'while exec {handle}> /dev/null; do :; done; echo $handle; exit 3'";
    let task = board.create(script).await;
    let failed = board.until_event(&task, "attempt_failed").await;
    assert_eq!(failed.runs[0].exit_code, Some(3));
    let next = board.create("true").await;
    board.until_status(&next, Status::Done).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_writes_without_end_fills_two_small_files_and_not_the_disk() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let task = board
        .create("yes 'all work and no play' | head -c 50000000; echo the end")
        .await;
    let done = board.until_status(&task, Status::Done).await;
    assert!(done.task.result.unwrap().ends_with("the end"));
    let logs = std::fs::read_dir(board.home.logs()).unwrap();
    let size: u64 = logs.map(|log| log.unwrap().metadata().unwrap().len()).sum();
    assert!(size <= 4 * 1024 * 1024, "{size}");
    dispatcher.stop().await;
}

#[tokio::test]
async fn the_part_of_the_log_that_a_run_wrote_can_be_found() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let script = "[ -f again ] && echo second && exit 0; touch again; echo first; exit 3";
    let task = board.create(script).await;
    board.until_status(&task, Status::Done).await;
    board.until_all_is_settled().await;
    let log = board.log(&task).await;
    let part = |run: &domain::run::Run| {
        let at = |offset: Option<u64>| usize::try_from(offset.unwrap()).unwrap();
        log[at(run.log_start)..at(run.log_end)].to_owned()
    };
    let runs = board.detail(&task).await.runs;
    assert_eq!(
        runs.iter().map(part).collect::<Vec<_>>(),
        ["first\n", "second\n"]
    );
    dispatcher.stop().await;
}
