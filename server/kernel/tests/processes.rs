//! Several real processes on one file: they race, they are killed, and their disk fills up.
//!
//! The test starts itself again with [`ROLE`] set to play the other processes. `KERNEL_TEST_KILLS`
//! sets the number of kills.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed; the other processes report on stdout"
)]

#[path = "processes/full.rs"]
mod full;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command as Process, ExitCode, Stdio};

use domain::actor::Actor;
use domain::command::{ClaimPolicy, ClaimTask, CreateTask, LEASE, Verb};
use domain::id::TaskId;
use kernel::{Error, Kernel, TaskFilter};
use libtest_mimic::{Arguments, Trial};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::runtime::Runtime;

/// The variable that names the part of a process; unset in the test itself.
const ROLE: &str = "KERNEL_TEST_ROLE";
const FILE: &str = "KERNEL_TEST_FILE";
const KILLS: &str = "KERNEL_TEST_KILLS";

const RACERS: usize = 8;
const TASKS: usize = 1_000;

fn main() -> ExitCode {
    if let Ok(role) = std::env::var(ROLE) {
        let board = Board::open(Path::new(&std::env::var(FILE).unwrap()));
        match role.as_str() {
            "claim" => board.claim_everything(),
            "create" => board.create_with_keys(),
            "write" => board.write_for_ever(),
            "fill disk" => full::fill_disk(board),
            "fill to limit" => full::fill_to_limit(board),
            other => panic!("nobody plays {other}"),
        }
        return ExitCode::SUCCESS;
    }
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let trials = vec![
        trial(
            "eight_processes_that_claim_the_same_tasks_share_them_out",
            race_for_claims,
        ),
        trial(
            "eight_processes_that_create_with_the_same_keys_make_one_task_each",
            race_for_keys,
        ),
        trial(
            "what_was_acknowledged_survives_two_hundred_kills",
            survive_kills,
        ),
        trial(
            "on_a_full_disk_nothing_is_half_written_and_it_goes_on_when_there_is_room",
            full::survive_full_disk,
        ),
        trial(
            "at_its_size_limit_a_file_is_not_half_written_and_it_goes_on_when_that_is_lifted",
            full::survive_size_limit,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn race_for_claims() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kanban.db");
    let board = Board::open(&path);
    for _ in 0..TASKS {
        board.create(new_task());
    }
    let mut won = Vec::new();
    start_all("claim", &path).for_each(|lines| won.extend(lines));
    assert_eq!(won.len(), TASKS, "every task was claimed, and none twice");
    assert_eq!(won.iter().collect::<BTreeSet<_>>().len(), TASKS);
    let open = board.runtime.block_on(board.kernel.open_runs()).unwrap();
    assert_eq!(open.len(), TASKS);
}

fn race_for_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kanban.db");
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    for line in start_all("create", &path).flatten() {
        let (key, task) = line.split_once(' ').unwrap();
        found
            .entry(key.to_owned())
            .or_default()
            .insert(task.to_owned());
    }
    assert_eq!(found.len(), TASKS);
    assert!(
        found.values().all(|tasks| tasks.len() == 1),
        "a key found two tasks"
    );
    assert_eq!(Board::open(&path).tasks().len(), TASKS);
}

fn survive_kills() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kanban.db");
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let kills = std::env::var(KILLS).map_or(200, |kills| kills.parse().unwrap());
    let mut acknowledged = BTreeSet::new();
    for _ in 0..kills {
        let mut writer = Other::start("write", &path);
        let lines = writer.lines.by_ref().take(rng.random_range(0..12));
        acknowledged.extend(lines.map(Result::unwrap));
        writer.process.kill().unwrap();
        // Lines still in the pipe when the signal came had been acknowledged, too.
        acknowledged.extend(
            writer
                .lines
                .by_ref()
                .map_while(Result::ok)
                .filter(|id| id.len() == 10),
        );
        writer.process.wait().unwrap();
    }
    assert!(
        acknowledged.len() > kills,
        "too little was written to prove anything"
    );

    assert_sound(&path);
    let kept = Board::open(&path).tasks();
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}

/// Checks that the file itself is sound.
#[track_caller]
fn assert_sound(path: &Path) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test looks at the file from outside"
    )]
    let conn = rusqlite::Connection::open(path).unwrap();
    let verdict: String = conn
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}

/// Another process, and the lines that it prints.
struct Other {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(role: &str, file: &Path) -> Self {
        let mut process = Process::new(std::env::current_exe().unwrap())
            .env(ROLE, role)
            .env(FILE, file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Starts all racers together; returns the lines of each once it has ended well.
fn start_all(role: &str, file: &Path) -> impl Iterator<Item = Vec<String>> {
    let racers: Vec<_> = (0..RACERS).map(|_| Other::start(role, file)).collect();
    racers.into_iter().map(|mut racer| {
        let lines = racer.lines.by_ref().map(Result::unwrap).collect();
        assert!(
            racer.process.wait().unwrap().success(),
            "a racer met an error"
        );
        lines
    })
}

struct Board {
    kernel: Kernel,
    runtime: Runtime,
}

impl Board {
    fn open(path: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        Self {
            kernel: Kernel::open(path).unwrap(),
            runtime,
        }
    }

    fn give<V: Verb>(&self, verb: V) -> Result<V::Answer, Error> {
        let actor = Actor::full(std::process::id().to_string());
        let receipt = self.runtime.block_on(self.kernel.execute(&actor, verb))?;
        Ok(receipt.answer)
    }

    fn create(&self, new: CreateTask) -> TaskId {
        self.give(new).unwrap().task
    }

    fn tasks(&self) -> BTreeSet<String> {
        let tasks = self
            .runtime
            .block_on(self.kernel.tasks(TaskFilter::default()))
            .unwrap();
        tasks.into_iter().map(|task| task.id.to_string()).collect()
    }

    /// Tries to claim every task, and prints those that it got. A refusal means that another was
    /// faster; anything else is an error.
    fn claim_everything(&self) {
        for task in self.tasks() {
            let id = task.parse().unwrap();
            let policy = ClaimPolicy::default();
            let lock = format!("host:{}", std::process::id());
            let claim = ClaimTask {
                task: id,
                lock,
                ttl: LEASE,
                lane: None,
                policy,
            };
            match self.give(claim) {
                Ok(_) => println!("{task}"),
                Err(Error::Refused(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn create_with_keys(&self) {
        for number in 0..TASKS {
            let key = format!("key-{number}");
            let task = self.create(CreateTask {
                idempotency_key: Some(key.clone()),
                ..new_task()
            });
            println!("{key} {task}");
        }
    }

    /// Prints each task as soon as the kernel has acknowledged it.
    fn write_for_ever(&self) {
        loop {
            let task = self.create(new_task());
            let mut stdout = std::io::stdout().lock();
            writeln!(stdout, "{task}")
                .and_then(|()| stdout.flush())
                .unwrap();
        }
    }
}

fn new_task() -> CreateTask {
    CreateTask {
        title: "one of many".to_owned(),
        ..CreateTask::default()
    }
}
