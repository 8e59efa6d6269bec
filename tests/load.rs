//! What is slow holds up nobody: the board, its health and its workers answer while much is searched,
//! exported and taken in.
//!
//! A debug build beside other tests is allowed twice [`BOARD_P99`], or [`SLOWER`]; `make load` holds the
//! release build to [`BOARD_P99`] itself.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::{API, Board, within};

/// How long the board may take, 99 times of 100.
const BOARD_P99: Duration = Duration::from_millis(50);

/// How many times as long as a board takes that has nothing else to do, where that is more.
const SLOWER: u32 = 10;

/// Holds the program to [`BOARD_P99`] whatever the machine does.
const STRICT: &str = "KANBAN_LOAD_STRICT";

/// How often the board is asked for while there is nothing else to do.
const IDLE: usize = 300;

/// How large an import is, in tasks and bytes each: 52 MB together.
const TASKS: usize = 2_000;
const BODY: usize = 26_000;

/// How many imports are refused for their last line, before one is taken in. Until then they cost the
/// same and leave the board as large as it is.
const REFUSED: usize = 4;

/// The tasks that were there before the import; the answer with all the others would be 52 MB too.
const BEFORE: &str = "/board?tenant=before";

/// How long an answer takes.
async fn latency(board: &Board, path: &str) -> anyhow::Result<Duration> {
    let asked = Instant::now();
    let answer = board.request(Method::GET, path)?.send().await?;
    ensure!(answer.status() == 200, "{path}: {}", answer.status());
    answer.bytes().await?;
    Ok(asked.elapsed())
}

/// How long answers take, for as long as `others` go on.
async fn latencies(
    board: &Board,
    path: &str,
    others: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Latencies> {
    let mut taken = Vec::new();
    let asking = async {
        loop {
            match latency(board, path).await {
                Ok(latency) => taken.push(latency),
                Err(failure) => break failure,
            }
        }
    };
    tokio::select! {
        done = others => done?,
        failure = asking => return Err(failure),
    }
    Ok(Latencies::of(taken))
}

/// Latencies in their order.
struct Latencies(Vec<Duration>);

impl Latencies {
    fn of(mut taken: Vec<Duration>) -> Self {
        taken.sort();
        Self(taken)
    }

    /// The latency that `percent` of them do not exceed.
    fn percentile(&self, percent: usize) -> Duration {
        let place = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(place).copied().unwrap_or(Duration::MAX)
    }

    fn p99(&self) -> Duration {
        self.percentile(99)
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|percent| self.percentile(percent));
        write!(
            f,
            "{} answers, p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?}",
            self.0.len()
        )
    }
}

/// Searches without an end.
async fn search(board: &Board, words: &str) -> anyhow::Result<()> {
    loop {
        let (status, said) = board.get(&format!("/search?q={words}")).await?;
        ensure!(status == 200 || status == 503, "{status}: {said}");
    }
}

/// Exports without an end.
async fn export(board: &Board) -> anyhow::Result<()> {
    loop {
        let said = board.kanban(&["export"]).await?;
        ensure!(said.code == Some(0), "{}", said.err);
    }
}

/// Imports that are refused, and then one that is not, until its words are found.
async fn import(board: &Board) -> anyhow::Result<()> {
    let words = "lorem ipsum dolor sit amet ";
    let list = (0..TASKS).fold(String::new(), |mut text, task| {
        let body = words.repeat(BODY / words.len());
        let task = json!({ "title": format!("task {task}"), "body": body });
        writeln!(text, "{task}").ok();
        text
    });
    let refused = format!(
        "{list}{}",
        json!({ "title": "lost", "parents": ["t_00000000"] })
    );
    for _ in 0..REFUSED {
        let said = board
            .kanban_reading(&["import", "-"], refused.as_bytes())
            .await?;
        ensure!(said.err.contains("unknown parent"), "{said:?}");
    }
    let said = board
        .kanban_reading(&["import", "-"], list.as_bytes())
        .await?;
    ensure!(said.code == Some(0), "{said:?}");
    within("the index", async {
        loop {
            let (status, found) = board.get("/search?q=lorem&limit=1").await?;
            ensure!(status == 200 || status == 503, "{status}: {found}");
            if found.get("total") == Some(&json!(TASKS)) {
                return Ok(());
            }
        }
    })
    .await?
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_and_workers_wait_for_no_search_export_or_import() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let lines = (0..40_000).fold(String::new(), |mut text, line| {
        writeln!(text, "{line} ok").ok();
        text
    });
    for title in ["one", "two", "three", "four"] {
        let task = json!({ "title": title, "body": lines, "tenant": "before" });
        let (status, said) = board.post("/tasks", &task).await?;
        ensure!(status == 200, "{said}");
    }
    // Takes the long texts into the index.
    let (status, found) = board.get("/search?q=ok").await?;
    assert_eq!((status, &found["total"]), (200, &json!(4)));

    let path = format!("{API}{BEFORE}");
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(latency(&board, &path).await?);
    }
    let idle = Latencies::of(idle);

    let load = async {
        let many = ["ok", "o", "o+ok", "1", "2+o", "3+o+ok", "4+5", "6"];
        let searches = try_join_all(many.map(|words| search(&board, words)));
        let exports = try_join_all([export(&board), export(&board)]);
        tokio::select! {
            failed = searches => failed.map(drop).context("a search"),
            failed = exports => failed.map(drop).context("an export"),
            done = import(&board) => done.context("an import"),
        }
    };
    let mut health = None;
    let watched = async {
        health = Some(Box::pin(latencies(&board, "/healthz", load)).await?);
        Ok(())
    };
    let loaded = Box::pin(latencies(&board, &path, watched)).await?;
    let health = health.context("nobody asked for its health")?;
    println!("board, idle: {idle}\nboard, under load: {loaded}\nhealth, under load: {health}");

    let allowed = match std::env::var_os(STRICT) {
        Some(_) => BOARD_P99,
        None => (BOARD_P99 * 2).max(idle.p99() * SLOWER),
    };
    assert!(loaded.p99() <= allowed, "{loaded}; {allowed:?} allowed");
    assert!(health.p99() <= allowed, "{health}; {allowed:?} allowed");

    // Workers come to their end meanwhile, too.
    let searches = try_join_all(["ok", "o", "o+ok", "1"].map(|words| search(&board, words)));
    tokio::select! {
        failed = searches => failed.map(drop).context("a search")?,
        done = within("a worker", a_worker(&board)) => done??,
    }
    Ok(())
}

/// A task that a worker does.
async fn a_worker(board: &Board) -> anyhow::Result<()> {
    let wish = json!({ "title": "work", "body": "true", "assignee": "shell" });
    let (status, said) = board.post("/tasks", &wish).await?;
    ensure!(status == 200, "{said}");
    let id = said
        .pointer("/task/id")
        .and_then(|id| id.as_str())
        .context("an id")?;
    board.happened(&id.parse()?, "completed").await?;
    Ok(())
}
