//! What a verb costs beside the bare transaction that writes the same rows.
//!
//! `cargo bench -p kernel` runs each at 100 to 100,000 tasks. "bare" is one connection that runs
//! BEGIN IMMEDIATE, the prepared statements that write the very rows and indexes, and COMMIT; or,
//! for the snapshot, one prepared SELECT that steps the same columns into structs.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on has failed"
)]

#[path = "verbs/bare.rs"]
mod bare;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, LEASE, NewTask};
use domain::id::TaskId;
use kernel::{BoardFilter, Kernel};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];

/// A board with as many tasks as asked for, and the runtime to ask it from.
struct Board {
    kernel: Kernel,
    runtime: Runtime,
    folder: TempDir,
}

impl Board {
    fn of(size: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kanban.db");
        drop(Kernel::open(&path).unwrap());
        bare::fill(&path, size);
        let kernel = Kernel::open(&path).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        Self {
            kernel,
            runtime,
            folder,
        }
    }

    fn bare(&self) -> bare::Board {
        bare::Board::open(&self.folder.path().join("kanban.db"))
    }

    fn give(&self, command: Command) -> Answer {
        let actor = Actor::dispatcher();
        self.runtime
            .block_on(self.kernel.execute(&actor, command))
            .unwrap()
            .answer
    }

    fn create(&self) -> TaskId {
        match self.give(Command::CreateTask(new_task())) {
            Answer::Created { task, .. } => task,
            other => panic!("{other:?}"),
        }
    }

    fn claim(&self, task: TaskId) {
        let lock = "host:1".to_owned();
        let policy = ClaimPolicy::default();
        self.give(Command::ClaimTask {
            task,
            lock,
            ttl: LEASE,
            lane: None,
            policy,
        });
    }
}

fn new_task() -> NewTask {
    NewTask {
        title: "a task of the benchmark".to_owned(),
        assignee: Some("shell".to_owned()),
        ..NewTask::default()
    }
}

/// The time that `measured` takes, over and over, each time after `prepare`.
fn time<T>(times: u64, mut prepare: impl FnMut() -> T, mut measured: impl FnMut(T)) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..times {
        let input = prepare();
        let start = Instant::now();
        measured(input);
        total += start.elapsed();
    }
    total
}

fn verbs(criterion: &mut Criterion) {
    for size in SIZES {
        let board = Board::of(size);
        let mut bare = board.bare();

        let mut group = criterion.benchmark_group("create");
        group.bench_function(BenchmarkId::new("kernel", size), |bencher| {
            bencher.iter(|| board.create());
        });
        group.bench_function(BenchmarkId::new("bare", size), |bencher| {
            bencher.iter(|| bare.create());
        });
        group.finish();

        let mut group = criterion.benchmark_group("claim");
        group.bench_function(BenchmarkId::new("kernel", size), |bencher| {
            bencher.iter_custom(|times| time(times, || board.create(), |id| board.claim(id)));
        });
        group.bench_function(BenchmarkId::new("bare", size), |bencher| {
            bencher.iter_custom(|times| time(times, || board.create(), |id| bare.claim(&id)));
        });
        group.finish();

        let claimed = || {
            let id = board.create();
            board.claim(id.clone());
            id
        };
        let mut group = criterion.benchmark_group("complete");
        group.bench_function(BenchmarkId::new("kernel", size), |bencher| {
            let complete = |task| {
                board.give(Command::CompleteTask {
                    task,
                    result: Some("42".to_owned()),
                });
            };
            bencher.iter_custom(|times| time(times, claimed, complete));
        });
        group.bench_function(BenchmarkId::new("bare", size), |bencher| {
            bencher.iter_custom(|times| time(times, claimed, |id| bare.complete(&id)));
        });
        group.finish();
    }
}

/// Sixteen writers at once: the cost of one verb when the commit is shared.
fn sixteen_writers(criterion: &mut Criterion) {
    let board = Board::of(1_000);
    criterion.bench_function("create/16 writers, per verb", |bencher| {
        bencher.iter_custom(|times| {
            let actor = Actor::dispatcher();
            let rounds = times.div_ceil(16);
            let start = Instant::now();
            board.runtime.block_on(async {
                for _ in 0..rounds {
                    let writes = (0..16).map(|_| {
                        board
                            .kernel
                            .execute(&actor, Command::CreateTask(new_task()))
                    });
                    futures::future::try_join_all(writes).await.unwrap();
                }
            });
            start.elapsed() * u32::try_from(times).unwrap() / u32::try_from(rounds * 16).unwrap()
        });
    });
}

fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    group.sample_size(10);
    for size in SIZES {
        let board = Board::of(size);
        let bare = board.bare();
        group.bench_function(BenchmarkId::new("kernel", size), |bencher| {
            bencher.iter(|| {
                board
                    .runtime
                    .block_on(board.kernel.board(BoardFilter::default()))
                    .unwrap()
            });
        });
        group.bench_function(BenchmarkId::new("bare", size), |bencher| {
            bencher.iter(|| bare.scan());
        });
    }
    group.finish();
}

criterion_group!(benches, verbs, sixteen_writers, snapshot);
criterion_main!(benches);
