//! A server that is killed again and again while its board runs.
//!
//! `KANBAN_TORTURE_ROUNDS` is the number of rounds; `make soak` asks for more than a quick check
//! does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use domain::id::TaskId;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{Board, text, within};

/// The number of tasks on a board.
const TASKS: usize = 60;

/// The number of times the server of a board is killed.
const KILLS: usize = 6;

/// The cap on concurrent workers.
const CAP: usize = 4;

#[tokio::test]
async fn a_server_killed_at_random_points_finishes_every_task_exactly_once() -> anyhow::Result<()> {
    let rounds = std::env::var("KANBAN_TORTURE_ROUNDS").map_or(Ok(3), |text| text.parse())?;
    for round in 1..=rounds {
        let seed = RandomState::new().build_hasher().finish();
        let tortured = torture(Dice(seed)).await;
        tortured.with_context(|| format!("in round {round} of {rounds}, with seed {seed}"))?;
    }
    Ok(())
}

/// A source of randomness: xorshift64.
struct Dice(u64);

impl Dice {
    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

async fn torture(mut dice: Dice) -> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    board.configure(&format!("[dispatcher]\ncap = {CAP}\n"))?;
    let notes = board.home().join("notes");
    fs::create_dir_all(notes.join("running"))?;
    let tasks = create(&board, &notes, &mut dice).await?;
    board.kill().await?;

    let mut seen = Seen::default();
    for _ in 0..KILLS {
        board.serve(&["--listen", "127.0.0.1:0"]).await?;
        let enough = seen.events + usize::try_from(dice.below(40))?;
        seen.follow(&board, |seen| {
            seen.events >= enough || seen.completed.len() == TASKS
        })
        .await?;
        // Between two events as likely as right after one.
        let moment = Duration::from_micros(dice.below(8_000));
        tokio::time::timeout(moment, std::future::pending::<()>())
            .await
            .ok();
        board.kill().await?;
        assert_cap_is_kept(&board).await?;
    }
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    seen.follow(&board, |seen| seen.completed.len() == TASKS)
        .await?;
    board.stop().await?;

    for (task, times) in &seen.completed {
        ensure!(*times == 1, "{task} was completed {times} times");
    }
    assert_each_ran_once(&notes, &tasks)?;
    for task in &tasks {
        assert_runs_are_closed(&board, task).await?;
    }
    assert_nothing_survives(board.home()).await
}

/// Puts the tasks on the board. Some wait for others, and some leave a process behind.
async fn create(board: &Board, notes: &Path, dice: &mut Dice) -> anyhow::Result<BTreeSet<TaskId>> {
    let mut tasks: Vec<TaskId> = Vec::new();
    for number in 0..TASKS {
        let body = script(notes, number, dice);
        let parent = tasks
            .iter()
            .rev()
            .nth(6)
            .filter(|_| number.is_multiple_of(3));
        let new = json!({
            "title": format!("task {number}"),
            "body": body,
            "assignee": "shell",
            "parents": parent.into_iter().collect::<Vec<_>>(),
        });
        let (status, created) = board.post("/tasks", &new).await?;
        ensure!(status == 200, "{status}: {created}");
        tasks.push(text(&created, "/task/id")?.parse()?);
    }
    Ok(tasks.into_iter().collect())
}

/// A worker notes that it ran, and how many ran beside it.
fn script(notes: &Path, number: usize, dice: &mut Dice) -> String {
    let leave_behind = if number.is_multiple_of(10) {
        "setsid sleep 1000 &"
    } else {
        ""
    };
    format!(
        "cd '{}' || exit 1
         mkdir running/$KANBAN_RUN
         ls running | wc -l >> samples
         echo $KANBAN_TASK >> ran
         {leave_behind}
         sleep 0.0{}
         rmdir running/$KANBAN_RUN",
        notes.display(),
        dice.below(10),
    )
}

/// The event log so far.
#[derive(Default)]
struct Seen {
    cursor: i64,
    events: usize,
    completed: BTreeMap<TaskId, usize>,
}

impl Seen {
    /// Reads on until it is enough.
    async fn follow(
        &mut self,
        board: &Board,
        is_enough: impl Fn(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let mut socket = board.socket(&format!("since={}", self.cursor)).await?;
        while !is_enough(self) {
            for event in socket.events().await.with_context(|| board.log())? {
                self.cursor = event.id.0;
                self.events += 1;
                match event.kind.as_str() {
                    "completed" => *self.completed.entry(event.task_id).or_default() += 1,
                    "created" | "ready" | "claimed" | "spawned" | "adopted" | "interrupted" => {}
                    other => anyhow::bail!("{other}: {event:?}; log:\n{}", board.log()),
                }
            }
        }
        Ok(())
    }
}

async fn assert_cap_is_kept(board: &Board) -> anyhow::Result<()> {
    let running = board
        .kanban(&["list", "--status", "running", "--json"])
        .await?;
    let running = running.json()?.as_array().map_or(0, Vec::len);
    ensure!(running <= CAP, "{running} tasks are running at once");
    Ok(())
}

fn assert_each_ran_once(notes: &Path, tasks: &BTreeSet<TaskId>) -> anyhow::Result<()> {
    let ran = fs::read_to_string(notes.join("ran"))?;
    let ran: Vec<TaskId> = ran.lines().map(str::parse).collect::<Result<_, _>>()?;
    ensure!(ran.len() == tasks.len(), "{} workers ran", ran.len());
    ensure!(
        ran.into_iter().collect::<BTreeSet<_>>() == *tasks,
        "some ran twice"
    );
    for sample in fs::read_to_string(notes.join("samples"))?.lines() {
        let beside: usize = sample.trim().parse()?;
        ensure!(beside <= CAP, "{beside} workers ran at once");
    }
    Ok(())
}

async fn assert_runs_are_closed(board: &Board, task: &TaskId) -> anyhow::Result<()> {
    let runs = board
        .kanban(&["runs", task.as_str(), "--json"])
        .await?
        .json()?;
    let runs = runs.as_array().context("no array")?;
    let outcomes: Vec<_> = runs
        .iter()
        .map(|run| run.get("outcome").and_then(Value::as_str))
        .collect();
    let (last, before) = outcomes.split_last().context("no run")?;
    ensure!(*last == Some("completed"), "{task}: {outcomes:?}");
    // A run that was claimed when the server died, and whose supervisor never came.
    let all_interrupted = before.iter().all(|outcome| *outcome == Some("interrupted"));
    ensure!(all_interrupted, "{task}: {outcomes:?}");
    Ok(())
}

/// Waits until the last process of the board is gone: supervisors go by themselves, right after their
/// workers, and take with them what those left behind.
async fn assert_nothing_survives(home: &Path) -> anyhow::Result<()> {
    let variable = format!("KANBAN_HOME={}", home.display());
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
        let mut variables = environ.split(|byte| *byte == 0);
        if !variables.any(|one| one == variable.as_bytes()) {
            continue;
        }
        let pid = entry.file_name().to_string_lossy().into_owned();
        let command = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        let gone = Command::new("tail")
            .args(["-s", "0.1", "--pid", &pid, "-f", "/dev/null"])
            .kill_on_drop(true)
            .status();
        within(&format!("the end of {}", command.replace('\0', " ")), gone).await??;
    }
    Ok(())
}
