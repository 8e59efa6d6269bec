//! The dispatcher's latencies, and its load when there is nothing to do, measured from outside on
//! the real program: `make dispatch-bench` prints the figures that BENCHMARKS.md names. A name as argument
//! measures one of them: `make dispatch-bench ARGS=many`.

#![expect(clippy::print_stdout, reason = "figures to be read are what it is for")]

#[expect(
    dead_code,
    unused_imports,
    reason = "it uses a part of what the tests need"
)]
mod harness;
mod memory;

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use harness::{Board, Gate, Socket, within};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

/// The number of starts that are measured.
const STARTS: usize = 300;

/// The number of tasks that are run as fast as possible, and the cap on concurrent ones.
const TASKS: usize = 1_000;
const CAP: usize = 8;

/// The number of tasks that run one after the other.
const GAPS: u32 = 300;

/// The number of times that each is measured.
const ROUNDS: usize = 3;

/// The number of tasks on a large board.
const MANY: usize = 10_000;

/// The time for which an idle server is watched.
const REST: Duration = Duration::from_secs(30);

/// The clock ticks per second in `/proc`: the same on every Linux (`proc_pid_stat(5)`).
const TICKS_PER_SECOND: f64 = 100.0;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let named = std::env::args()
        .nth(1)
        .filter(|name| !name.starts_with('-'));
    let is_wanted = |name: &str| named.as_deref().is_none_or(|it| it == name);
    runtime.block_on(async {
        if is_wanted("starts") {
            start_one_by_one().await?;
        }
        if is_wanted("many") {
            run_many().await?;
        }
        if is_wanted("gap") {
            run_one_after_the_other().await?;
        }
        if is_wanted("rest") {
            rest_with_many().await?;
        }
        Ok(())
    })
}

/// From the request that makes a task ready to the first command of its worker.
async fn start_one_by_one() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let gate = Gate::of(&board).await?;
    // Open at both ends, so that a worker need not wait for us.
    let mut opened = pipe::OpenOptions::new()
        .read_write(true)
        .open_receiver(gate.path())?;
    let body = format!("echo > '{}'", gate.path().display());
    let mut socket = board.socket("since=0").await?;
    let mut took = Vec::new();
    for _ in 0..STARTS {
        let asked = Instant::now();
        create(&board, Some("shell"), &body).await?;
        within("the start of a worker", opened.read_u8()).await??;
        took.push(asked.elapsed());
        completed(&mut socket, 1).await?;
    }
    took.sort();
    let at = |share: usize| {
        took.get(took.len() * share / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "ready → process started, p50:      {:>8.1} ms",
        millis(at(50))
    );
    println!(
        "ready → process started, p99:      {:>8.1} ms",
        millis(at(99))
    );
    Ok(())
}

/// Beside a program that starts as many shells and does nothing else, in turn.
async fn run_many() -> anyhow::Result<()> {
    let (mut ours, mut bare, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(shells(TASKS, CAP)?);
        let before = busy_ticks()?;
        ours.push(tasks(TASKS, CAP).await?);
        busy.push(busy_ticks()? - before);
    }
    busy.sort_unstable();
    let ticks = busy.get(ROUNDS / 2).copied().unwrap_or_default();
    // A thousand tasks: seconds of all are milliseconds of one.
    let each = f64::from(u32::try_from(ticks)?) / TICKS_PER_SECOND;
    println!("processor time, creation and all:  {each:>8.1} ms a task");
    let (ours, bare) = (median(ours), median(bare));
    println!(
        "{TASKS} tasks through `shell`, cap {CAP}: {:>8.2} s, {:.1} times `xargs -P{CAP} sh -c :` ({:.2} s)",
        ours.as_secs_f64(),
        ours.as_secs_f64() / bare.as_secs_f64(),
        bare.as_secs_f64()
    );
    Ok(())
}

/// From the end of one worker to the beginning of the next, where there is room for one.
async fn run_one_after_the_other() -> anyhow::Result<()> {
    let each = |whole: Duration| millis(whole) / f64::from(GAPS);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(shells(GAPS.try_into()?, 1)?);
        ours.push(tasks(GAPS.try_into()?, 1).await?);
    }
    let gap = each(median(ours)) - each(median(bare));
    println!("idle between tasks, cap 1:         {gap:>8.1} ms");
    Ok(())
}

/// Returns how long a new server takes for so many tasks that do nothing, `cap` at a time.
async fn tasks(count: usize, cap: usize) -> anyhow::Result<Duration> {
    let mut board = Board::shown().await?;
    for _ in 0..count {
        create(&board, Some("shell"), ":").await?;
    }
    board.kill().await?;
    board.configure(&format!("[dispatcher]\ncap = {cap}\n"))?;
    let began = Instant::now();
    board
        .serve_in(
            &["--listen", "127.0.0.1:0"],
            &[("KANBAN_LOG", "info".as_ref())],
        )
        .await?;
    let mut socket = board.socket("since=0").await?;
    completed(&mut socket, count).await?;
    Ok(began.elapsed())
}

/// Returns how long `xargs` takes for so many shells that do nothing, `cap` at a time.
fn shells(count: usize, cap: usize) -> anyhow::Result<Duration> {
    let script = format!("seq {count} | xargs -P{cap} -I{{}} sh -c :");
    let began = Instant::now();
    let status = std::process::Command::new("sh")
        .args(["-c", &script])
        .status()?;
    ensure!(status.success(), "{status}");
    Ok(began.elapsed())
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took.get(took.len() / 2).copied().unwrap_or_default()
}

async fn rest_with_many() -> anyhow::Result<()> {
    let board = Board::running().await?;
    for _ in 0..MANY {
        create(&board, None, "a body of a few words, as people write them").await?;
    }
    // What a person does who looks at it.
    let (status, shown) = board.get("/board").await?;
    ensure!(status == 200, "{status}");
    let newest = shown.get("latest_event_id").context("no cursor")?;
    let since = format!("since={newest}");
    let _open_page = board.socket(&since).await?;
    let pid = board.pid()?;
    let resident = memory::mib(pid)?;
    println!("memory with {MANY} tasks:          {resident:>8.1} MiB");
    let before = ticks(pid)?;
    // Nothing is waited for: that nothing happens is what is measured.
    tokio::time::timeout(REST, std::future::pending::<()>())
        .await
        .ok();
    let used = f64::from(ticks(pid)? - before) / TICKS_PER_SECOND;
    let share = 100.0 * used / REST.as_secs_f64();
    println!("processor time at rest:            {share:>8.2} % of a core");
    Ok(())
}

async fn create(board: &Board, assignee: Option<&str>, body: &str) -> anyhow::Result<()> {
    let new = json!({"title": "a task", "body": body, "assignee": assignee});
    let (status, created) = board.post("/tasks", &new).await?;
    ensure!(status == 200, "{status}: {created}");
    Ok(())
}

/// Waits until so many tasks more are done.
async fn completed(socket: &mut Socket, count: usize) -> anyhow::Result<()> {
    let mut seen = 0;
    while seen < count {
        let events = socket.events().await?;
        seen += events
            .iter()
            .filter(|event| event.kind == "completed")
            .count();
    }
    Ok(())
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

/// The processor time that all processes have used, in clock ticks (`proc_stat(5)`).
fn busy_ticks() -> anyhow::Result<u64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let all = stat.lines().next().context("no processors")?;
    let times: Result<Vec<u64>, _> = all
        .split_ascii_whitespace()
        .skip(1)
        .map(str::parse)
        .collect();
    // The fourth and fifth are those in which nothing was to be done.
    let busy = times?
        .into_iter()
        .enumerate()
        .filter(|(at, _)| *at != 3 && *at != 4);
    Ok(busy.map(|(_, ticks)| ticks).sum())
}

/// The processor time that a process has used, in clock ticks.
fn ticks(pid: u32) -> anyhow::Result<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no name")?;
    // Fields 14 and 15 are the time in user and in system mode; the first after the name is 3.
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut next = || anyhow::Ok(fields.next().context("no time")?.parse::<u32>()?);
    Ok(next()? + next()?)
}
