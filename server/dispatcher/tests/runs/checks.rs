//! Checks, with real programs: what runs after a worker that says it has finished, and what follows.

use domain::actor::Actor;
use domain::check::Verdict;
use domain::command::{BeginCheck, CancelRun, CompleteTask, CreateTask};
use domain::error::Error as Refusal;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::TaskDetail;
use kernel::Error;

use crate::harness::{Board, count_of, gone, open, outcomes, poll, wait_at};

/// A task for the shell with a check.
fn checked(board: &Board, script: &str, check: &str) -> CreateTask {
    CreateTask {
        check: Some(check.to_owned()),
        ..board.task("shell", script)
    }
}

fn verdicts(detail: &TaskDetail) -> Vec<Verdict> {
    let receipts = detail.receipts.iter();
    receipts.map(|receipt| receipt.check.verdict).collect()
}

#[tokio::test]
async fn a_task_is_done_once_its_check_has_passed_and_the_receipt_says_so() {
    let board = Board::new();
    let check = "echo looking; cat \"$KANBAN_RESULT\"; test \"$KANBAN_CHECK\" = 1 && test -e made";
    let done = board
        .came_of(checked(&board, "touch made; echo 42", check), "completed")
        .await;
    assert_eq!(done.task.result.as_deref(), Some("42"));
    assert_eq!(outcomes(&done), [Some(Outcome::Completed)]);
    let [receipt] = done.receipts.as_slice() else {
        panic!("{:?}", done.receipts);
    };
    assert_eq!(receipt.run, Some(done.runs[0].id));
    assert_eq!(receipt.check.verdict, Verdict::Passed);
    assert_eq!(receipt.check.command, check);
    assert_eq!(receipt.check.exit_code, Some(0));
    assert_eq!(receipt.check.output.trim(), "looking\n42");
    let log = board.log(&done.task.id).await;
    let heading = format!("──── check of run {} ────\nlooking", done.runs[0].id);
    assert!(log.contains(&heading), "{log}");
    let (from, to) = (receipt.check.log_start, receipt.check.log_end);
    assert!(from > done.runs[0].log_start && to == done.runs[0].log_end);
    let kinds: Vec<&str> = done.events.iter().map(|it| it.kind.as_str()).collect();
    assert!(
        kinds.ends_with(&["check_started", "check_passed", "completed"]),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn a_red_check_sends_the_work_back_with_what_it_said_and_without_a_rest() {
    let board = Board::new();
    let script = "echo x >> tries";
    let check = "test $(wc -l < tries) = 2 || { echo one test fails; exit 3; }";
    let task = board.create_task(checked(&board, script, check)).await;
    let dispatcher = board.start().await;
    let red = board.until_event(&task, "check_failed").await;
    assert_eq!((red.task.failures, red.task.not_before), (0, None));
    let done = board.until_status(&task, Status::Done).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::CheckFailed), Some(Outcome::Completed)]
    );
    assert_eq!(verdicts(&done), [Verdict::Failed, Verdict::Passed]);
    let error = done.runs[0].error.as_deref();
    assert_eq!(error, Some("its check exited with code 3: one test fails"));
}

#[tokio::test]
async fn the_next_worker_reads_first_why_the_check_failed() {
    let board = Board::new();
    let script = "cat \"$3\" >> read; echo x >> tries";
    let more = "success = \"exit\"\ncheck = [\"sh\", \"-c\", \"grep -q 'two tests fail' read || ! echo two tests fail\"]";
    board.lane("agent", script, more);
    let done = board.came_of(board.task("agent", ""), "completed").await;
    assert_eq!(verdicts(&done), [Verdict::Failed, Verdict::Passed]);
    let read = std::fs::read_to_string(board.work().join("read")).unwrap();
    let heading = "## Check of the last attempt\nIt exited with code 1: two tests fail.";
    assert!(read.contains(heading), "{read}");
}

#[tokio::test]
async fn a_check_that_is_red_again_and_again_blocks_its_task_with_the_evidence() {
    let board = Board::new();
    let task = checked(&board, "true", "echo never; exit 1");
    let given_up = board.came_of(task, "gave_up").await;
    assert_eq!(given_up.task.status, Status::Blocked);
    assert_eq!(given_up.task.failures, 0);
    assert_eq!(verdicts(&given_up), [Verdict::Failed; 3]);
    assert_eq!(
        given_up.task.last_error.as_deref(),
        Some("its check exited with code 1: never")
    );
    assert_eq!(board.kernel.inbox().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_check_that_hangs_or_kills_itself_is_red() {
    let board = Board::new();
    let more = "success = \"exit\"\nrework_limit = 1\ncheck_time = \"1s\"\n";
    board.lane("agent", "true", more);
    for (check, verdict) in [
        ("sleep 1000", Verdict::TimedOut),
        ("kill -KILL $$", Verdict::Failed),
    ] {
        let task = CreateTask {
            check: Some(check.to_owned()),
            ..board.task("agent", "")
        };
        let blocked = board.came_of(task, "gave_up").await;
        assert_eq!(verdicts(&blocked), [verdict], "{check}");
    }
}

#[tokio::test]
async fn what_a_worker_leaves_behind_has_ended_before_the_check() {
    let board = Board::new();
    let script = "sleep 1000 & echo $! > left";
    let check = "! kill -0 $(cat left)";
    let done = board
        .came_of(checked(&board, script, check), "completed")
        .await;
    assert_eq!(verdicts(&done), [Verdict::Passed]);
}

#[tokio::test]
async fn a_workspace_that_is_gone_is_no_pass() {
    let board = Board::new();
    let script = "cd ..; rm -r work";
    let blocked = board
        .came_of(checked(&board, script, "true"), "check_failed")
        .await;
    assert_eq!(verdicts(&blocked)[0], Verdict::NotStarted);
}

#[tokio::test]
async fn a_worker_reports_and_its_task_is_done_only_after_the_check() {
    let board = Board::new();
    let gate = board.gate();
    board.lane(
        "agent",
        "echo here > gate; until test -e made; do sleep 0.05; done",
        "check = [\"test\", \"-e\", \"made\"]",
    );
    let dispatcher = board.start().await;
    let task = board.create_for("agent").await;
    let run = board.until_spawned(&task).await;
    wait_at(gate).await;
    let report = CompleteTask {
        task: task.clone(),
        result: Some("42".to_owned()),
        summary: Some("it is made".to_owned()),
        metadata: None,
        outcome: None,
        unchecked: false,
    };
    let worker = Actor::worker("agent", run.token.clone());
    board.kernel.execute(&worker, report.clone()).await.unwrap();
    assert_eq!(board.detail(&task).await.task.status, Status::Running);
    std::fs::write(board.work().join("made"), "").unwrap();
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("42"));
    assert_eq!(done.runs[0].summary.as_deref(), Some("it is made"));
    assert_eq!(verdicts(&done), [Verdict::Passed]);
    let late = board.kernel.execute(&worker, report).await;
    assert!(
        matches!(
            late,
            Err(Error::Refused(Refusal::StaleRun | Refusal::RunOver { .. }))
        ),
        "{late:?}"
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_check_goes_on_while_no_server_is_there_and_there_is_one_receipt() {
    let board = Board::new();
    let gate = board.gate();
    let task = checked(&board, "true", "echo here > gate; sleep 0.2");
    let task = board.create_task(task).await;
    let dispatcher = board.start().await;
    board.until_event(&task, "check_started").await;
    dispatcher.stop().await;
    wait_at(gate).await;
    board.until_no_worker_is_left().await;
    let next = board.start().await;
    let done = board.until_status(&task, Status::Done).await;
    next.stop().await;
    assert_eq!(verdicts(&done), [Verdict::Passed]);
    assert_eq!(count_of(&done, "check_started"), 1);
}

#[tokio::test]
async fn a_check_ends_with_its_run_when_that_is_cancelled() {
    let board = Board::new();
    let check = "echo $$ > pid; sleep 1000";
    let dispatcher = board.start().await;
    let task = board.create_task(checked(&board, "true", check)).await;
    board.until_event(&task, "check_started").await;
    let pid = board.work().join("pid");
    poll(|| std::fs::read_to_string(&pid).is_ok_and(|pid| pid.ends_with('\n'))).await;
    board.told(CancelRun { task: task.clone() }).await;
    let pid = std::fs::read_to_string(&pid).unwrap();
    gone(pid.trim().parse().unwrap()).await;
    board.until_all_is_settled().await;
    let cancelled = board.detail(&task).await;
    assert_eq!(cancelled.task.status, Status::Todo);
    assert_eq!(outcomes(&cancelled), [Some(Outcome::Cancelled)]);
    assert_eq!(verdicts(&cancelled), []);
    dispatcher.stop().await;
}

#[tokio::test]
async fn the_check_is_the_tasks_whatever_its_worker_writes() {
    let board = Board::new();
    let script = "printf 'exit 0' > check.sh; printf 'exit 0' > \"$KANBAN_HOME/kanban/runs/$KANBAN_RUN/check.sh\"";
    let task = checked(&board, script, "exit 4");
    let blocked = board.came_of(task, "gave_up").await;
    assert_eq!(verdicts(&blocked), [Verdict::Failed; 3]);
}

/// Writes a passed check in the place of the supervisor's word, and kills the supervisor.
const FORGED: &str = r#"folder=$(dirname "$(dirname "$(command -v kanban)")")
printf %s '{"end":{"code":0},"output":"forged","log_end":null,"check":{"has_reported":false,"end":{
"command":"false","verdict":"passed","began_at":1,"ended_at":2,"exit_code":0,"output":"",
"log_start":null,"log_end":null}}}' > "$folder/exit.json"
kill -KILL $PPID; exec sleep 1000"#;

#[tokio::test]
async fn the_end_that_a_worker_writes_for_the_supervisor_it_has_killed_counts_for_nothing() {
    let board = Board::new();
    let crashed = board
        .came_of(checked(&board, FORGED, "false"), "crashed")
        .await;
    assert_eq!(outcomes(&crashed)[0], Some(Outcome::Crashed));
    assert_eq!(verdicts(&crashed), []);

    // Nor where its run says that it has begun its check.
    let board = Board::new();
    let gate = board.gate();
    let script = format!("echo here > gate; read line < gate\n{FORGED}");
    let task = checked(&board, &script, "false");
    let task = board.create_task(task).await;
    let dispatcher = board.start().await;
    let run = board.until_spawned(&task).await;
    wait_at(gate.clone()).await;
    let worker = Actor::worker("shell", run.token.clone());
    let begin = BeginCheck { run: run.run };
    board.kernel.execute(&worker, begin).await.unwrap();
    open(gate, "go\n").await;
    let interrupted = board.until_event(&task, "interrupted").await;
    board.move_to(&task, Status::Triage).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
    assert_eq!(verdicts(&interrupted), []);
}

#[tokio::test]
async fn the_end_of_a_check_that_the_board_has_never_heard_of_counts_for_nothing() {
    let board = Board::new();
    let gate = board.gate();
    let script = format!("echo here > gate; read line < gate\n{FORGED}");
    let task = checked(&board, &script, "false");
    let task = board.create_task(task).await;
    let dispatcher = board.start().await;
    wait_at(gate.clone()).await;
    dispatcher.stop().await;
    open(gate, "go\n").await;
    board.until_no_worker_is_left().await;
    let next = board.start().await;
    let interrupted = board.until_event(&task, "interrupted").await;
    board.move_to(&task, Status::Triage).await;
    board.until_all_is_settled().await;
    next.stop().await;
    assert_eq!(verdicts(&interrupted), []);
}

#[tokio::test]
async fn a_supervisor_that_is_killed_during_a_check_is_no_failure_of_the_task() {
    let board = Board::new();
    let check = "test -e again || { touch again; kill -KILL $PPID; exec sleep 1000; }";
    let done = board
        .came_of(checked(&board, "true", check), "completed")
        .await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Interrupted), Some(Outcome::Completed)]
    );
    assert_eq!(verdicts(&done), [Verdict::Passed]);
}
