//! A board in a folder of its own, and dispatchers that work on it.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dispatcher::{Config, Dispatcher, Error, Home};
use domain::actor::Actor;
use domain::command::{
    BlockTask, Command, CompleteTask, CreateTask, Heartbeat, LEASE, MoveTask, Verb,
};
use domain::dispatch::Report;
use domain::fixture::left_out;
use domain::hold::LaneHold;
use domain::id::{RunId, RunToken, TaskId};
use domain::run::{OpenRun, Outcome};
use domain::status::Status;
use domain::task::{TaskDetail, WorkspaceKind};
use kernel::{Clock, Kernel, Options};
use tempfile::TempDir;

/// A worker that says so when it meets another one of its task: the folder is made by one at a time. The
/// first waits to be ended, and takes a second to leave.
pub(crate) const ALONE: &str = "mkdir alone || exit 9; trap 'sleep 1; rmdir alone; exit 0' TERM\n\
    if [ -f again ]; then rmdir alone; exit 0; fi\n\
    touch again; sleep 1000 & echo at work > gate; wait";

/// A worker that says so when it is at work, and works until it is ended.
pub(crate) const AT_WORK: &str = "echo at work > gate; exec sleep 1000";

/// A board.
pub(crate) struct Board {
    /// First, so that it is gone before the folder that it is mounted on.
    disk: Option<Disk>,
    pub(crate) folder: TempDir,
    pub(crate) home: Home,
    pub(crate) kernel: Kernel,
    pub(crate) program: PathBuf,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self::with_clock(Clock::default())
    }

    /// A board whose dispatcher lives by this clock; supervisors and workers live by the system's.
    pub(crate) fn with_clock(clock: Clock) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), None, clock)
    }

    /// A board on a disk of its own, with these options of tmpfs(5); `None` where none may be mounted, so
    /// that `test` is left out.
    pub(crate) fn on_disk(test: &str, options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let Some(disk) = Disk::mount(folder.path(), options) else {
            left_out(test, "a disk of its own");
            return None;
        };
        Some(Self::in_folder(folder, Some(disk), Clock::default()))
    }

    /// The same board as another process sees it that lives by this clock.
    pub(crate) fn reopened(board: Self, clock: Clock) -> Self {
        Self::in_folder(board.folder, board.disk, clock)
    }

    fn in_folder(folder: TempDir, disk: Option<Disk>, clock: Clock) -> Self {
        let home = Home::at(folder.path()).unwrap();
        let options = Options {
            clock,
            ..Options::default()
        };
        let kernel = Kernel::open_with(&home.db(), options).unwrap();
        let program = folder.path().join("program");
        let this = std::env::current_exe().unwrap();
        let text = format!(
            "#!/bin/sh\n\
             if [ \"$1\" = shim ]; then\n\
             DISPATCHER_TEST_SPEC=\"$2\" exec '{0}' the_supervisor_itself --exact --nocapture\n\
             fi\n\
             if [ \"$1\" = lander ]; then\n\
             DISPATCHER_TEST_LANDING=\"$2\" exec '{0}' the_lander_itself --exact --nocapture\n\
             fi\n\
             DISPATCHER_TEST_VERB=\"$*\" exec '{0}' the_program_itself --exact --nocapture\n",
            this.display()
        );
        write_program(&program, &text);
        Self {
            disk,
            folder,
            home,
            kernel,
            program,
        }
    }

    /// Lets supervisors find this in place of what the dispatcher has written for them.
    pub(crate) fn supervisor_finds(&mut self, spec: &str) {
        let program = self.folder.path().join("other-version");
        let text = format!(
            "#!/bin/sh\n\
             [ \"$1\" = shim ] && printf %s '{spec}' > \"$2\"\n\
             exec '{}' \"$@\"\n",
            self.program.display()
        );
        write_program(&program, &text);
        self.program = program;
    }

    pub(crate) fn config(&self) -> Config {
        Config::new(self.program.clone())
    }

    /// With room for this many runs.
    pub(crate) fn config_with_cap(&self, cap: u32) -> Config {
        Config {
            max: Some(cap),
            ..self.config()
        }
    }

    pub(crate) async fn start(&self) -> Dispatcher {
        self.start_with(self.config_with_cap(4)).await.unwrap()
    }

    pub(crate) async fn start_with(&self, config: Config) -> Result<Dispatcher, Error> {
        Dispatcher::start(self.kernel.clone(), self.home.clone(), config).await
    }

    /// Adds to `kanban.toml`.
    pub(crate) fn configure(&self, toml: &str) {
        let path = self.home.config();
        let file = OpenOptions::new().create(true).append(true).open(path);
        writeln!(file.unwrap(), "{toml}").unwrap();
    }

    /// Adds a lane whose workers run a script of its own, and more that is said of it.
    pub(crate) fn lane(&self, name: &str, script: &str, more: &str) {
        let path = self.folder.path().join(format!("{name}.sh"));
        std::fs::write(&path, script).unwrap();
        let path = path.display();
        self.configure(&format!(
            "[lanes.{name}]\n\
             command = [\"sh\", \"{path}\", \"{{task_id}}\", \"{{assignee}}\", \"{{prompt_file}}\"]\n\
             {more}"
        ));
    }

    /// A task for the lane `shell`, whose workspace is the folder `work`.
    pub(crate) async fn create(&self, script: &str) -> TaskId {
        self.create_task(self.task("shell", script)).await
    }

    /// A task for this assignee in the same folder.
    pub(crate) async fn create_for(&self, assignee: &str) -> TaskId {
        self.create_task(self.task(assignee, "")).await
    }

    pub(crate) fn task(&self, assignee: &str, body: &str) -> CreateTask {
        CreateTask {
            title: "a task".to_owned(),
            body: Some(body.to_owned()),
            assignee: Some(assignee.to_owned()),
            workspace_kind: WorkspaceKind::Dir,
            workspace_path: Some(self.work().display().to_string()),
            ..CreateTask::default()
        }
    }

    pub(crate) async fn create_task(&self, new: CreateTask) -> TaskId {
        self.told(new).await.task
    }

    /// The task of a script in the lane `shell`, once an event of this kind is there and its
    /// processes are gone.
    pub(crate) async fn ran(&self, script: &str, until: &str) -> TaskDetail {
        self.came_of(self.task("shell", script), until).await
    }

    /// The same of a worker in the lane `agent`, which runs this script and of which more is said.
    pub(crate) async fn agent_ran(&self, script: &str, more: &str, until: &str) -> TaskDetail {
        self.lane("agent", script, more);
        self.came_of(self.task("agent", ""), until).await
    }

    /// The same of any task.
    pub(crate) async fn came_of(&self, new: CreateTask, until: &str) -> TaskDetail {
        let dispatcher = self.start().await;
        let task = self.create_task(new).await;
        self.until_event(&task, until).await;
        self.until_all_is_settled().await;
        dispatcher.stop().await;
        self.detail(&task).await
    }

    /// Runs a person's command and returns the answer.
    pub(crate) async fn told<V: Verb>(&self, verb: V) -> V::Answer {
        let person = Actor::full("user");
        self.kernel.execute(&person, verb).await.unwrap().answer
    }

    /// Writes to the file as another program would.
    pub(crate) fn sql(&self, statements: &str) {
        #[expect(clippy::disallowed_methods, reason = "the test plays another program")]
        let conn = rusqlite::Connection::open(self.home.db()).unwrap();
        conn.execute_batch(statements).unwrap();
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A git repository with one commit and nothing in it.
    pub(crate) fn repository(&self) -> PathBuf {
        let repository = self.folder.path().join("repository");
        let make = "git init --quiet \"$0\" && git -C \"$0\" -c user.name=a -c user.email=a@b \
             commit --quiet --allow-empty --message=first";
        let made = std::process::Command::new("sh")
            .args(["-c", make])
            .arg(&repository)
            .status();
        assert!(made.unwrap().success());
        repository
    }

    /// A pipe in the workspace, at which a worker waits until it is opened.
    pub(crate) fn gate(&self) -> PathBuf {
        std::fs::create_dir_all(self.work()).unwrap();
        let gate = self.work().join("gate");
        let made = std::process::Command::new("mkfifo").arg(&gate).status();
        assert!(made.unwrap().success());
        gate
    }

    pub(crate) async fn detail(&self, task: &TaskId) -> TaskDetail {
        self.kernel.task(task).await.unwrap()
    }

    /// The task, once `is_it` says so.
    pub(crate) async fn until(
        &self,
        task: &TaskId,
        is_it: impl Fn(&TaskDetail) -> bool,
    ) -> TaskDetail {
        let mut newest = self.kernel.newest_event();
        let watching = async {
            loop {
                newest.mark_unchanged();
                let detail = self.detail(task).await;
                if is_it(&detail) {
                    break detail;
                }
                newest.changed().await.unwrap();
            }
        };
        in_time(watching).await
    }

    pub(crate) async fn until_status(&self, task: &TaskId, status: Status) -> TaskDetail {
        self.until(task, |detail| detail.task.status == status)
            .await
    }

    pub(crate) async fn until_event(&self, task: &TaskId, kind: &str) -> TaskDetail {
        self.until(task, |detail| has_event(detail, kind)).await
    }

    /// The open run of the task, once its worker runs.
    pub(crate) async fn until_spawned(&self, task: &TaskId) -> OpenRun {
        self.until_event(task, "spawned").await;
        let open = self.kernel.open_runs().await.unwrap();
        open.into_iter().find(|run| run.task == *task).unwrap()
    }

    /// A task whose worker has said at the gate that it is at work, and its run.
    pub(crate) async fn at_work(&self, script: &str) -> (TaskId, OpenRun) {
        let gate = self.gate();
        let task = self.create(script).await;
        let run = self.until_spawned(&task).await;
        wait_at(gate).await;
        (task, run)
    }

    /// Waits until neither the worker of a run nor its supervisor is there.
    pub(crate) async fn until_gone(&self, run: OpenRun) {
        gone(self.worker_of(run.run).await).await;
        gone(run.supervisor.unwrap().pid).await;
    }

    /// Waits until no supervisor is left, also where no dispatcher is there to settle its run.
    pub(crate) async fn until_no_worker_is_left(&self) {
        for run in std::fs::read_dir(self.home.runs()).unwrap() {
            let word = std::fs::read_to_string(run.unwrap().path().join("supervisor.json"));
            let word: serde_json::Value = serde_json::from_str(&word.unwrap()).unwrap();
            gone(word["pid"].as_i64().unwrap()).await;
        }
    }

    /// Waits until the dispatcher has settled every run.
    pub(crate) async fn until_all_is_settled(&self) {
        let runs = self.home.runs();
        let is_left = || std::fs::read_dir(&runs).is_ok_and(|mut runs| runs.next().is_some());
        poll(|| !is_left()).await;
    }

    /// The dispatcher's status report, once `is_it` holds. No event tells of it.
    pub(crate) async fn until_report(&self, is_it: impl Fn(&Report) -> bool) -> Report {
        let mut look_again = tokio::time::interval(Duration::from_millis(20));
        let looking = async {
            loop {
                look_again.tick().await;
                let report = self.kernel.dispatch().await.unwrap().report;
                if let Some(report) = report.filter(&is_it) {
                    break report;
                }
            }
        };
        in_time(looking).await
    }

    /// The hold of a lane or a pool, as soon as there is one.
    pub(crate) async fn until_held(&self, lane: &str) -> LaneHold {
        let mut look_again = tokio::time::interval(Duration::from_millis(20));
        let looking = async {
            loop {
                look_again.tick().await;
                let holds = self.kernel.dispatch().await.unwrap().holds;
                if let Some(hold) = holds.into_iter().find(|hold| hold.name == lane) {
                    break hold;
                }
            }
        };
        in_time(looking).await
    }

    pub(crate) async fn worker_of(&self, run: RunId) -> i64 {
        let run = self.kernel.run(run).await.unwrap();
        run.worker_pid.unwrap()
    }

    /// Moves the task by hand, which takes it away from its worker.
    pub(crate) async fn move_to(&self, task: &TaskId, to: Status) {
        let task = task.clone();
        self.told(MoveTask { task, to }).await;
    }

    pub(crate) async fn log(&self, task: &TaskId) -> String {
        let log = dispatcher::logs::read(&self.home, task, None).await;
        log.unwrap().text
    }
}

/// A small disk, which is unmounted when this is dropped.
pub(crate) struct Disk(PathBuf);

impl Disk {
    fn mount(place: &Path, options: &str) -> Option<Self> {
        let mut mount = std::process::Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", options, "small"]);
        let is_mounted = mount.arg(place).status().unwrap().success();
        is_mounted.then(|| Self(place.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mut unmount = std::process::Command::new("umount");
        // What still uses it keeps it until it ends.
        unmount.arg("--lazy").arg(&self.0).status().ok();
    }
}

/// A folder in which nobody can make anything, not even root, until this is dropped.
pub(crate) struct Forbidden(PathBuf);

impl Forbidden {
    pub(crate) fn folder(path: PathBuf) -> Self {
        std::fs::create_dir_all(&path).unwrap();
        let forbidden = Self(path);
        // Only root may make it immutable, and only root needs that.
        forbidden.run("chattr", "+i");
        forbidden.run("chmod", "u-w");
        let is_writable = std::fs::create_dir(forbidden.0.join("x")).is_ok();
        assert!(!is_writable, "it can still be written to");
        forbidden
    }

    fn run(&self, program: &str, change: &str) {
        let mut program = std::process::Command::new(program);
        let program = program.arg(change).arg(&self.0);
        program.stderr(std::process::Stdio::null()).status().ok();
    }
}

impl Drop for Forbidden {
    fn drop(&mut self) {
        self.run("chattr", "-i");
        self.run("chmod", "u+w");
    }
}

/// Carries out what a worker asks of the board: a small part of the command line.
pub(crate) async fn carry_out(verb: &str) {
    let kernel = Kernel::open(Path::new(&variable("KANBAN_DB"))).unwrap();
    let token = RunToken::from_text(variable("KANBAN_RUN_TOKEN"));
    let worker = Actor::worker("worker", token);
    let (verb, rest) = verb.split_once(' ').unwrap();
    let (task, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let task: TaskId = task.parse().unwrap();
    let text = Some(text.to_owned());
    let command: Command = match verb {
        "complete" => CompleteTask {
            task,
            result: text,
            summary: None,
            metadata: None,
            outcome: None,
            unchecked: false,
        }
        .into(),
        "block" => BlockTask { task, reason: text }.into(),
        "heartbeat" => Heartbeat { task, ttl: LEASE }.into(),
        other => panic!("no verb {other}"),
    };
    kernel.execute_all(&worker, vec![command]).await.unwrap();
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

pub(crate) fn outcomes(detail: &TaskDetail) -> Vec<Option<Outcome>> {
    detail.runs.iter().map(|run| run.outcome).collect()
}

/// The outcome of the last run, with its exit code and error.
pub(crate) fn last_end(detail: &TaskDetail) -> (Option<Outcome>, Option<i32>, Option<&str>) {
    let run = detail.runs.last().unwrap();
    (run.outcome, run.exit_code, run.error.as_deref())
}

pub(crate) fn has_event(detail: &TaskDetail, kind: &str) -> bool {
    count_of(detail, kind) > 0
}

pub(crate) fn count_of(detail: &TaskDetail, kind: &str) -> usize {
    let of_kind = |event: &&domain::event::Event| event.kind == kind;
    detail.events.iter().filter(of_kind).count()
}

pub(crate) async fn in_time<T>(what: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(40), what).await;
    waited.expect("it does not happen")
}

/// Waits for what nothing tells of.
pub(crate) async fn poll(is_it: impl Fn() -> bool) {
    let mut look_again = tokio::time::interval(Duration::from_millis(20));
    in_time(async {
        while !is_it() {
            look_again.tick().await;
        }
    })
    .await;
}

/// Waits until no process has this id any more, not even one that nobody has reaped.
pub(crate) async fn gone(pid: i64) {
    let path = format!("/proc/{pid}");
    poll(|| !Path::new(&path).exists()).await;
}

/// Returns true while a process with this id is alive; a zombie is not.
pub(crate) fn is_there(pid: i64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

pub(crate) async fn open(gate: PathBuf, line: &'static str) {
    let opening = tokio::task::spawn_blocking(move || std::fs::write(gate, line));
    in_time(opening).await.unwrap().unwrap();
}

/// Waits until a worker writes to the gate, and returns the text.
pub(crate) async fn wait_at(gate: PathBuf) -> String {
    let waiting = tokio::task::spawn_blocking(move || std::fs::read_to_string(gate));
    in_time(waiting).await.unwrap().unwrap()
}

pub(crate) fn kill(signal: &str, pid: i64) {
    let kill = std::process::Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// Writes a file that can be executed. Another process does it: one that this process has open for
/// writing, or a child that was forked meanwhile, could not be executed.
pub(crate) fn write_program(path: &Path, text: &str) {
    let written = std::process::Command::new("sh")
        .args(["-c", "printf %s \"$1\" > \"$0\" && chmod +x \"$0\""])
        .arg(path)
        .arg(text)
        .status();
    assert!(written.unwrap().success());
}

/// Lines, in one text.
pub(crate) fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().fold(String::new(), |mut text, line| {
        writeln!(text, "{line}").unwrap();
        text
    })
}
