//! Faults of the machine: a disk that is full, folders that cannot be written to, nowhere to log to.
//! None of them is the fault of a task, and none costs work that is done.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{Board, Gate, answer, gone, said, status, text, within};

/// A disk of 16 MB for the home folder of a board; it is gone when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it, where whoever runs the tests may do that.
    async fn under(board: &Board) -> anyhow::Result<Option<Self>> {
        fs::create_dir_all(board.home())?;
        let mount = ["-t", "tmpfs", "-o", "size=16m,mode=700", "small"];
        let mut mount = command("mount", &mount);
        let mounted = said(mount.arg(board.home())).await?;
        if mounted.code != Some(0) {
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

/// Waits until there is such a file.
async fn there(path: &Path) -> anyhow::Result<()> {
    let mut there = command("sh", &["-c", "until [ -e \"$0\" ]; do sleep 0.05; done"]);
    within("a file", there.arg(path).status()).await??;
    Ok(())
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
    let Some(_disk) = SmallDisk::under(&board).await? else {
        return Ok(());
    };
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let filled = Filled::by_a_worker_on(&board, "").await?;
    there(&filled.run_folder.join("exit.json")).await?;
    gone(&filled.supervisor).await?;
    filled.finish_once_there_is_room(&board).await
}

#[tokio::test]
async fn an_end_that_finds_no_room_is_kept_until_there_is_some() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let Some(_disk) = SmallDisk::under(&board).await? else {
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
async fn a_disk_that_is_full_is_told_of_wherever_one_asks_and_counts_for_no_task()
-> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let Some(_disk) = SmallDisk::under(&board).await? else {
        return Ok(());
    };
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    board.post("/pause", &json!({})).await?;
    let flags = ["--assignee", "shell", "--body", "true"];
    let task = board.create("a", &flags).await?;
    let mut socket = board.socket("tasks=1").await?;
    let fill = board.home().join("fill");
    said(command("sh", &["-c", "head -c 100M /dev/zero > \"$0\""]).arg(&fill)).await?;

    let full = format!("the disk of {} is full", board.home().display());
    let told = |status: &Value| status["dispatch"]["report"]["problem"] == json!(full);
    socket.status("the full disk", told).await?;
    let stranger = board.stranger(Method::GET, "/healthz")?.send().await?;
    assert_eq!(stranger.status(), 503);
    assert!(!stranger.text().await?.contains("home"));
    let (_, health) = answer(board.request(Method::GET, "/healthz")?).await?;
    assert_eq!(health["problem"], json!(full));
    let doctor = board.kanban(&["doctor"]).await?;
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.out.contains(&full), "{doctor:?}");

    fs::remove_file(&fill)?;
    socket.status("room", |status| !told(status)).await?;
    assert_eq!(status(board.stranger(Method::GET, "/healthz")?).await?, 200);
    board.post("/resume", &json!({})).await?;
    board.happened(&task, "completed").await?;
    Ok(())
}

async fn runs_a_task(board: &Board) -> anyhow::Result<()> {
    let task = board
        .create("a", &["--assignee", "shell", "--body", "true"])
        .await?;
    board.happened(&task, "completed").await?;
    Ok(())
}
