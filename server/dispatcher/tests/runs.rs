//! Runs from their claim to their end, with real processes. The supervisor is this test binary,
//! executed again.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by a panic, and these are its helpers"
)]

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dispatcher::{Config, Dispatcher, Error, Home};
use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, NewTask};
use domain::id::{RunId, TaskId};
use domain::run::{OpenRun, Outcome};
use domain::status::Status;
use domain::task::{TaskDetail, WorkspaceKind};
use domain::time::Seconds;
use kernel::Kernel;
use tempfile::TempDir;

/// In the environment of a supervisor: the file that it is started with.
const SPEC: &str = "DISPATCHER_TEST_SPEC";

/// Not a test: what the program does for its hidden verb `shim`.
#[test]
fn the_supervisor_itself() {
    if let Some(spec) = std::env::var_os(SPEC) {
        dispatcher::shim::main(Path::new(&spec));
    }
}

struct Board {
    folder: TempDir,
    home: Home,
    kernel: Kernel,
    program: PathBuf,
}

impl Board {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let kernel = Kernel::open(&home.db()).unwrap();
        let program = folder.path().join("program");
        let this = std::env::current_exe().unwrap();
        // Another process writes the file: one that this process has open for writing, or a child
        // that was forked meanwhile, could not be executed.
        let write = "cat > \"$0\" <<END\n\
            #!/bin/sh\n\
            export DISPATCHER_TEST_SPEC=\"\\$2\"\n\
            exec '$1' the_supervisor_itself --exact --nocapture\n\
            END\n\
            chmod +x \"$0\"";
        let written = std::process::Command::new("sh")
            .arg("-c")
            .arg(write)
            .args([&program, &this])
            .status();
        assert!(written.unwrap().success());
        Self {
            folder,
            home,
            kernel,
            program,
        }
    }

    async fn start(&self) -> Dispatcher {
        self.try_start().await.unwrap()
    }

    async fn try_start(&self) -> Result<Dispatcher, Error> {
        self.start_with(Config::new(self.program.clone())).await
    }

    async fn start_with(&self, config: Config) -> Result<Dispatcher, Error> {
        Dispatcher::start(self.kernel.clone(), self.home.clone(), config).await
    }

    /// A task for the lane `shell`, whose workspace is the folder `work`.
    async fn create(&self, script: &str) -> TaskId {
        let new = NewTask {
            title: "a task".to_owned(),
            body: Some(script.to_owned()),
            assignee: Some("shell".to_owned()),
            workspace_kind: WorkspaceKind::Dir,
            workspace_path: Some(self.work().display().to_string()),
            ..NewTask::default()
        };
        self.create_task(new).await
    }

    async fn create_task(&self, new: NewTask) -> TaskId {
        let create = Command::CreateTask(new);
        let receipt = self.kernel.execute(&Actor::full("user"), create).await;
        match receipt.unwrap().answer {
            Answer::Created { task, .. } => task,
            other => panic!("not created: {other:?}"),
        }
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A pipe in the workspace, at which a worker waits until it is opened.
    fn gate(&self) -> PathBuf {
        std::fs::create_dir_all(self.work()).unwrap();
        let gate = self.work().join("gate");
        let made = std::process::Command::new("mkfifo").arg(&gate).status();
        assert!(made.unwrap().success());
        gate
    }

    /// The task, once `is_it` says so.
    async fn until(&self, task: &TaskId, is_it: impl Fn(&TaskDetail) -> bool) -> TaskDetail {
        let mut newest = self.kernel.newest_event();
        let watching = async {
            loop {
                newest.mark_unchanged();
                let detail = self.kernel.task(task).await.unwrap();
                if is_it(&detail) {
                    break detail;
                }
                newest.changed().await.unwrap();
            }
        };
        in_time(watching).await
    }

    async fn until_status(&self, task: &TaskId, status: Status) -> TaskDetail {
        self.until(task, |detail| detail.task.status == status)
            .await
    }

    /// The open run of the task, once its worker runs.
    async fn until_spawned(&self, task: &TaskId) -> OpenRun {
        self.until(task, |detail| has_event(detail, "spawned"))
            .await;
        let open = self.kernel.open_runs().await.unwrap();
        open.into_iter().find(|run| run.task == *task).unwrap()
    }

    async fn worker_of(&self, run: RunId) -> i64 {
        let run = self.kernel.run(run).await.unwrap();
        run.worker_pid.unwrap()
    }

    /// Moves the task by hand, which takes it away from its worker.
    async fn move_to(&self, task: &TaskId, to: Status) {
        let task = task.clone();
        let person = Actor::full("user");
        let moved = Command::MoveTask { task, to };
        self.kernel.execute(&person, moved).await.unwrap();
    }
}

fn outcomes(detail: &TaskDetail) -> Vec<Option<Outcome>> {
    detail.runs.iter().map(|run| run.outcome).collect()
}

fn has_event(detail: &TaskDetail, kind: &str) -> bool {
    detail.events.iter().any(|event| event.kind == kind)
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(30), what).await;
    waited.expect("it does not happen")
}

/// Waits until no process has this id any more.
async fn gone(pid: i64) {
    let wait = tokio::process::Command::new("tail")
        .args(["-s", "0.1", "--pid", &pid.to_string(), "-f", "/dev/null"])
        .status();
    assert!(in_time(wait).await.unwrap().success());
}

/// Whether a process with this id does anything still; one that nobody has reaped does not.
fn is_there(pid: i64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn open(gate: PathBuf, line: &'static str) {
    let opening = tokio::task::spawn_blocking(move || std::fs::write(gate, line));
    in_time(opening).await.unwrap().unwrap();
}

/// Waits until a worker writes to the gate.
async fn wait_at(gate: PathBuf) {
    let waiting = tokio::task::spawn_blocking(move || std::fs::read(gate));
    in_time(waiting).await.unwrap().unwrap();
}

fn kill(signal: &str, pid: i64) {
    let kill = std::process::Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status();
    assert!(kill.unwrap().success());
}

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
    let done = board.until_status(&task, Status::Done).await;
    let outcomes: Vec<_> = done
        .runs
        .iter()
        .map(|run| (run.outcome, run.exit_code))
        .collect();
    assert_eq!(
        outcomes,
        [
            (Some(Outcome::Exit), Some(3)),
            (Some(Outcome::Completed), None)
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
    assert_eq!((task.status, task.spawn_failures), (Status::Ready, 0));
    let rest = task.not_before.unwrap().seconds_since(board.kernel.now());
    assert!((290..=300).contains(&rest), "{rest}");
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
    let error = failed.task.last_spawn_error.unwrap();
    assert!(
        error.starts_with("workspace: a task with a workspace of kind dir"),
        "{error}"
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_task_that_no_lane_serves_is_never_claimed() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let foreign = board
        .create_task(NewTask {
            title: "for somebody else".to_owned(),
            assignee: Some("nobody".to_owned()),
            priority: 9,
            ..NewTask::default()
        })
        .await;
    let ours = board.create("true").await;
    board.until_status(&ours, Status::Done).await;
    let detail = board.kernel.task(&foreign).await.unwrap();
    assert_eq!((detail.task.status, detail.runs.len()), (Status::Ready, 0));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_board_has_one_dispatcher_at_a_time() {
    let board = Board::new();
    let first = board.start().await;
    assert!(matches!(board.try_start().await, Err(Error::Held(_))));
    first.stop().await;
    board.start().await.stop().await;
}

#[tokio::test]
async fn a_worker_outlives_its_dispatcher_and_the_next_one_takes_it_over() {
    let board = Board::new();
    let gate = board.gate();
    let first = board.start().await;
    let task = board.create("read line < gate; echo $line").await;
    board.until_spawned(&task).await;
    first.stop().await;

    let second = board.start().await;
    board
        .until(&task, |detail| has_event(detail, "adopted"))
        .await;
    open(gate, "the same worker\n").await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("the same worker"));
    assert_eq!(done.runs.len(), 1);
    second.stop().await;
}

#[tokio::test]
async fn an_end_that_no_dispatcher_saw_is_read_by_the_next_one() {
    let board = Board::new();
    let gate = board.gate();
    let first = board.start().await;
    let task = board.create("read line < gate; echo $line").await;
    let run = board.until_spawned(&task).await;
    first.stop().await;
    open(gate, "in between\n").await;
    gone(run.supervisor.unwrap().pid).await;

    let second = board.start().await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(done.task.result.as_deref(), Some("in between"));
    assert_eq!(done.runs.len(), 1);
    second.stop().await;
}

#[tokio::test]
async fn what_a_worker_leaves_behind_in_another_session_is_ended_with_it() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    // The pipe of the output stays open in the process that is left behind.
    let script = "(setsid sh -c 'echo $$ > gate; exec sleep 1000' &); read pid < gate; echo $pid";
    let task = board.create(script).await;
    let done = board.until_status(&task, Status::Done).await;
    let left_behind: i64 = done.task.result.unwrap().parse().unwrap();
    assert!(!is_there(left_behind));
    drop(gate);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worker_whose_supervisor_is_killed_is_ended_before_its_task_may_start_again() {
    let board = Board::new();
    board.gate();
    let dispatcher = board.start().await;
    let task = board.create("read line < gate").await;
    let run = board.until_spawned(&task).await;
    kill("KILL", run.supervisor.unwrap().pid);
    let crashed = board
        .until(&task, |detail| has_event(detail, "crashed"))
        .await;
    assert_eq!(crashed.runs[0].outcome, Some(Outcome::Crashed));
    assert!(!is_there(crashed.runs[0].worker_pid.unwrap()));
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_machine_that_goes_down_is_not_the_workers_failure() {
    let board = Board::new();
    // Whoever stops the service tells both. Here the worker hears of it first, and is gone when its
    // supervisor does.
    let script = "[ -f again ] && exit 0; touch again\n\
        shim=$PPID; setsid sh -c \"kill -TERM $$; sleep 0.1; kill -TERM $shim\" & wait";
    let dispatcher = board.start().await;
    let task = board.create(script).await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Interrupted), Some(Outcome::Completed)]
    );
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_run_that_was_lost_with_its_supervisor_is_interrupted_and_its_worker_ended() {
    let board = Board::new();
    let gate = board.gate();
    let first = board.start().await;
    let script = "[ -f again ] && exit 0; touch again; echo > gate; exec sleep 1000";
    let task = board.create(script).await;
    let run = board.until_spawned(&task).await;
    wait_at(gate).await;
    first.stop().await;
    kill("KILL", run.supervisor.clone().unwrap().pid);
    gone(run.supervisor.unwrap().pid).await;
    let worker = board.worker_of(run.run).await;
    assert!(is_there(worker));

    let second = board.start().await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Interrupted), Some(Outcome::Completed)]
    );
    assert!(has_event(&done, "interrupted"));
    assert_eq!(done.task.spawn_failures, 0);
    assert!(!is_there(worker));
    second.stop().await;
}

#[tokio::test]
async fn a_worker_whose_run_was_closed_while_no_dispatcher_was_there_is_ended_by_the_next_one() {
    let board = Board::new();
    let gate = board.gate();
    let first = board.start().await;
    // The folder is made by one worker at a time, or the second says so. The first takes a second to
    // leave.
    let script = "mkdir alone || exit 9; trap 'sleep 1; rmdir alone; exit 0' TERM\n\
        if [ -f again ]; then rmdir alone; exit 0; fi\n\
        touch again; sleep 1000 & echo at work > gate; wait";
    let task = board.create(script).await;
    let run = board.until_spawned(&task).await;
    wait_at(gate).await;
    first.stop().await;
    board.move_to(&task, Status::Ready).await;
    let worker = board.worker_of(run.run).await;
    assert!(is_there(worker));

    let second = board.start().await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Cancelled), Some(Outcome::Completed)]
    );
    assert!(!is_there(worker));
    second.stop().await;
}

#[tokio::test]
async fn a_claim_by_hand_that_is_forgotten_does_not_take_up_the_board_for_ever() {
    let board = Board::new();
    let forgotten = board
        .create_task(NewTask {
            title: "by hand".to_owned(),
            ..NewTask::default()
        })
        .await;
    let claim = Command::ClaimTask {
        task: forgotten.clone(),
        lock: "elsewhere:1".to_owned(),
        ttl: Seconds(1),
        lane: None,
        policy: ClaimPolicy::default(),
    };
    let person = Actor::full("user");
    board.kernel.execute(&person, claim).await.unwrap();
    let task = board.create("true").await;
    let mut config = Config::new(board.program.clone());
    config.cap = 1;
    let dispatcher = board.start_with(config).await.unwrap();
    board.until_status(&task, Status::Done).await;
    let freed = board.kernel.task(&forgotten).await.unwrap();
    assert_eq!(outcomes(&freed), [Some(Outcome::Reclaimed)]);
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_thousand_tasks_that_no_lane_serves_hold_up_nobody() {
    let board = Board::new();
    let foreign = NewTask {
        title: "for somebody else".to_owned(),
        assignee: Some("nobody".to_owned()),
        priority: 9,
        ..NewTask::default()
    };
    let many = vec![Command::CreateTask(foreign); 1_000];
    let person = Actor::full("user");
    board.kernel.execute_all(&person, many).await.unwrap();
    let ours = board.create("true").await;
    let dispatcher = board.start().await;
    board.until_status(&ours, Status::Done).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_task_that_is_taken_away_from_its_worker_ends_it() {
    let board = Board::new();
    board.gate();
    let dispatcher = board.start().await;
    let task = board.create("read line < gate").await;
    let run = board.until_spawned(&task).await;
    board.move_to(&task, Status::Triage).await;
    gone(board.worker_of(run.run).await).await;
    gone(run.supervisor.unwrap().pid).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_task_that_was_taken_away_and_given_back_never_has_two_workers() {
    let board = Board::new();
    let gate = board.gate();
    let dispatcher = board.start().await;
    // The folder is made by one worker at a time, or the second says so. The first takes a second to
    // leave.
    let script = "mkdir alone || exit 9; trap 'sleep 1; rmdir alone; exit 0' TERM\n\
        if [ -f again ]; then rmdir alone; exit 0; fi\n\
        touch again; sleep 1000 & echo at work > gate; wait";
    let task = board.create(script).await;
    wait_at(gate).await;
    board.move_to(&task, Status::Ready).await;
    let done = board.until_status(&task, Status::Done).await;
    assert_eq!(
        outcomes(&done),
        [Some(Outcome::Cancelled), Some(Outcome::Completed)]
    );
    dispatcher.stop().await;
}
