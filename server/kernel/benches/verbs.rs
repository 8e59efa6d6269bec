//! What a verb costs beside the bare transaction that writes the same rows.
//!
//! `cargo bench -p kernel` runs each at 100 to 100,000 tasks. "bare" is one connection that runs
//! BEGIN IMMEDIATE, the prepared statements that write the very rows and indexes, and COMMIT; or,
//! for the snapshot, one prepared SELECT that steps the same columns into structs.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on has failed"
)]

#[path = "verbs/bare.rs"]
mod bare;
#[path = "verbs/ours.rs"]
mod ours;
#[path = "verbs/template.rs"]
mod template;

use std::cell::LazyCell;
use std::path::Path;
use std::time::{Duration, Instant};

use bare::Bare;
use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use domain::actor::Actor;
use domain::command::Command;
use domain::id::{RunToken, TaskId};
use kernel::BoardFilter;
use ours::{Ours, new_task};
use template::Template;

const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];

/// What is measured twice: in the kernel, and as bare transactions.
trait Verbs {
    fn create(&mut self) -> TaskId;
    fn claim(&mut self, task: &TaskId) -> RunToken;
    fn complete(&mut self, task: &TaskId, token: &RunToken);
}

/// What [`lives`] measures. A checkpoint of the write-ahead log falls into one verb or another by
/// chance, so the last figure is the steadiest.
const MEASURED: [&str; 4] = ["create", "claim", "complete", "all three"];

/// Takes one task after the other from its creation to its end, and tells how long each verb took
/// in all of them together, and all verbs.
fn lives(verbs: &mut impl Verbs, count: u32) -> [Duration; 4] {
    let mut took = [Duration::ZERO; 4];
    for _ in 0..count {
        let start = Instant::now();
        let task = verbs.create();
        let created = Instant::now();
        let token = verbs.claim(&task);
        let claimed = Instant::now();
        verbs.complete(&task, &token);
        let completed = Instant::now();
        took[0] += created - start;
        took[1] += claimed - created;
        took[2] += completed - claimed;
        took[3] += completed - start;
    }
    took
}

/// How many tasks live through one measurement: enough for several checkpoints of the write-ahead
/// log, whose cost is a verb's too. As many live before it, to warm the caches; with them the
/// smallest board becomes several times as large, which makes no difference to it.
const LIVES: u32 = 300;

/// Measures verb number `verb` of [`lives`] on fresh copies of a board.
fn measure<V: Verbs>(
    template: &Template,
    verb: usize,
    open: fn(&Path) -> V,
) -> impl FnMut(u64) -> Duration {
    move |times| {
        let (_folder, path) = template.copy();
        let mut verbs = open(&path);
        // By chance, so that checkpoints do not always fall into the same verb.
        lives(&mut verbs, rand::random_range(LIVES / 2..LIVES));
        scaled(lives(&mut verbs, LIVES)[verb], LIVES, times)
    }
}

/// The time of `times`, from that of `count`.
fn scaled(took: Duration, count: u32, times: u64) -> Duration {
    Duration::from_nanos_u128(took.as_nanos() * u128::from(times) / u128::from(count))
}

fn verbs(criterion: &mut Criterion) {
    for size in SIZES {
        let template = LazyCell::new(|| Template::of(size));
        for (verb, name) in MEASURED.into_iter().enumerate() {
            let mut group = criterion.benchmark_group(name);
            group.sampling_mode(SamplingMode::Flat).sample_size(30);
            group.bench_function(BenchmarkId::new("kernel", size), |bencher| {
                bencher.iter_custom(measure(&template, verb, Ours::open));
            });
            group.bench_function(BenchmarkId::new("bare", size), |bencher| {
                bencher.iter_custom(measure(&template, verb, Bare::open));
            });
            group.finish();
        }
    }
}

/// Sixteen writers at once: what sixteen verbs cost that share a commit.
fn sixteen_writers(criterion: &mut Criterion) {
    let template = LazyCell::new(|| Template::of(1_000));
    let mut group = criterion.benchmark_group("create");
    group.throughput(Throughput::Elements(16));
    group.bench_function("by 16 writers", |bencher| {
        let (_folder, path) = template.copy();
        let ours = Ours::open(&path);
        let ada = Actor::full("ada");
        bencher.iter(|| {
            ours.runtime.block_on(async {
                let create = || Command::CreateTask(new_task());
                let writes = (0..16).map(|_| ours.kernel.execute(&ada, create()));
                futures::future::try_join_all(writes).await.unwrap()
            })
        });
    });
    group.finish();
}

/// Finishing a task for which three others wait.
fn promotion(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("promotion");
    group.sampling_mode(SamplingMode::Flat).sample_size(30);
    for size in SIZES {
        let template = LazyCell::new(|| Template::of(size));
        group.bench_function(BenchmarkId::new("kernel", size), |bencher| {
            let (_folder, path) = template.copy();
            let mut ours = Ours::open(&path);
            bencher.iter_custom(|times| {
                let mut took = Duration::ZERO;
                for _ in 0..times {
                    let parent = ours.create();
                    for _ in 0..3 {
                        ours.create_child_of(&[&parent]);
                    }
                    let token = ours.claim(&parent);
                    let start = Instant::now();
                    ours.complete(&parent, &token);
                    took += start.elapsed();
                }
                took
            });
        });
    }
    group.finish();
}

fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    group.sample_size(10);
    for size in SIZES {
        let template = LazyCell::new(|| Template::of(size));
        group.bench_function(BenchmarkId::new("kernel", size), |bencher| {
            let (_folder, path) = template.copy();
            let ours = Ours::open(&path);
            bencher.iter(|| {
                ours.runtime
                    .block_on(ours.kernel.board(BoardFilter::default()))
                    .unwrap()
            });
        });
        group.bench_function(BenchmarkId::new("bare", size), |bencher| {
            let (_folder, path) = template.copy();
            let bare = Bare::open(&path);
            bencher.iter(|| bare.scan());
        });
    }
    group.finish();
}

criterion_group!(benches, verbs, sixteen_writers, promotion, snapshot);
criterion_main!(benches);
