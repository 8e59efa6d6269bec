//! Verbs by which people see why something does not happen, and make it happen or stop.

use std::fs;

use anyhow::{Context as _, ensure};
use domain::id::TaskId;
use kernel::Kernel;
use serde_json::{Value, json};

use crate::harness::{Board, Gate, gone, within};

/// A task that waits, once it runs, until its gate is opened.
struct Gated {
    task: TaskId,
    gate: Gate,
}

impl Gated {
    async fn running_on(board: &Board) -> anyhow::Result<Self> {
        Self::started(board, "echo begun; read word < $gate; echo \"$word\"").await
    }

    /// One that waits at its gate when it is told to end.
    async fn slow_to_leave(board: &Board) -> anyhow::Result<Self> {
        let script = "trap 'read word < $gate; exit 0' TERM; echo begun > $gate; sleep 1000 & wait";
        let gated = Self::started(board, script).await?;
        let begun = tokio::fs::read_to_string(gated.gate.path());
        within("the worker's first word", begun).await??;
        Ok(gated)
    }

    async fn started(board: &Board, script: &str) -> anyhow::Result<Self> {
        let gate = Gate::of(board).await?;
        let body = format!("gate='{}'; {script}", gate.path().display());
        let flags = ["--assignee", "shell", "--body", &body];
        let task = board.create("wait", &flags).await?;
        board.happened(&task, "spawned").await?;
        Ok(Self { task, gate })
    }
}

async fn said(board: &Board, words: &[&str]) -> anyhow::Result<String> {
    let said = board.kanban(words).await?;
    ensure!(said.code == Some(0), "{words:?}: {said:?}");
    Ok(said.out)
}

async fn json(board: &Board, words: &[&str]) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&said(board, words).await?)?)
}

#[tokio::test]
async fn every_task_that_does_not_run_says_why() -> anyhow::Result<()> {
    let board = Board::running().await?;
    board.configure("[dispatcher]\ncap = 1\n")?;
    let idea = board.create("an idea", &["--triage"]).await?;
    let nobodys = board.create("nobody's", &[]).await?;
    let child = ["--assignee", "shell", "--parent", nobodys.as_str()];
    let child = board.create("a child", &child).await?;
    let stranger = board
        .create("a stranger's", &["--assignee", "stranger"])
        .await?;
    for (task, reason) in [
        (&idea, "idea"),
        (&nobodys, "no_assignee"),
        (&child, "waits_for_parents"),
        (&stranger, "no_lane"),
    ] {
        let why = json(&board, &["why", task.as_str(), "--json"]).await?;
        assert_eq!(why["reason"], reason);
        let shown = json(&board, &["show", task.as_str(), "--json"]).await?;
        assert_eq!(shown["why"], why);
        let sentence = why["text"].as_str().context("no sentence")?;
        assert!(
            said(&board, &["why", task.as_str()])
                .await?
                .contains(sentence)
        );
    }
    assert_eq!(
        said(&board, &["why", child.as_str()]).await?,
        format!(
            "{child} (todo): it waits for {nobodys}; {nobodys} (ready): it is assigned to nobody\n"
        )
    );
    let unknown = board.kanban(&["why", "t_0badcafe"]).await?;
    assert_eq!(
        (unknown.code, unknown.err.as_str()),
        (Some(1), "kanban: no such task: t_0badcafe\n")
    );
    Ok(())
}

#[tokio::test]
async fn a_paused_lane_starts_nothing_until_it_is_resumed() -> anyhow::Result<()> {
    for lane in [&["shell"][..], &[]] {
        let board = Board::running().await?;
        let what = if lane.is_empty() {
            "the dispatcher"
        } else {
            "lane shell"
        };
        let paused = said(&board, &[&["pause"], lane].concat()).await?;
        assert_eq!(paused, format!("Paused {what}\n"));
        let task = board
            .create("held back", &["--assignee", "shell", "--body", "true"])
            .await?;
        let looked = json(&board, &["dispatch", "--dry-run", "--json"]).await?;
        assert_eq!(looked["spawned"], json!([]));
        assert_eq!(looked["skipped"][0]["why"]["reason"], "paused");
        let why = json(&board, &["why", task.as_str(), "--json"]).await?;
        assert_eq!(why["text"], format!("{what} is paused"));
        assert_eq!(
            json(&board, &["lanes", "--json"]).await?[0]["state"],
            "paused"
        );
        let resumed = said(&board, &[&["resume"], lane].concat()).await?;
        assert_eq!(resumed, format!("Resumed {what}\n"));
        // The server hears of it, though another process said so.
        board.happened(&task, "completed").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_lane_that_does_not_exist_cannot_be_paused() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let refused = board.kanban(&["pause", "shel"]).await?;
    assert_eq!(refused.code, Some(1));
    let says = "kanban: there is no lane shel; there are: shell";
    assert!(refused.err.starts_with(says), "{}", refused.err);
    Ok(())
}

#[tokio::test]
async fn lanes_are_listed_with_the_program_that_was_found() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    board.configure(
        "[lanes.reader]\ncommand = [\"cat\", \"{prompt_file}\"]\ncap = 3\n\
         [lanes.broken]\ncommand = [\"no-such-program\"]\n",
    )?;
    let without = json(&board, &["lanes", "--json"]).await?;
    let listed = board.kanban(&["lanes"]).await?;
    assert_eq!(listed.err, "(no dispatcher is running)\n");
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let with = json(&board, &["lanes", "--json"]).await?;
    assert_eq!(
        with, without,
        "a dispatcher and a look at its configuration differ"
    );
    let lane = |name: &str| {
        let lanes = with.as_array().into_iter().flatten();
        lanes
            .clone()
            .find(|lane| lane["name"] == name)
            .cloned()
            .unwrap_or_default()
    };
    let (reader, broken) = (lane("reader"), lane("broken"));
    assert!(
        reader["program"]
            .as_str()
            .is_some_and(|path| path.ends_with("/cat")),
        "{reader}"
    );
    assert_eq!(
        (&reader["cap"], &reader["state"]),
        (&json!(3), &json!("on"))
    );
    assert_eq!(
        (&broken["program"], &broken["state"]),
        (&Value::Null, &json!("off"))
    );
    assert!(
        broken["problem"]
            .as_str()
            .is_some_and(|why| why.contains("no-such-program")),
        "{broken}"
    );
    Ok(())
}

#[tokio::test]
async fn a_cancelled_worker_is_gone_and_its_task_stays_where_it_is() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let gated = Gated::running_on(&board).await?;
    let task = gated.task.as_str();
    let running = json(&board, &["runs", task, "--json"]).await?;
    assert_eq!(
        (&running[0]["outcome"], &running[0]["lane"]),
        (&Value::Null, &json!("shell"))
    );
    let pid = running[0]["worker_pid"].to_string();
    assert_eq!(
        said(&board, &["cancel", task]).await?,
        format!("Cancelled {task}\n")
    );
    gone(&pid).await?;
    let after = board.task(&gated.task).await?;
    assert_eq!(after["task"]["status"], "todo");
    assert_eq!(
        json(&board, &["why", task, "--json"]).await?["reason"],
        "put_aside"
    );
    let runs = said(&board, &["runs", task]).await?;
    assert!(
        runs.contains("shell") && runs.contains("cancelled"),
        "{runs}"
    );
    let again = board.kanban(&["cancel", task]).await?;
    assert_eq!(again.code, Some(1), "{again:?}");
    Ok(())
}

#[tokio::test]
async fn a_task_whose_last_worker_has_not_left_is_refused_by_every_door() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    board.configure("[dispatcher]\ncap = 1\n")?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let gated = Gated::slow_to_leave(&board).await?;
    let task = gated.task.as_str();
    let kernel = Kernel::open(&board.home().join("kanban.db"))?;
    let supervisor = kernel
        .open_runs()
        .await?
        .pop()
        .and_then(|run| run.supervisor);
    let supervisor = supervisor.context("no supervisor")?.pid.to_string();
    let other = board.create("another", &[]).await?;
    said(&board, &["move", task, "ready"]).await?;

    let leaving =
        format!("task {task} cannot be taken yet: the processes of its last run have not ended");
    let by_http = board
        .post(&format!("/tasks/{task}/claim"), &json!({}))
        .await?;
    assert_eq!(by_http, (409, json!({ "detail": leaving })));
    let by_hand = board.kanban(&["claim", task]).await?;
    assert!(
        by_hand.code == Some(1) && by_hand.err.contains(&leaving),
        "{by_hand:?}"
    );
    // What is leaving takes up the only slot, which a person needs none of.
    said(&board, &["claim", other.as_str()]).await?;
    // Without a server only the run's folder tells.
    board.kill().await?;
    let alone = board.kanban(&["claim", task]).await?;
    assert!(alone.err.contains(&leaving), "{alone:?}");
    gated.gate.open("through").await?;
    gone(&supervisor).await?;
    said(&board, &["claim", task]).await?;
    Ok(())
}

#[tokio::test]
async fn a_worker_may_leave_out_the_id_of_its_task() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let body = "echo first; kanban heartbeat && kanban why && kanban runs && kanban log";
    let task = board
        .create("talk", &["--assignee", "shell", "--body", body])
        .await?;
    board.happened(&task, "completed").await?;
    let done = board.task(&task).await?;
    let result = done["task"]["result"].as_str().context("no result")?;
    let lines: Vec<_> = result.lines().collect();
    let expected = [
        "first",
        "Heartbeat of t_",
        "is running",
        "running",
        "──── run ",
        "first",
    ];
    assert!(
        lines
            .iter()
            .zip(expected)
            .all(|(line, part)| line.contains(part)),
        "{result}"
    );
    Ok(())
}

#[tokio::test]
async fn a_log_is_printed_with_its_last_line_whatever_is_asked_for() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let unstarted = board.create("later", &[]).await?;
    let none = board.kanban(&["log", unstarted.as_str()]).await?;
    let says = format!("(no log for {unstarted} — task may not have spawned yet)\n");
    assert_eq!((none.code, none.err), (Some(1), says));
    let body = "printf 'one\\n\\377\\ntwo'";
    let task = board
        .create("write", &["--assignee", "shell", "--body", body])
        .await?;
    board.happened(&task, "completed").await?;
    let whole = said(&board, &["log", task.as_str()]).await?;
    assert!(
        whole.starts_with("──── run ") && whole.ends_with("one\n\u{fffd}\ntwo\n"),
        "{whole}"
    );
    assert_eq!(
        said(&board, &["log", task.as_str(), "--tail", "7"]).await?,
        "\u{fffd}\ntwo\n"
    );
    let outside = board.kanban(&["log", "../../token"]).await?;
    assert_eq!(outside.code, Some(1));
    assert!(outside.out.is_empty(), "{outside:?}");
    Ok(())
}

#[tokio::test]
async fn stats_count_tasks_and_tell_how_the_dispatcher_does() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    board.configure("[dispatcher]\ncap = 1\n")?;
    board.create("waits", &["--assignee", "stranger"]).await?;
    let text = said(&board, &["stats"]).await?;
    for part in [
        "By status:\n  triage    0\n  todo      0\n  ready     1\n",
        "  stranger              ready=1\n",
        "Oldest ready task age: ",
        "  state       off",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let gated = Gated::running_on(&board).await?;
    let stats = json(&board, &["stats", "--json"]).await?;
    assert_eq!(stats["by_status"], json!({"ready": 1, "running": 1}));
    assert_eq!(stats["by_assignee"]["stranger"], json!({"ready": 1}));
    let dispatcher = &stats["dispatcher"];
    assert_eq!(
        (
            &dispatcher["is_running"],
            &dispatcher["running"],
            &dispatcher["cap"]
        ),
        (&json!(true), &json!(1), &json!(1))
    );
    assert!(
        dispatcher["last_tick"].is_i64() && dispatcher["next_tick"].is_i64(),
        "{dispatcher}"
    );
    assert_eq!(
        dispatcher["ready"],
        json!([{"assignee": "stranger", "ready": 1, "resting": 0}])
    );
    let text = said(&board, &["stats"]).await?;
    assert!(
        text.contains("  running     1 of 1 (dispatcher.cap in kanban.toml)\n"),
        "{text}"
    );
    gated.gate.open("through").await
}

#[tokio::test]
async fn what_was_done_by_mistake_can_be_undone_once() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let task = board.create("keep it", &[]).await?;
    said(&board, &["block", task.as_str(), "wait"]).await?;
    let shown = said(&board, &["show", task.as_str()]).await?;
    let event = shown
        .lines()
        .find(|line| line.contains(" blocked {"))
        .and_then(|line| line.split('#').nth(1)?.split(' ').next())
        .with_context(|| format!("no number of an event in {shown}"))?;
    assert_eq!(
        said(&board, &["undo", event]).await?,
        format!("Undone: event {event}\n")
    );
    let after = json(&board, &["show", task.as_str(), "--json"]).await?;
    assert_eq!(after["task"]["status"], "ready");
    let again = board.kanban(&["undo", event]).await?;
    assert_eq!(again.code, Some(1), "{again:?}");
    Ok(())
}

#[tokio::test]
async fn undo_without_a_number_goes_back_through_what_the_caller_did() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let nothing = board.kanban(&["undo"]).await?;
    assert_eq!(nothing.err, "kanban: nothing that user did can be undone\n");
    let old = board.create("old", &[]).await?;
    let first = board.create("first", &[]).await?;
    let second = board.create("second", &[]).await?;
    said(&board, &["archive", old.as_str()]).await?;
    let elses = ["create", "not ours", "--created-by", "ada"];
    said(&board, &elses).await?;
    for (kind, task) in [
        ("archived", &old),
        ("created", &second),
        ("created", &first),
        ("created", &old),
    ] {
        let undone = said(&board, &["undo"]).await?;
        assert!(undone.ends_with(&format!(", {kind} {task}\n")), "{undone}");
    }
    let left = json(&board, &["list", "--json"]).await?;
    assert_eq!(left[0]["title"], "not ours");
    assert_eq!(left[1], json!(null));
    let again = board.kanban(&["undo"]).await?;
    assert_eq!(again.err, nothing.err);
    Ok(())
}

#[tokio::test]
async fn a_log_takes_two_files_however_much_a_worker_writes() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let body = "head -c 20000000 /dev/zero | tr '\\0' 'x' | fold -w 100; echo; echo the end";
    let task = board
        .create("babble", &["--assignee", "shell", "--body", body])
        .await?;
    board.happened(&task, "completed").await?;
    let mut total = 0;
    for name in [format!("{task}.log"), format!("{task}.log.1")] {
        total += fs::metadata(board.home().join("kanban/logs").join(name))?.len();
    }
    assert!(total <= 4 * 1024 * 1024 + 64 * 1024, "{total} bytes");
    let end = said(&board, &["log", task.as_str(), "--tail", "9"]).await?;
    assert_eq!(end, "the end\n");
    Ok(())
}
