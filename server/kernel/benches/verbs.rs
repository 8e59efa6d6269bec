//! The cost of a verb beside the bare transaction that writes the same rows.
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
use domain::id::{RunToken, TaskId};
use kernel::BoardFilter;
use ours::{Ours, new_task};
use template::Template;

const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];

/// The verbs that are measured twice: in the kernel, and as bare transactions.
trait Verbs {
    fn create(&mut self) -> TaskId;
    fn claim(&mut self, task: &TaskId) -> RunToken;
    fn complete(&mut self, task: &TaskId, token: &RunToken);
}

/// The measurements of [`lives`]: each verb, and all of them in a row.
const MEASURED: [&str; 4] = ["create", "claim", "complete", "all three"];

/// The number of tasks of one measurement: enough for several checkpoints of the write-ahead log.
/// As many live before it, to warm the caches; with them the smallest board becomes several times
/// as large, which makes no difference to it.
const LIVES: u32 = 300;

/// Takes one task after the other from its creation to its end; returns the times of each of
/// [`MEASURED`].
fn lives(verbs: &mut impl Verbs, count: u32) -> [Vec<Duration>; 4] {
    let mut took = [const { Vec::new() }; 4];
    for _ in 0..count {
        let start = Instant::now();
        let task = verbs.create();
        let created = Instant::now();
        let token = verbs.claim(&task);
        let claimed = Instant::now();
        verbs.complete(&task, &token);
        let completed = Instant::now();
        took[0].push(created - start);
        took[1].push(claimed - created);
        took[2].push(completed - claimed);
        took[3].push(completed - start);
    }
    took
}

/// Returns the figure that stands for `took`. A checkpoint takes a hundred times as long as a verb
/// and falls, once in two hundred, to one verb or another; so a verb is given by its median, and
/// all of them in a row by their mean, to which the checkpoints belong.
fn figure(mut took: Vec<Duration>, is_whole_life: bool) -> Duration {
    if is_whole_life {
        took.iter().sum::<Duration>() / LIVES
    } else {
        took.sort_unstable();
        took[took.len() / 2]
    }
}

/// Measures number `index` of [`MEASURED`] on fresh copies of a board.
fn measure<V: Verbs>(
    template: &Template,
    index: usize,
    open: fn(&Path) -> V,
) -> impl FnMut(u64) -> Duration {
    move |times| {
        let (_folder, path) = template.copy();
        let mut verbs = open(&path);
        // By chance, so that the checkpoints of no two measurements fall to the same task.
        lives(&mut verbs, rand::random_range(LIVES / 2..LIVES));
        let took = std::mem::take(&mut lives(&mut verbs, LIVES)[index]);
        let figure = figure(took, MEASURED[index] == "all three");
        Duration::from_nanos_u128(figure.as_nanos() * u128::from(times))
    }
}

fn verbs(criterion: &mut Criterion) {
    for size in SIZES {
        let template = LazyCell::new(|| Template::of(size));
        for (index, name) in MEASURED.into_iter().enumerate() {
            let mut group = criterion.benchmark_group(name);
            group.sampling_mode(SamplingMode::Flat).sample_size(30);
            group.bench_function(BenchmarkId::new("kernel", size), |bencher| {
                bencher.iter_custom(measure(&template, index, Ours::open));
            });
            group.bench_function(BenchmarkId::new("bare", size), |bencher| {
                bencher.iter_custom(measure(&template, index, Bare::open));
            });
            group.finish();
        }
    }
}

/// Measures sixteen writers at once: sixteen verbs that share a commit, beside as many
/// transactions. Both by their mean, checkpoints and all.
fn sixteen_writers(criterion: &mut Criterion) {
    let template = LazyCell::new(|| Template::of(1_000));
    let mut group = criterion.benchmark_group("16 creates");
    group.throughput(Throughput::Elements(16));
    group.bench_function("kernel", |bencher| {
        let (_folder, path) = template.copy();
        let ours = Ours::open(&path);
        let ada = Actor::full("ada");
        bencher.iter(|| {
            ours.runtime.block_on(async {
                let create = || new_task();
                let writes = (0..16).map(|_| ours.kernel.execute(&ada, create()));
                futures::future::try_join_all(writes).await.unwrap()
            })
        });
    });
    group.bench_function("bare", |bencher| {
        let (_folder, path) = template.copy();
        let mut bare = Bare::open(&path);
        bencher.iter(|| std::array::from_fn::<_, 16, _>(|_| bare.create()));
    });
    group.finish();
}

/// Measures the completion of a task for which three others wait.
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
