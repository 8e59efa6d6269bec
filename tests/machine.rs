//! Faults of the machine: a disk that is full, folders that cannot be written to, nowhere to log to.
//! None of them is the fault of a task, and none costs work that is done.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use domain::fixture::left_out;
use domain::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::harness::{Board, Gate, answer, gone, said, status, text, there, within};

/// The limits of a disk by its size, and by the number of its files, as options of tmpfs(5).
const FEW_BYTES: &str = "size=16m,mode=700";
const FEW_FILES: &str = "nr_inodes=300,mode=700";

/// A small disk for the home folder of a board; it is gone when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it; `None` where whoever runs the tests may not do that, so that `test` is left out.
    async fn under(board: &Board, limit: &str, test: &str) -> anyhow::Result<Option<Self>> {
        fs::create_dir_all(board.home())?;
        let mount = ["-t", "tmpfs", "-o", limit, "small"];
        let mut mount = command("mount", &mount);
        let mounted = said(mount.arg(board.home())).await?;
        if mounted.code != Some(0) {
            left_out(test, "a disk of its own");
            return Ok(None);
        }
        Ok(Some(Self(board.home().to_owned())))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut unmount = std::process::Command::new("umount");
        // What still uses it keeps it until it ends.
        unmount.arg("--lazy").arg(&self.0).status().ok();
    }
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    command
}

fn dev_full() -> anyhow::Result<File> {
    Ok(File::options().write(true).open("/dev/full")?)
}

/// A worker that fills the disk and ends, with its run's folder and supervisor.
struct Filled {
    task: TaskId,
    run_folder: PathBuf,
    supervisor: String,
}

impl Filled {
    /// Starts it, lets it do this before it fills the disk, and waits until it has ended.
    async fn by_a_worker_on(board: &Board, first: &str) -> anyhow::Result<Self> {
        let gate = Gate::of(board).await?;
        let script = format!(
            "{first}\nread word < '{}'\n\
             head -c 100M /dev/zero > \"$KANBAN_HOME/fill\"\n\
             head -c 100000 /dev/zero | tr '\\0' '\\n'\n\
             echo \"$word\"",
            gate.path().display()
        );
        let task = board
            .create("fill", &["--assignee", "shell", "--body", &script])
            .await?;
        board.happened(&task, "spawned").await?;
        let shown = board.task(&task).await?;
        let worker = shown.pointer("/task/worker_pid");
        let worker = worker.and_then(Value::as_i64).context("no worker")?;
        let mut runs = fs::read_dir(board.home().join("kanban/runs"))?;
        let run_folder = runs.next().context("no run")??.path();
        let supervisor = fs::read_to_string(run_folder.join("supervisor.json"))?;
        let supervisor: Value = serde_json::from_str(&supervisor)?;
        let supervisor = supervisor.get("pid").and_then(Value::as_i64);
        let supervisor = supervisor.context("no supervisor")?;
        gate.open("done").await?;
        gone(&worker.to_string()).await?;
        Ok(Self {
            task,
            run_folder,
            supervisor: supervisor.to_string(),
        })
    }

    /// Makes room again, and asserts that the work was done once.
    async fn finish_once_there_is_room(self, board: &Board) -> anyhow::Result<()> {
        fs::remove_file(board.home().join("fill"))?;
        board.happened(&self.task, "completed").await?;
        let done = board.task(&self.task).await?;
        assert!(text(&done, "/task/result")?.ends_with("done"), "{done}");
        let events = done.pointer("/events").and_then(Value::as_array);
        let events = events.context("no events")?;
        let claims = events
            .iter()
            .filter(|event| event.get("kind") == Some(&"claimed".into()));
        assert_eq!(claims.count(), 1, "{done}");
        assert_eq!(done.pointer("/task/spawn_failures"), Some(&0.into()));
        gone(&self.supervisor).await
    }
}

#[tokio::test]
async fn the_end_of_a_worker_has_its_room_on_a_disk_that_is_full() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let test = "the_end_of_a_worker_has_its_room_on_a_disk_that_is_full";
    let Some(_disk) = SmallDisk::under(&board, FEW_BYTES, test).await? else {
        return Ok(());
    };
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let filled = Filled::by_a_worker_on(&board, "").await?;
    let is_there = there(&filled.run_folder.join("exit.json")).await.is_ok();
    // The room that the end leaves may be enough for the board to take it in.
    ensure!(is_there || !filled.run_folder.exists());
    gone(&filled.supervisor).await?;
    filled.finish_once_there_is_room(&board).await
}

#[tokio::test]
async fn an_end_that_finds_no_room_is_kept_until_there_is_some() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let test = "an_end_that_finds_no_room_is_kept_until_there_is_some";
    let Some(_disk) = SmallDisk::under(&board, FEW_BYTES, test).await? else {
        return Ok(());
    };
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let gives_its_room_away = "rm \"$KANBAN_HOME/kanban/runs/$KANBAN_RUN/exit.part\"";
    let filled = Filled::by_a_worker_on(&board, gives_its_room_away).await?;
    // It is made anew, and nothing can be written to it.
    there(&filled.run_folder.join("exit.part")).await?;
    assert!(!filled.run_folder.join("exit.json").exists());
    filled.finish_once_there_is_room(&board).await
}

#[tokio::test]
async fn a_log_that_cannot_be_written_to_ends_nothing() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let mut shim = board.command("shim")?;
    let shim = shim
        .arg(board.home().join("kanban/runs/7/spec.json"))
        .stderr(dev_full()?);
    let ended = within("the end of a supervisor", shim.status()).await??;
    assert_eq!(ended.code(), Some(1), "it complains, and nobody hears it");

    board.serve_logging_to(dev_full()?.into()).await?;
    runs_a_task(&board).await?;
    board.stop().await?;
    // A pipe that nobody reads.
    let (_reader, log) = std::io::pipe()?;
    board.serve_logging_to(log.into()).await?;
    runs_a_task(&board).await
}

#[tokio::test]
async fn a_server_that_cannot_print_its_address_serves_all_the_same() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let mut serve = board.command("serve")?;
    let mut server = serve
        .args(["--listen", "127.0.0.1:0", "--no-dispatch"])
        .env("KANBAN_LOG", "warn")
        .stdout(dev_full()?)
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let log = server.stderr.take().context("the server has no log")?;
    let mut log = BufReader::new(log).lines();
    let line = within("a warning", log.next_line()).await??;
    let line = line.context("it has ended")?;
    ensure!(line.contains("the address is not printed"), "{line}");
    let address = fs::read_to_string(board.home().join("kanban/server.address"))?;
    let health = reqwest::get(format!("{}/healthz", address.trim())).await?;
    assert_eq!(health.status(), 200);
    Ok(())
}

/// Asserts that a disk that `fill` leaves nothing of is told of wherever one asks, and holds tasks back
/// until there is room again.
async fn is_told_of(mut board: Board, fill: &str, full: &str) -> anyhow::Result<()> {
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    board.post("/pause", &json!({})).await?;
    let flags = ["--assignee", "shell", "--body", "true"];
    let task = board.create("a", &flags).await?;
    let mut socket = board.socket("tasks=1").await?;
    let place = board.home().join("fill");
    said(command("sh", &["-c", fill]).arg(&place)).await?;

    let full = format!("the disk of {} {full}", board.home().display());
    let told = |status: &Value| {
        let problem = status.pointer("/dispatch/report/problem");
        problem == Some(&json!(full))
    };
    socket.status("the full disk", told).await?;
    let stranger = board.stranger(Method::GET, "/healthz")?.send().await?;
    assert_eq!(stranger.status(), 503);
    assert!(!stranger.text().await?.contains("home"));
    let (_, health) = answer(board.request(Method::GET, "/healthz")?).await?;
    assert_eq!(health.get("problem"), Some(&json!(full)));
    let doctor = board.kanban(&["doctor"]).await?;
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.out.contains(&full), "{doctor:?}");

    said(command("rm", &["-r"]).arg(&place)).await?;
    socket.status("room", |status| !told(status)).await?;
    assert_eq!(status(board.stranger(Method::GET, "/healthz")?).await?, 200);
    board.post("/resume", &json!({})).await?;
    board.happened(&task, "completed").await?;
    Ok(())
}

#[tokio::test]
async fn a_disk_that_is_full_is_told_of_wherever_one_asks_and_counts_for_no_task()
-> anyhow::Result<()> {
    let board = Board::without_server()?;
    let test = "a_disk_that_is_full_is_told_of_wherever_one_asks_and_counts_for_no_task";
    let Some(_disk) = SmallDisk::under(&board, FEW_BYTES, test).await? else {
        return Ok(());
    };
    is_told_of(board, "head -c 100M /dev/zero > \"$0\"", "is full").await
}

#[tokio::test]
async fn a_disk_without_inodes_is_told_of_wherever_one_asks() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let test = "a_disk_without_inodes_is_told_of_wherever_one_asks";
    let Some(_disk) = SmallDisk::under(&board, FEW_FILES, test).await? else {
        return Ok(());
    };
    let fill = "mkdir \"$0\"; n=0; while touch \"$0/$n\"; do n=$((n + 1)); done";
    let full = "has no inodes left, so no file can be made";
    is_told_of(board, fill, full).await
}

/// Sets how many files the server may have open. With 3 it gets no handle more.
async fn limit_handles(board: &Board, handles: usize) -> anyhow::Result<()> {
    let pid = format!("--pid={}", board.pid()?);
    let limit = format!("--nofile={handles}:4096");
    let limited = said(&mut command("prlimit", &[&pid, &limit])).await?;
    anyhow::ensure!(limited.code == Some(0), "{limited:?}");
    Ok(())
}

#[tokio::test]
async fn file_handles_that_run_out_hold_tasks_back_and_count_for_none() -> anyhow::Result<()> {
    let board = Board::running().await?;
    runs_a_task(&board).await?;
    limit_handles(&board, 3).await?;
    // Nobody takes this connection for as long as tasks are held back.
    let _waiting = TcpStream::connect(board.address()?).await?;
    let flags = ["--assignee", "shell", "--body", "true"];
    let mut tasks = Vec::new();
    for _ in 0..10 {
        tasks.push(board.create("a", &flags).await?);
    }
    board.logged("nothing is started").await?;
    board.logged("no connection can be taken").await?;
    limit_handles(&board, 4_096).await?;
    for task in &tasks {
        board.happened(task, "completed").await?;
        let done = board.task(task).await?;
        assert_eq!(done["task"]["spawn_failures"], 0, "{done}");
        let events = done["events"].as_array().context("none")?;
        let counted = events.iter().any(|event| event["kind"] == "spawn_failed");
        assert!(!counted, "{done}");
    }
    // It is tried again twenty times a second.
    let told = board.log().matches("no connection can be taken").count();
    assert_eq!(told, 1, "{}", board.log());
    Ok(())
}

async fn runs_a_task(board: &Board) -> anyhow::Result<()> {
    let task = board
        .create("a", &["--assignee", "shell", "--body", "true"])
        .await?;
    board.happened(&task, "completed").await?;
    Ok(())
}
