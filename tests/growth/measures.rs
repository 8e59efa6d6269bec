//! The measurements of a board of one size.

use std::time::{Duration, Instant};

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::board;
use crate::harness::{API, Board};
use crate::memory;

/// The number of times that a request is made.
const TIMES: usize = 100;

/// The number of times that the program is started for a verb of the command line, and a page is loaded.
const FEW: usize = 11;

/// The most requests in which the search may come to know all tasks.
const LOOKS: usize = 100_000;

pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
    pub(crate) bound: Option<f64>,
}

/// Times in milliseconds, shortest first.
struct Took(Vec<f64>);

impl Took {
    fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }

    fn slowest(&self) -> f64 {
        self.0.last().copied().unwrap_or_default()
    }
}

/// Measures a board of so many tasks.
pub(crate) async fn of(size: u32) -> anyhow::Result<Vec<Measured>> {
    let mut board = board::of(size).await?;
    let mut all = Vec::new();
    let mut add = |name, unit, value, bound| {
        all.push(Measured {
            name,
            unit,
            value,
            bound,
        });
    };
    let asked = Instant::now();
    board
        .serve_in(
            &["--listen", "127.0.0.1:0", "--no-dispatch"],
            &[("KANBAN_LOG", "warn".as_ref())],
        )
        .await?;
    add("start of the server", "ms", millis(asked), Some(1_000.0));
    all_are_found(&board).await?;

    let page = requests(&board, FEW, |_| (Method::GET, "/".to_owned())).await?;
    add("page, as HTML", "ms", page.median(), Some(1_500.0));
    let whole = requests(&board, FEW, |_| get("/board")).await?;
    add("`GET /board`", "ms", whole.median(), None);
    let list = verbs(&board, &["list"]).await?;
    add(
        "`kanban list`, slowest of 11",
        "ms",
        list.slowest(),
        Some(100.0),
    );
    let stats = requests(&board, TIMES, |_| get("/stats")).await?;
    add("stats, slowest of 100", "ms", stats.slowest(), Some(100.0));
    let of_chain = id(size / 10 - 1);
    let why = requests(&board, TIMES, |_| get(&format!("/tasks/{of_chain}/why"))).await?;
    add(
        "why, at the end of a chain, slowest of 100",
        "ms",
        why.slowest(),
        Some(100.0),
    );
    let why = requests(&board, TIMES, |_| get("/tasks/t_fa0/why")).await?;
    add(
        "why, behind all of it, slowest of 100",
        "ms",
        why.slowest(),
        Some(100.0),
    );
    let task = requests(&board, TIMES, |at| get(&format!("/tasks/{}", id(at)))).await?;
    add("a task", "ms", task.median(), None);
    let search = requests(&board, TIMES, |at| get(&format!("/search?q=hinge+{at}"))).await?;
    add(
        "search, slowest of 100",
        "ms",
        search.slowest(),
        Some(100.0),
    );
    let create = writes(&board, |_| (Method::POST, "/tasks".to_owned())).await?;
    add("create", "ms", create.median(), None);
    let edit = writes(&board, |at| (Method::PATCH, format!("/tasks/{}", id(at)))).await?;
    add("edit", "ms", edit.median(), None);
    let comment = writes(&board, |at| {
        (Method::POST, format!("/tasks/{}/comments", id(at)))
    })
    .await?;
    add("comment", "ms", comment.median(), None);
    add("memory", "MiB", memory::mib(board.pid()?)?, Some(250.0));
    Ok(all)
}

/// The id of the task with this number.
fn id(number: impl TryInto<u64>) -> String {
    let number: u64 = number.try_into().unwrap_or_default();
    format!("t_{:08x}", number * 2_654_435_761 % (1 << 32))
}

fn get(path: &str) -> (Method, String) {
    (Method::GET, format!("{API}{path}"))
}

/// Waits until the search knows all tasks: the index follows the events in order, and comes to a new task
/// last.
async fn all_are_found(board: &Board) -> anyhow::Result<()> {
    let last = json!({"title": "Lock up"});
    let request = board.request(Method::POST, &format!("{API}/tasks"))?;
    let answer = request.json(&last).send().await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    for _ in 0..LOOKS {
        let (_, found) = board.get("/search?q=lock").await?;
        let hits = found.get("hits").and_then(|hits| hits.as_array());
        if hits.is_some_and(|hits| !hits.is_empty()) {
            return Ok(());
        }
    }
    anyhow::bail!("the search does not know the last task")
}

async fn requests(
    board: &Board,
    times: usize,
    of: impl Fn(usize) -> (Method, String),
) -> anyhow::Result<Took> {
    timed(times, async |at| {
        let (method, path) = of(at);
        let answer = board.request(method, &path)?.send().await?;
        ensure!(
            answer.status() == StatusCode::OK,
            "{path}: {}",
            answer.status()
        );
        answer.bytes().await?;
        Ok(())
    })
    .await
}

async fn writes(board: &Board, of: impl Fn(usize) -> (Method, String)) -> anyhow::Result<Took> {
    timed(TIMES, async |at| {
        let (method, path) = of(at);
        let said = json!({"title": format!("Oil hinge {at} once more"), "body": "It squeaks."});
        let request = board.request(method, &format!("{API}{path}"))?;
        let answer = request.json(&said).send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await?;
        Ok(())
    })
    .await
}

async fn verbs(board: &Board, words: &[&str]) -> anyhow::Result<Took> {
    timed(FEW, async |_| {
        let said = board.kanban(words).await?;
        ensure!(said.code == Some(0), "{}", said.err);
        Ok(())
    })
    .await
}

async fn timed(
    times: usize,
    act: impl AsyncFn(usize) -> anyhow::Result<()>,
) -> anyhow::Result<Took> {
    // The first one opens and reads what all share; it is not counted.
    act(0).await?;
    let mut took = Vec::with_capacity(times);
    for at in 0..times {
        let asked = Instant::now();
        act(at).await?;
        took.push(millis(asked));
    }
    took.sort_by(f64::total_cmp);
    Ok(Took(took))
}

fn millis(since: Instant) -> f64 {
    let elapsed: Duration = since.elapsed();
    elapsed.as_secs_f64() * 1_000.0
}
