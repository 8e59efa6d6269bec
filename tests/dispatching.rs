//! The dispatcher without a server: as a daemon, and for one look at the board.

use std::fs;
use std::io::Write as _;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::harness::{Board, Gate, gone, text, within};

/// `kanban daemon`, running.
struct Daemon {
    process: Child,
    stdout: BufReader<ChildStdout>,
    _stderr: BufReader<ChildStderr>,
}

impl Daemon {
    async fn start(board: &Board, flags: &[&str]) -> anyhow::Result<Self> {
        let mut process = board
            .command("daemon")?
            .args(flags)
            .env("KANBAN_LOG", "error")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().context("no output")?;
        let stderr = process.stderr.take().context("no complaints")?;
        let mut stderr = BufReader::new(stderr);
        let mut announced = String::new();
        within("the announcement", stderr.read_line(&mut announced)).await??;
        let pid = process.id().context("it has ended")?;
        ensure!(
            announced.contains("interval=60s") && announced.contains(&format!("pid={pid}")),
            "{announced}"
        );
        Ok(Self {
            process,
            stdout: BufReader::new(stdout),
            _stderr: stderr,
        })
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        within("a line", self.stdout.read_line(&mut line)).await??;
        Ok(line)
    }

    /// Sends a signal, and returns the exit status and the last output.
    async fn end(mut self, signal: &str) -> anyhow::Result<(ExitStatus, String)> {
        let pid = self.process.id().context("it has ended")?.to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .await?;
        ensure!(sent.success(), "no signal was sent");
        let mut said = String::new();
        within("the end of output", self.stdout.read_to_string(&mut said)).await??;
        let status = within("the end of the daemon", self.process.wait()).await??;
        Ok((status, said))
    }
}

async fn status(board: &Board, task: &str) -> anyhow::Result<String> {
    let shown = board.kanban(&["show", task, "--json"]).await?.json()?;
    Ok(text(&shown, "/task/status")?.to_owned())
}

async fn dispatched(board: &Board, flags: &[&str]) -> anyhow::Result<Value> {
    let said = board
        .kanban(&[&["dispatch", "--json"], flags].concat())
        .await?;
    ensure!(said.code == Some(0), "{said:?}");
    said.json()
}

#[tokio::test]
async fn a_daemon_starts_tasks_and_ends_cleanly_when_asked() -> anyhow::Result<()> {
    for signal in ["INT", "TERM"] {
        let board = Board::without_server()?;
        let pidfile = board.home().join("run/daemon.pid");
        let flags = ["--verbose", "--pidfile", &*pidfile.to_string_lossy()];
        let mut daemon = Daemon::start(&board, &flags).await?;
        let pid = daemon.process.id().context("it has ended")?;
        assert_eq!(fs::read_to_string(&pidfile)?.trim(), pid.to_string());
        let body = ["--assignee", "shell", "--body", "echo ran"];
        let task = board.create("by the daemon", &body).await?;
        let told = daemon.line().await?;
        assert!(
            told.contains("] reclaimed=0 crashed=0 promoted=0 spawned=1 auto_blocked=0"),
            "{told}"
        );
        let mut shown = board.beside()?;
        shown
            .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
            .await?;
        shown.happened(&task, "completed").await?;
        let (ended, said) = daemon.end(signal).await?;
        assert!(ended.success(), "{signal}: {ended}");
        assert_eq!(said, "(dispatcher stopped)\n");
        assert!(!pidfile.exists());
        assert_eq!(status(&board, task.as_str()).await?, "done");
    }
    Ok(())
}

#[tokio::test]
async fn a_daemon_that_nobody_listens_to_works_on_and_ends_when_asked() -> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let (reader, mut writer) = std::io::pipe()?;
    // As much as a pipe holds (pipe(7)): whoever writes one byte more waits.
    writer.write_all(&vec![b'\n'; 65_536])?;
    let mut daemon = board
        .command("daemon")?
        .arg("--verbose")
        .env("KANBAN_LOG", "error")
        .stdout(writer)
        .stderr(Stdio::null())
        .spawn()?;
    for title in ["first", "second"] {
        let body = ["--assignee", "shell", "--body", "true"];
        let task = board.create(title, &body).await?;
        board.happened(&task, "completed").await?;
    }
    let pid = daemon.id().context("it has ended")?.to_string();
    let sent = Command::new("kill").arg(&pid).status().await?;
    ensure!(sent.success(), "no signal was sent");
    let ended = within("the end of the daemon", daemon.wait()).await??;
    assert!(ended.success(), "{ended}");
    drop(reader);
    board.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_worker_hears_of_a_server_that_starts_later_than_its_dispatcher() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let daemon = Daemon::start(&board, &[]).await?;
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let body = ["--assignee", "shell", "--body", "echo $KANBAN_URL"];
    let task = board.create("where is it", &body).await?;
    board.happened(&task, "completed").await?;
    let result = &board.task(&task).await?["task"]["result"];
    assert_eq!(result, &format!("http://{}", board.address()?));
    daemon.end("TERM").await?;
    Ok(())
}

#[tokio::test]
async fn a_board_has_one_dispatcher_and_the_second_says_so() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let daemon = Daemon::start(&board, &[]).await?;
    let second = board.kanban(&["daemon"]).await?;
    assert_eq!(second.code, Some(1));
    assert!(
        second
            .err
            .contains("another dispatcher works on this board"),
        "{}",
        second.err
    );
    let once = board.kanban(&["dispatch"]).await?;
    assert_eq!(once.code, Some(0), "{once:?}");
    assert!(
        once.out
            .starts_with("Another dispatcher works on this board"),
        "{}",
        once.out
    );
    daemon.end("TERM").await?;
    assert_eq!(board.kanban(&["dispatch"]).await?.err, "");
    Ok(())
}

#[tokio::test]
async fn what_one_look_starts_goes_on_alone_and_the_next_look_notices_its_end() -> anyhow::Result<()>
{
    let board = Board::without_server()?;
    let gate = Gate::of(&board).await?;
    let task = board
        .create("wait", &["--assignee", "shell", "--body", &gate.script()])
        .await?;
    let first = dispatched(&board, &[]).await?;
    let workspace = board.home().join("kanban/workspaces").join(task.as_str());
    let spawned = json!([{"task_id": task, "assignee": "shell", "workspace": workspace}]);
    assert_eq!(first["spawned"], spawned);
    gate.open("through").await?;
    // A look before its supervisor is gone finds it alive.
    let runs = fs::read_dir(board.home().join("kanban/runs"))?;
    for run in runs {
        let supervisor = fs::read_to_string(run?.path().join("supervisor.json"))?;
        let supervisor: Value = serde_json::from_str(&supervisor)?;
        gone(&supervisor["pid"].to_string()).await?;
    }
    let second = dispatched(&board, &[]).await?;
    assert_eq!(second["spawned"], json!([]));
    assert_eq!(status(&board, task.as_str()).await?, "done");
    Ok(())
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_lists_what_would_start_and_why_not() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.configure("[dispatcher]\ncap = 1\n")?;
    let shell = ["--assignee", "shell", "--body", "true"];
    let first = board
        .create("first", &[&shell[..], &["--priority", "1"]].concat())
        .await?;
    let second = board.create("second", &shell).await?;
    let nobodys = board.create("nobody's", &[]).await?;
    let stranger = board
        .create("a stranger's", &["--assignee", "stranger"])
        .await?;
    let before = board.kanban(&["list", "--json"]).await?.out;
    let dry = dispatched(&board, &["--dry-run"]).await?;
    assert_eq!(
        dry["spawned"],
        json!([{"task_id": first, "assignee": "shell", "workspace": ""}])
    );
    assert_eq!(dry["skipped_unassigned"], json!([nobodys]));
    let reasons: Vec<_> = dry["skipped"].as_array().into_iter().flatten().collect();
    let reason = |task: &domain::id::TaskId| {
        let mut skipped = reasons
            .iter()
            .filter(|skipped| skipped["task_id"] == task.as_str());
        skipped
            .next()
            .map(|skipped| skipped["why"]["reason"].clone())
    };
    assert_eq!(reason(&second), Some(json!("at_capacity")), "{dry}");
    assert_eq!(reason(&stranger), Some(json!("no_lane")), "{dry}");
    assert_eq!(reason(&nobodys), Some(json!("no_assignee")), "{dry}");
    let nobodys = reasons
        .iter()
        .find(|skipped| skipped["task_id"] == nobodys.as_str());
    let nobodys = nobodys.context("it was not skipped")?;
    assert_eq!(nobodys["assignee"], Value::Null);
    assert_eq!(nobodys["why"]["text"], "it is assigned to nobody");
    assert_eq!(board.kanban(&["list", "--json"]).await?.out, before);
    let said = board.kanban(&["dispatch", "--dry-run"]).await?.out;
    assert!(
        said.contains(&format!("  - {first}  ->  shell  @ - (dry)\n")),
        "{said}"
    );
    // What it said is what happens.
    let wet = dispatched(&board, &[]).await?;
    assert_eq!(wet["spawned"][0]["task_id"], dry["spawned"][0]["task_id"]);
    assert_eq!(wet["spawned"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_look_starts_no_more_than_asked() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.configure("[dispatcher]\ncap = 9\n")?;
    for _ in 0..3 {
        board
            .create("quick", &["--assignee", "shell", "--body", "true"])
            .await?;
    }
    let looked = dispatched(&board, &["--max", "2"]).await?;
    assert_eq!(
        looked["spawned"].as_array().map(Vec::len),
        Some(2),
        "{looked}"
    );
    Ok(())
}

#[tokio::test]
async fn a_look_gives_up_as_early_as_asked() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let nowhere = ["--assignee", "shell", "--workspace", "worktree"];
    let task = board.create("no repository", &nowhere).await?;
    let looked = dispatched(&board, &["--failure-limit", "1"]).await?;
    assert_eq!(looked["auto_blocked"], json!([task]), "{looked}");
    assert_eq!(status(&board, task.as_str()).await?, "blocked");
    Ok(())
}

#[tokio::test]
async fn a_worker_may_not_start_tasks() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let body = "kanban dispatch 2>&1; echo exited with $?";
    let task = board
        .create("dispatch", &["--assignee", "shell", "--body", body])
        .await?;
    board.happened(&task, "completed").await?;
    let result = &board.task(&task).await?["task"]["result"];
    assert!(
        result
            .as_str()
            .unwrap_or_default()
            .ends_with("exited with 1"),
        "{result}"
    );
    Ok(())
}

#[tokio::test]
async fn a_drained_server_waits_for_its_workers_and_starts_no_more() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let gate = Gate::of(&board).await?;
    board.serve(&["--listen", "127.0.0.1:0", "--drain"]).await?;
    let waits = board
        .create("wait", &["--assignee", "shell", "--body", &gate.script()])
        .await?;
    board.happened(&waits, "spawned").await?;
    let child = [
        "--assignee",
        "shell",
        "--body",
        "true",
        "--parent",
        waits.as_str(),
    ];
    let child = board.create("too late", &child).await?;
    board.ask_to_end().await?;
    board.logged("waiting for the running workers").await?;
    gate.open("through").await?;
    assert!(board.ended().await?.0.success());
    assert_eq!(status(&board, waits.as_str()).await?, "done");
    assert_eq!(status(&board, child.as_str()).await?, "ready");
    Ok(())
}

#[tokio::test]
async fn who_asks_a_draining_server_twice_leaves_the_workers_to_the_next() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let gate = Gate::of(&board).await?;
    board.serve(&["--listen", "127.0.0.1:0", "--drain"]).await?;
    let waits = board
        .create("wait", &["--assignee", "shell", "--body", &gate.script()])
        .await?;
    board.happened(&waits, "spawned").await?;
    board.ask_to_end().await?;
    board.logged("waiting for the running workers").await?;
    board.ask_to_end().await?;
    assert!(board.ended().await?.0.success());
    assert_eq!(status(&board, waits.as_str()).await?, "running");
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    gate.open("through").await?;
    board.happened(&waits, "completed").await?;
    Ok(())
}

#[tokio::test]
async fn the_systemd_unit_runs_this_program_on_this_board() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for (verb, words) in [
        ("daemon", "daemon --interval 60"),
        ("serve", "serve --listen 127.0.0.1:8420"),
    ] {
        let unit = board.kanban(&[verb, "--print-systemd-unit"]).await?;
        assert_eq!((unit.code, unit.err.as_str()), (Some(0), ""));
        let home = format!("--home \"{}\" {words}", board.home().display());
        let mut lines = unit.out.lines();
        let start = lines.find(|line| line.starts_with("ExecStart=\"/"));
        assert!(
            start.is_some_and(|start| start.contains(&home)),
            "{}",
            unit.out
        );
    }
    let options = [
        "--listen",
        "127.0.0.1:7",
        "--behind-proxy",
        "https://a.example/k",
        "--drain",
    ];
    let unit = [&["serve", "--print-systemd-unit"][..], &options].concat();
    let unit = board.kanban(&unit).await?.out;
    let words = " serve --listen 127.0.0.1:7 --drain --behind-proxy https://a.example/k\n";
    assert!(unit.contains(words), "{unit}");
    assert!(!board.home().exists(), "it does nothing else");
    Ok(())
}

#[tokio::test]
async fn the_log_tells_the_beginning_and_the_end_of_each_run_once() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let runs = [
        ("true", "completed", "completed"),
        ("exit 75", "deferred", "deferred"),
        // It is tried again soon, as another run.
        ("exit 3", "attempt_failed", "exit"),
    ];
    for (run, (body, event, verdict)) in runs.into_iter().enumerate() {
        let flags = ["--assignee", "shell", "--body", body];
        let task = board.create("a", &flags).await?;
        board.happened(&task, event).await?;
        board.logged(&format!("ended: {verdict}")).await?;
        let log = board.log();
        let of_run = |what: &str| {
            let lines = log.lines().filter(|line| {
                let is_of_task = line.contains(task.as_str());
                let is_of_run = line.contains(&format!("run.id={}", run + 1));
                line.contains(what) && is_of_task && is_of_run
            });
            lines.count()
        };
        assert_eq!((of_run("started"), of_run("ended: ")), (1, 1), "{log}");
    }
    Ok(())
}

/// A server that waited for minutes was no dispatcher, and `why` promised a start in a moment.
#[tokio::test]
async fn a_second_server_starts_the_tasks_when_the_first_is_killed() -> anyhow::Result<()> {
    let mut first = Board::running().await?;
    let mut second = first.beside()?;
    second.serve(&["--listen", "127.0.0.1:0"]).await?;
    first.kill().await?;
    let killed = Instant::now();
    let wish = json!({ "title": "a", "assignee": "shell", "body": "true" });
    let (status, created) = second.post("/tasks", &wish).await?;
    ensure!(status == 200, "{created}");
    let task = text(&created, "/task/id")?.parse()?;
    second.happened(&task, "completed").await?;
    let taken = killed.elapsed();
    assert!(taken < Duration::from_secs(15), "{taken:?}");
    // What only a server that dispatches can do.
    let (status, said) = second.post("/dispatch?max=1", &json!({})).await?;
    assert_eq!(status, 200, "{said}");
    second.stop().await?;
    Ok(())
}

#[tokio::test]
async fn while_another_program_dispatches_why_names_it() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    let lock = fs::File::create(board.home().join("kanban.db.dispatch.lock"))?;
    lock.lock()?;
    let task = board
        .create("a", &["--assignee", "shell", "--body", "true"])
        .await?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    board.logged("tasks are left to another process").await?;
    let why = board.kanban(&["why", task.as_str()]).await?.out;
    let me = format!("it is left to process {} (", std::process::id());
    assert!(why.contains(&me), "{why}");
    lock.unlock()?;
    board.happened(&task, "completed").await?;
    Ok(())
}

#[tokio::test]
async fn a_dispatcher_that_was_killed_starts_nothing_in_a_moment() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let is_running =
        |status: &Value, is_it: bool| status["dispatch"]["report"]["is_running"] == is_it;
    let mut socket = board.socket("tasks=1").await?;
    let it_runs = |status: &Value| is_running(status, true);
    socket.status("a dispatcher", it_runs).await?;
    board.kill().await?;
    let task = board.create("a", &["--assignee", "shell"]).await?;
    let why = board.kanban(&["why", task.as_str()]).await?.out;
    assert!(why.contains("no dispatcher is running"), "{why}");
    // Nor where a server only shows the board.
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    let (_, why) = board.get(&format!("/tasks/{task}/why")).await?;
    assert_eq!(why["why"]["reason"], "dispatcher_off", "{why}");
    let mut socket = board.socket("tasks=1").await?;
    let is_off = |status: &Value| is_running(status, false);
    socket.status("no dispatcher", is_off).await?;
    Ok(())
}
