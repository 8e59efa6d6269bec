//! The command line of hermes-agent while we serve.

use std::collections::BTreeMap;

use anyhow::ensure;
use domain::id::TaskId;
use rusqlite::types::Value;

use super::{File, Hermes, assert_in_step, board, combinations, connect, rows};
use crate::harness::Board;

/// Every row of every table, without what the dispatcher says of itself and what is only theirs.
fn everything(board: &Board) -> anyhow::Result<BTreeMap<String, Vec<Vec<Value>>>> {
    let conn = connect(board.home())?;
    let mut statement = conn.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
             AND name NOT LIKE 'search%' AND name NOT IN ('dispatcher', 'foreign_moves', \
                 'task_attachments')",
    )?;
    let names = statement
        .query_map((), |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    names
        .into_iter()
        .map(|name| {
            let rows = rows(board, &format!("SELECT * FROM {name} ORDER BY 1, 2"))?;
            Ok((name, rows))
        })
        .collect()
}

/// Fails unless `hermes kanban` succeeds.
async fn hermes(hermes: &Hermes, board: &Board, words: &[&str]) -> anyhow::Result<String> {
    let said = hermes.kanban(board, words).await?;
    ensure!(said.code == Some(0), "{words:?}: {said:?}");
    Ok(said.out)
}

async fn ours(board: &Board, words: &[&str]) -> anyhow::Result<()> {
    let said = board.kanban(words).await?;
    ensure!(said.code == Some(0), "{words:?}: {said:?}");
    Ok(())
}

/// A board that is served, with a task in every place from which hermes might take one.
async fn served(version: &str, file: File) -> anyhow::Result<(Board, Hermes)> {
    let program = Hermes::version(version)?;
    let mut board = board(&program, file).await?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    ours(&board, &["resume"]).await?;
    Ok((board, program))
}

#[tokio::test]
async fn whoever_looks_at_the_board_with_hermes_changes_nothing() -> anyhow::Result<()> {
    for (version, file) in combinations() {
        let (board, program) = served(version, file).await?;
        let aside = board.create("put aside", &["--assignee", "shell"]).await?;
        ours(&board, &["pause"]).await?;
        ours(&board, &["move", aside.as_str(), "todo"]).await?;
        let parent = board.create("parent", &[]).await?;
        let child = board
            .create("child", &["--parent", parent.as_str()])
            .await?;
        ours(&board, &["complete", parent.as_str(), "--result", "so"]).await?;
        ours(&board, &["move", child.as_str(), "todo"]).await?;
        let asks = board.create("asks", &[]).await?;
        ours(&board, &["block", asks.as_str(), "which?"]).await?;
        ours(&board, &["resume"]).await?;

        // It gives up after fewer failures than hermes would allow it.
        let flags = [
            "--assignee",
            "shell",
            "--body",
            "exit 3",
            "--failure-limit",
            "1",
        ];
        let fails = board.create("fails", &flags).await?;
        board.happened(&fails, "gave_up").await?;
        board.write_past_us(&format!(
            "UPDATE tasks SET max_retries = 9 WHERE id = '{fails}'"
        ))?;
        let runs = board
            .create("runs", &["--assignee", "shell", "--body", "sleep 600"])
            .await?;
        board.happened(&runs, "spawned").await?;

        let before = everything(&board)?;
        for words in [
            &["list"][..],
            &["stats"],
            &["runs", runs.as_str()],
            &["show", aside.as_str()],
            &["context", child.as_str()],
            &["dispatch", "--dry-run"],
        ] {
            hermes(&program, &board, words).await?;
            let after = everything(&board)?;
            for (table, rows) in &before {
                assert_eq!(&after[table], rows, "{table} after {words:?} of {version}");
            }
        }
        ours(&board, &["cancel", runs.as_str()]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_of_ours_is_nobody_elses_to_judge() -> anyhow::Result<()> {
    for (version, file) in combinations() {
        let (mut board, program) = served(version, file).await?;
        let flags = ["--assignee", "shell", "--body", "sleep 600"];
        let task = board.create("runs", &flags).await?;
        board.happened(&task, "spawned").await?;
        // Nobody serves: from 0.19 on hermes would not look at all.
        board.stop().await?;
        // As when the worker has ended and we have not yet written down how.
        let of_task = format!("WHERE id = '{task}'");
        board.write_past_us(&format!("UPDATE tasks SET worker_pid = 4194304 {of_task}"))?;
        hermes(&program, &board, &["dispatch", "--dry-run"]).await?;
        let found = rows(
            &board,
            &format!("SELECT status, spawn_failures FROM tasks {of_task}"),
        )?;
        assert_eq!(
            found,
            [[Value::Text("running".to_owned()), Value::Integer(0)]]
        );
        ours(&board, &["cancel", task.as_str()]).await?;
        assert_in_step(&board)?;
    }
    Ok(())
}

/// The verbs that end here what hermes began, each with the run's outcome.
fn ends(task: &TaskId) -> [(Vec<&str>, &'static str); 4] {
    let id = task.as_str();
    [
        (vec!["complete", id, "--result", "by us"], "completed"),
        (vec!["block", id, "which?"], "blocked"),
        (vec!["archive", id], "reclaimed"),
        (vec!["assign", id, "somebody", "--stop"], "reclaimed"),
    ]
}

#[tokio::test]
async fn what_hermes_began_is_ended_for_hermes_by_what_we_do() -> anyhow::Result<()> {
    for (version, file) in combinations() {
        let (board, program) = served(version, file).await?;
        for number in 0..4 {
            let task = board.create("theirs", &["--assignee", "p"]).await?;
            hermes(&program, &board, &["claim", task.as_str()]).await?;
            let [mut run] = <[_; 1]>::try_from(rows(
                &board,
                &format!("SELECT current_run_id FROM tasks WHERE id = '{task}'"),
            )?)
            .map_err(|found| anyhow::anyhow!("{found:?}"))?;
            let run = run.remove(0);
            assert_ne!(run, Value::Null);
            let mut ends = ends(&task);
            let (words, outcome) = &mut ends[number];
            ours(&board, words).await?;
            assert_in_step(&board)?;
            let listed = hermes(&program, &board, &["runs", task.as_str()]).await?;
            assert!(
                listed.contains(&**outcome),
                "{words:?} of {version}: {listed}"
            );
        }
        // What gave up with them says why here, and starts anew once we have let it go on.
        let gives_up = board.create("gives up", &["--assignee", "p"]).await?;
        let fails = format!(
            "for n in range(5):\n    \
                k.claim_task(db, '{gives_up}')\n    \
                k._record_task_failure(db, '{gives_up}', 'no such model', outcome='spawn_failed', \
                    release_claim=True, end_run=True)"
        );
        program.says(&board, &fails).await?;
        let why = board.kanban(&["why", gives_up.as_str()]).await?.out;
        assert!(why.contains("no such model"), "{why}");
        let inbox = board.kanban(&["inbox"]).await?.out;
        assert!(inbox.contains("no such model"), "{inbox}");
        ours(&board, &["unblock", gives_up.as_str()]).await?;
        assert_in_step(&board)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_heartbeat_of_hermes_keeps_a_worker_alive() -> anyhow::Result<()> {
    for (version, file) in combinations() {
        let (board, program) = served(version, file).await?;
        let script = "\
            import os, time\n\
            from hermes_cli import kanban_db as k\n\
            db = k.connect()\n\
            task = os.environ['HERMES_KANBAN_TASK']\n\
            run = int(os.environ['HERMES_KANBAN_RUN_ID'])\n\
            for n in range(12):\n    \
                time.sleep(0.5)\n    \
                k.heartbeat_worker(db, task, expected_run_id=run)\n\
            k.complete_task(db, task, summary='alive', expected_run_id=run)";
        let command = serde_json::json!([program.python(), "-c", script]);
        board.configure(&format!(
            "[lanes.beats]\ncommand = {command}\nheartbeat_timeout = \"2s\"\n"
        ))?;
        let task = board.create("beats", &["--assignee", "beats"]).await?;
        board.happened(&task, "completed").await?;
        let (_, runs) = board.get(&format!("/tasks/{task}/runs")).await?;
        assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "{runs}");
    }
    Ok(())
}
