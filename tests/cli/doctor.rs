//! `kanban doctor`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use anyhow::Context as _;
use serde_json::Value;
use tokio::process::Command;

use crate::harness::{Board, Gate, keys, within};

#[expect(clippy::indexing_slicing, reason = "JSON has `null` where nothing is")]
async fn findings(board: &Board, code: i32) -> anyhow::Result<Vec<Value>> {
    let said = board.kanban(&["doctor", "--json"]).await?;
    assert_eq!(said.code, Some(code), "{said:?}");
    let report = said.json()?;
    assert_eq!(keys(&report), ["ok", "findings"]);
    assert_eq!(report["ok"], code == 0);
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    for finding in &findings {
        assert_eq!(keys(finding), ["check", "state", "message", "remedy"]);
        let has_remedy = !finding["remedy"].is_null();
        assert_eq!(has_remedy, finding["state"] != "ok", "{finding}");
    }
    Ok(findings)
}

/// The messages of what is wrong.
#[expect(clippy::indexing_slicing, reason = "JSON has `null` where nothing is")]
async fn wrong(board: &Board) -> anyhow::Result<Vec<String>> {
    let findings = findings(board, 1).await?.into_iter();
    let wrong = findings.filter(|finding| finding["state"] == "wrong");
    Ok(wrong
        .map(|it| format!("{}: {}", it["check"], it["message"]))
        .collect())
}

fn has(wrong: &[String], part: &str) {
    assert!(
        wrong.iter().any(|message| message.contains(part)),
        "{part} in {wrong:?}"
    );
}

#[tokio::test]
async fn a_board_that_works_has_nothing_wrong() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    findings(&board, 0).await?;
    assert!(!board.home().exists(), "looking makes nothing");
    board.create("a", &[]).await?;
    let found = findings(&board, 0).await?;
    let checks: Vec<_> = found
        .iter()
        .filter_map(|finding| finding["check"].as_str())
        .collect();
    for check in [
        "sqlite",
        "permissions",
        "file system",
        "disk",
        "config",
        "database",
        "clock",
        "dispatcher",
        "lane",
        "runs",
        "processes",
        "notifications",
    ] {
        assert!(checks.contains(&check), "{check} in {checks:?}");
    }
    let mut board = board;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let task = board
        .create("b", &["--assignee", "shell", "--body", "true"])
        .await?;
    board.happened(&task, "completed").await?;
    let said = board.kanban(&["doctor"]).await?;
    assert!(
        said.out.contains("✓ dispatcher      runs as "),
        "{}",
        said.out
    );
    Ok(())
}

#[tokio::test]
async fn work_that_nothing_starts_is_wrong() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.create("a", &["--assignee", "shell"]).await?;
    has(&wrong(&board).await?, "none runs, and 1 task(s) are ready");
    Ok(())
}

#[tokio::test]
async fn a_mistake_in_the_configuration_is_named_with_its_line() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.configure("\n[dispatcher]\ncapp = 3\n")?;
    has(
        &wrong(&board).await?,
        "kanban.toml, line 3: dispatcher: unknown field `capp`",
    );
    Ok(())
}

#[tokio::test]
async fn a_damaged_file_is_found_and_left_alone() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for at in 0..50 {
        board
            .create(&format!("task {at}"), &["--body", &"x".repeat(2_000)])
            .await?;
    }
    let (db, copy) = (board.home().join("kanban.db"), board.home().join("copy.db"));
    board.kanban(&["backup", &copy.to_string_lossy()]).await?;
    let mut bytes = fs::read(&copy)?;
    bytes.splice(4_096..8_192, [0; 4_096]);
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(board.home().join(format!("kanban.db{suffix}"))).ok();
    }
    fs::write(&db, &bytes)?;
    has(&wrong(&board).await?, "\"database\": ");
    assert!(fs::read(&db)? == bytes);
    Ok(())
}

#[tokio::test]
async fn numbers_that_are_used_up_are_wrong_before_nothing_can_be_written() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let task = board.create("a", &[]).await?;
    let last = "UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'task_events'";
    board.write_past_us(last)?;
    let part = "the numbers of the table \\\"task_events\\\" are used up";
    has(&wrong(&board).await?, part);
    let said = board.kanban(&["comment", task.as_str(), "hi"]).await?;
    assert!(said.err.contains("are used up"), "{said:?}");
    Ok(())
}

#[tokio::test]
async fn an_orphan_is_named_with_what_ends_it() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.create("a", &[]).await?;
    let mut orphan = Command::new("cat")
        .env("KANBAN_HOME", board.home())
        .env("KANBAN_RUN", "99")
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let pid = orphan.id().unwrap_or_default();
    has(
        &wrong(&board).await?,
        &format!("process {pid} works for run 99, which is over"),
    );
    let said = board.kanban(&["doctor"]).await?;
    assert!(
        said.out.contains(&format!("→ kill {pid}\n")),
        "{}",
        said.out
    );
    orphan.kill().await?;
    findings(&board, 0).await?;
    Ok(())
}

#[tokio::test]
async fn a_run_that_nobody_watches_is_stuck() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    board.kanban(&["claim", id.as_str(), "--ttl", "1"]).await?;
    let expired = async {
        loop {
            let said = board.kanban(&["doctor", "--json"]).await?;
            if said.code == Some(1) {
                return anyhow::Ok(said.out);
            }
        }
    };
    let report = within("the end of the lease", expired).await??;
    assert!(
        report.contains("is open, but nobody watches it"),
        "{report}"
    );
    Ok(())
}

#[tokio::test]
async fn a_supervisor_that_is_stopped_is_wrong() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let gate = Gate::of(&board).await?;
    let task = board
        .create("a", &["--assignee", "shell", "--body", &gate.script()])
        .await?;
    board.happened(&task, "spawned").await?;
    let run = fs::read_dir(board.home().join("kanban/runs"))?.next();
    let supervisor = run.context("no run")??.path().join("supervisor.json");
    let supervisor: Value = serde_json::from_str(&fs::read_to_string(supervisor)?)?;
    let supervisor = supervisor.get("pid").context("no process")?.to_string();
    let signal = async |name: &str| {
        let mut kill = Command::new("kill");
        kill.args([name, supervisor.as_str()]).status().await
    };
    signal("-STOP").await?;
    let wrong = within("what is wrong", async {
        loop {
            let said = board.kanban(&["doctor", "--json"]).await?;
            if said.code == Some(1) {
                return wrong(&board).await;
            }
        }
    })
    .await??;
    let says = format!("the supervisor of run 1 of {task} is stopped, so nobody watches");
    has(&wrong, &says);
    signal("-CONT").await?;
    gate.open("through").await?;
    board.happened(&task, "completed").await?;
    findings(&board, 0).await?;
    Ok(())
}

#[tokio::test]
async fn a_home_that_others_can_read_is_noted_and_a_file_is_wrong() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.create("a", &[]).await?;
    fs::set_permissions(board.home(), fs::Permissions::from_mode(0o755))?;
    let said = board.kanban(&["doctor"]).await?;
    assert!(said.out.contains("→ chmod 700 "), "{}", said.out);
    assert_eq!(said.code, Some(0));
    let board = Board::without_server()?;
    fs::write(board.home(), "a file")?;
    has(&wrong(&board).await?, "is not a folder");
    Ok(())
}

#[tokio::test]
async fn news_that_reached_nobody_are_wrong() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let task = board.create("a", &[]).await?;
    let nowhere = ["--platform", "slack", "--chat-id", "7"];
    board
        .kanban(&[&["notify-subscribe", task.as_str()], &nowhere[..]].concat())
        .await?;
    board.kanban(&["block", task.as_str(), "why?"]).await?;
    let wrong = within("what is wrong", async {
        loop {
            let said = board.kanban(&["doctor", "--json"]).await?;
            if said.code == Some(1) {
                return wrong(&board).await;
            }
        }
    })
    .await??;
    has(
        &wrong,
        "1 reached nobody; the last, for slack:7: kanban.toml sets up no channel slack",
    );
    Ok(())
}

#[tokio::test]
async fn other_boards_of_the_original_are_named_by_the_doctor_and_by_the_server()
-> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    board.create("a", &[]).await?;
    for name in ["work", "default", "_archived"] {
        let folder = board.home().join("kanban/boards").join(name);
        fs::create_dir_all(&folder)?;
        fs::copy(board.home().join("kanban.db"), folder.join("kanban.db"))?;
    }
    let found = findings(&board, 0).await?;
    let others = found.iter().filter(|finding| finding["check"] == "boards");
    let others: Vec<_> = others.collect();
    assert_eq!(others.len(), 1, "{found:?}");
    assert!(
        others[0]["message"]
            .as_str()
            .is_some_and(|it| it.ends_with(": work"))
    );
    assert!(
        others[0]["remedy"]
            .as_str()
            .is_some_and(|it| it.ends_with("/boards/work`"))
    );
    board
        .serve(&["--listen", "127.0.0.1:0", "--no-dispatch"])
        .await?;
    board.logged("does not show: work").await?;
    Ok(())
}

#[tokio::test]
async fn a_channel_that_cannot_be_set_up_keeps_no_task_from_running_and_is_named()
-> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    let channel = "[channels.webhook.dead]\nurl = \"http://127.0.0.1:1/x\"\n\
                   secrets = [{ env = \"KANBAN_NO_SUCH_SECRET\" }]\n";
    board.configure(channel)?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let flags = ["--assignee", "shell", "--body", "true"];
    let task = board.create("a", &flags).await?;
    board.happened(&task, "completed").await?;
    let doctor = board.kanban(&["doctor"]).await?;
    assert!(
        doctor.out.contains("KANBAN_NO_SUCH_SECRET is not set"),
        "{doctor:?}"
    );
    assert!(board.log().contains("this channel tells nobody"));
    Ok(())
}
