//! The ends of runs.

use domain::command::CreateTask;
use domain::run::{Outcome, Run};
use domain::status::Status;
use domain::task::WorkspaceKind;

use crate::harness::{Board, gone, is_there, last_end, open, outcomes, poll, wait_at};

#[tokio::test]
async fn a_script_that_exits_0_completes_its_task_with_its_output() {
    let board = Board::new();
    let script =
        "echo $KANBAN_TASK in $PWD; echo $HERMES_KANBAN_TASK $HERMES_TENANT.; cat; echo bye >&2";
    let done = board.ran(script, "completed").await;
    let (task, work) = (&done.task.id, board.work());
    let result = format!("{task} in {}\n{task} .", work.display());
    assert_eq!(done.task.result, Some(result));
    assert_eq!(outcomes(&done), [Some(Outcome::Completed)]);
    let log = board.log(task).await;
    assert!(
        log.contains(&format!("{task} .\n")) && log.contains("bye\n"),
        "{log}"
    );
}

#[tokio::test]
async fn a_script_that_exits_3_is_tried_again_and_says_why() {
    let board = Board::new();
    let script = "if [ -f marker ]; then exit 0; fi; touch marker; echo no marker; exit 3";
    let done = board.ran(script, "completed").await;
    assert_eq!(last_end(&done), (Some(Outcome::Completed), Some(0), None));
    let first = &done.runs[0];
    assert_eq!(
        (first.outcome, first.exit_code),
        (Some(Outcome::Exit), Some(3))
    );
    let error = first.error.as_deref();
    assert_eq!(error, Some("exited with code 3: no marker"));
}

#[tokio::test]
async fn a_worker_that_exits_75_is_tried_again_later_and_has_not_failed() {
    let board = Board::new();
    let script = "echo too many requests; exit 75";
    let deferred = board.ran(script, "deferred").await;
    assert_eq!(outcomes(&deferred), [Some(Outcome::Deferred)]);
    let task = deferred.task;
    assert_eq!((task.status, task.failures), (Status::Ready, 0));
    let rest = task.not_before.unwrap().seconds_since(board.kernel.now());
    assert!((265..=300).contains(&rest), "{rest}");
}

#[tokio::test]
async fn a_worker_that_kills_itself_fails_its_attempt() {
    let board = Board::new();
    let script = "echo so long; kill -KILL $$";
    let failed = board.ran(script, "attempt_failed").await;
    let error = Some("ended by SIGKILL: so long");
    assert_eq!(last_end(&failed), (Some(Outcome::Signal), None, error));
}

#[tokio::test]
async fn a_workspace_that_only_a_person_can_mend_blocks_its_task_at_once_and_says_so() {
    let board = Board::new();
    let nowhere = CreateTask {
        workspace_kind: WorkspaceKind::Dir,
        workspace_path: None,
        ..board.task("shell", "")
    };
    let failed = board.came_of(nowhere, "spawn_auto_blocked").await;
    assert_eq!(outcomes(&failed), [Some(Outcome::SpawnFailed)]);
    let error = failed.task.last_error.unwrap();
    assert!(
        error.starts_with("workspace: a task with a workspace of kind dir"),
        "{error}"
    );
}

#[tokio::test]
async fn a_folder_that_was_worked_in_and_is_gone_is_not_made_again() {
    let board = Board::new();
    let work = board.work();
    let script = format!("rm -r {}; exit 3", work.display());
    let dispatcher = board.start().await;
    let task = board.create(&script).await;
    board.until_event(&task, "attempt_failed").await;
    board.sql("UPDATE tasks SET not_before = NULL");
    dispatcher.handle().nudge();
    let refused = board.until_event(&task, "spawn_auto_blocked").await;
    assert_eq!(refused.task.status, Status::Blocked);
    let ends = [Some(Outcome::Exit), Some(Outcome::SpawnFailed)];
    assert_eq!(outcomes(&refused), ends);
    let error = refused.task.last_error.unwrap();
    let says = format!("workspace: the folder {} is gone", work.display());
    assert!(error.starts_with(&says), "{error}");
    assert!(!work.exists());
    // Another task may well begin there.
    let other = board.create("true").await;
    board.until_status(&other, Status::Done).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_reports_is_done_by_what_it_said() {
    let board = Board::new();
    let script = "echo working; kanban complete $1 all is well";
    let done = board.agent_ran(script, "", "completed").await;
    assert_eq!(done.task.result.as_deref(), Some("all is well"));
    assert_eq!(last_end(&done), (Some(Outcome::Completed), Some(0), None));
}

#[tokio::test]
async fn a_worker_that_asks_is_blocked_with_its_question() {
    let board = Board::new();
    let script = "kanban block $1 which port?";
    let blocked = board.agent_ran(script, "", "blocked").await;
    assert_eq!(blocked.task.block_reason.as_deref(), Some("which port?"));
    assert_eq!(outcomes(&blocked), [Some(Outcome::Blocked)]);
}

#[tokio::test]
async fn the_last_words_of_a_worker_that_exits_without_a_report_are_kept() {
    let board = Board::new();
    let script = "echo I have looked; echo it is the port";
    let failed = board.agent_ran(script, "", "attempt_failed").await;
    assert_eq!(failed.task.status, Status::Ready);
    let (outcome, code, _) = last_end(&failed);
    assert_eq!((outcome, code), (Some(Outcome::Protocol), Some(0)));
    let words = "I have looked\nit is the port";
    assert_eq!(failed.runs[0].summary.as_deref(), Some(words));
}

#[tokio::test]
async fn a_lane_says_what_an_exit_code_means() {
    let board = Board::new();
    let script = "echo which port?; exit 42";
    let codes = "exit_codes = { 42 = \"blocked\" }";
    let blocked = board.agent_ran(script, codes, "blocked").await;
    assert_eq!(blocked.task.block_reason.as_deref(), Some("which port?"));
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
    let error = Some("did not end within 1s: at it");
    assert_eq!(last_end(&failed), (Some(Outcome::TimedOut), None, error));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_that_falls_silent_is_ended() {
    let board = Board::new();
    let limit = "heartbeat_timeout = \"1s\"";
    let failed = board.agent_ran("sleep 1000", limit, "attempt_failed").await;
    assert_eq!(outcomes(&failed), [Some(Outcome::HeartbeatLost)]);
    gone(failed.runs[0].worker_pid.unwrap()).await;
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
    let script = "exec bash -c 'while exec {handle}> /dev/null; do :; done; echo $handle; exit 3'";
    let failed = board.ran(script, "attempt_failed").await;
    assert_eq!(failed.runs[0].exit_code, Some(3));
    board.ran("true", "completed").await;
}

#[tokio::test]
async fn a_worker_that_writes_without_end_fills_two_small_files_and_not_the_disk() {
    let board = Board::new();
    let script = "yes 'all work and no play' | head -c 50000000; echo the end";
    let done = board.ran(script, "completed").await;
    assert!(done.task.result.unwrap().ends_with("the end"));
    let logs = std::fs::read_dir(board.home.logs()).unwrap();
    let size: u64 = logs.map(|log| log.unwrap().metadata().unwrap().len()).sum();
    assert!(size <= 4 * 1024 * 1024, "{size}");
}

#[tokio::test]
async fn the_part_of_the_log_that_a_run_wrote_can_be_found() {
    let board = Board::new();
    let script = "[ -f again ] && echo second && exit 0; touch again; echo first; exit 3";
    let done = board.ran(script, "completed").await;
    let log = board.log(&done.task.id).await;
    let part = |run: &Run| {
        let at = |offset: Option<u64>| usize::try_from(offset.unwrap()).unwrap();
        log[at(run.log_start)..at(run.log_end)].to_owned()
    };
    let parts: Vec<_> = done.runs.iter().map(part).collect();
    assert_eq!(parts, ["first\n", "second\n"]);
}

#[tokio::test]
async fn a_disk_that_is_full_when_the_worker_ends_costs_no_work_that_is_done() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    // What is in the way here is a folder, which also lets nothing be written.
    let script =
        "mkdir $KANBAN_HOME/kanban/runs/$KANBAN_RUN/exit.json; echo full > gate; echo done";
    let task = board.create(script).await;
    let run = board.until_spawned(&task).await.run;
    wait_at(gate).await;
    let folder = board.home.run_dir(run);
    // It is written, and cannot be given its name.
    let written = || std::fs::read(folder.join("exit.part")).unwrap_or_default();
    poll(|| serde_json::from_slice::<serde_json::Value>(&written()).is_ok()).await;
    std::fs::remove_dir(folder.join("exit.json")).unwrap();
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("done"));
    assert_eq!(outcomes(&done), [Some(Outcome::Completed)]);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_run_whose_particulars_make_no_sense_to_its_supervisor_is_a_failed_start() {
    let mut board = Board::new();
    // Another version of the program was put in the place of this one while it runs.
    board.supervisor_finds(r#"{"task":"t_00000001","token":"x","argv":7}"#);
    board.configure("[dispatcher]\nfailure_limit = 1");
    let given_up = board.ran("true", "spawn_auto_blocked").await;
    assert_eq!(outcomes(&given_up), [Some(Outcome::SpawnFailed)]);
    let error = given_up.task.last_error.unwrap();
    assert!(error.contains("spec.json makes no sense"), "{error}");
}

#[tokio::test]
async fn an_agents_json_lines_become_a_readable_log_and_its_last_message_the_result() {
    let board = Board::new();
    let line = |text: &str| {
        format!(
            r#"{{"type":"assistant","message":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#
        )
    };
    let script = format!(
        "echo warned >&2; echo '{}'; echo 'no json'; printf %s '{}'",
        line("I look."),
        line("All is well.")
    );
    let more = "success = \"exit\"\noutput = \"claude-stream\"";
    let done = board.agent_ran(&script, more, "completed").await;
    assert_eq!(done.task.result.as_deref(), Some("All is well."));
    let log = board.log(&done.task.id).await;
    assert!(log.contains("warned\n"), "{log}");
    // The two streams meet in any order.
    let of_stdout: Vec<&str> = log
        .lines()
        .skip(1)
        .filter(|line| *line != "warned")
        .collect();
    assert_eq!(of_stdout, ["I look.", "no json", "All is well."]);
}

#[tokio::test]
async fn the_result_of_a_lane_that_is_done_by_its_exit_is_from_standard_output_alone() {
    let board = Board::new();
    let script = "echo banner >&2; echo the answer; echo bye >&2";
    let done = board
        .agent_ran(script, "success = \"exit\"", "completed")
        .await;
    assert_eq!(done.task.result.as_deref(), Some("the answer"));
    let log = board.log(&done.task.id).await;
    assert!(log.contains("banner\n") && log.contains("the answer\n") && log.contains("bye\n"));
}

#[tokio::test]
async fn a_worker_finds_its_workspace_in_pwd_and_not_the_folder_of_the_server() {
    let board = Board::new();
    board.configure("[lanes.agent]\ncommand = [\"env\"]\nsuccess = \"exit\"");
    let done = board.came_of(board.task("agent", ""), "completed").await;
    let log = board.log(&done.task.id).await;
    let own = format!("PWD={}", board.work().display());
    assert!(log.lines().any(|line| line == own), "{log}");
}
