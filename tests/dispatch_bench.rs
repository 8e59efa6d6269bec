//! The dispatcher's latencies, and its load when there is nothing to do, measured from outside on
//! the real program: `make dispatch-bench` prints the figures that the README names.

#![expect(clippy::print_stdout, reason = "figures to be read are what it is for")]

#[expect(
    dead_code,
    unused_imports,
    reason = "it uses a part of what the tests need"
)]
mod harness;

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
    runtime.block_on(async {
        start_one_by_one().await?;
        run_many().await?;
        rest_with_many().await
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

async fn run_many() -> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    for _ in 0..TASKS {
        create(&board, Some("shell"), "true").await?;
    }
    board.kill().await?;
    board.configure(&format!("[dispatcher]\ncap = {CAP}\n"))?;
    let began = Instant::now();
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let mut socket = board.socket("since=0").await?;
    completed(&mut socket, TASKS).await?;
    let seconds = began.elapsed().as_secs_f64();
    println!("{TASKS} tasks through `shell`, cap {CAP}: {seconds:>8.1} s");
    Ok(())
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
    let resident = memory_mib(pid)?;
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

/// The memory that a process has in RAM.
fn memory_mib(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|value| value.trim().strip_suffix(" kB"));
    Ok(kib.context("no VmRSS")?.parse::<f64>()? / 1_024.0)
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
