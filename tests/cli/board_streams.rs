//! `kanban export` and `kanban import`.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::harness::{Board, text, within};

/// An export without its first line, which says when it was made, and without the news that the board
/// still has to tell: another board that takes them in does not tell them too.
async fn exported(board: &Board) -> anyhow::Result<String> {
    let said = board.kanban(&["export"]).await?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let is_kept = |line: &&str| !line.starts_with(r#"{"table":"deliveries""#);
    let rest: Vec<_> = said.out.lines().skip(1).filter(is_kept).collect();
    Ok(rest.join("\n"))
}

async fn titles(board: &Board) -> anyhow::Result<Value> {
    let tasks = board
        .kanban(&["list", "--archived", "--json"])
        .await?
        .json()?;
    Ok(tasks
        .as_array()
        .into_iter()
        .flatten()
        .map(|task| task["title"].clone())
        .collect())
}

/// A list that is not taken in, for a reason in one line, leaves an empty board empty.
async fn assert_refused(board: &Board, list: &[u8], reason: &str) -> anyhow::Result<()> {
    let said = board.kanban_reading(&["import", "-"], list).await?;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(1), ""),
        "{reason}: {said:?}"
    );
    assert!(said.err.contains(reason), "{reason}: {}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    assert_eq!(titles(board).await?, json!([]), "{reason}");
    Ok(())
}

#[tokio::test]
async fn an_export_is_the_whole_board_and_comes_back_as_it_was() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let a = board
        .create("ä\u{2028}\"b\"", &["--body", "line\nline"])
        .await?;
    let b = board
        .create("b", &["--parent", a.as_str(), "--idempotency-key", "k"])
        .await?;
    let place = ["--platform", "slack", "--chat-id", "y"];
    board
        .kanban(&[&["notify-subscribe", b.as_str()][..], &place].concat())
        .await?;
    board.kanban(&["claim", a.as_str()]).await?;
    board.kanban(&["comment", a.as_str(), "so far"]).await?;
    board
        .kanban(&["complete", a.as_str(), "--result", "r"])
        .await?;
    board.kanban(&["block", b.as_str(), "why?"]).await?;
    board.kanban(&["pause"]).await?;
    let file = board
        .home()
        .join("board.jsonl")
        .to_string_lossy()
        .into_owned();
    let said = board.kanban(&["export", "--output", &file]).await?;
    assert!(said.out.starts_with("Exported "), "{said:?}");
    let said = board.kanban(&["export", "--output", &file]).await?;
    assert_eq!(said.code, Some(1), "it overwrites nothing");

    let other = Board::without_server()?;
    let said = other.kanban(&["import", &file]).await?;
    assert!(said.out.starts_with("Imported 2 task(s) and "), "{said:?}");
    // But for the workspaces, which are each home's own, and that it waits for somebody's word.
    let rows = async |from: &Board| -> anyhow::Result<_> {
        let [mine, theirs] = [&board, &other].map(|board| board.home().display().to_string());
        let rows = exported(from).await?;
        let rows = rows.replace(&mine, "").replace(&theirs, "");
        Ok(rows.replace("\"is_copy\":1", "\"is_copy\":0"))
    };
    assert_eq!(rows(&other).await?, rows(&board).await?);
    let said = other
        .kanban(&["create", "again", "--idempotency-key", "k"])
        .await?;
    assert!(
        said.out.starts_with(&format!("Found {b} ")),
        "keys hold: {said:?}"
    );
    let said = other.kanban(&["import", &file]).await?;
    assert_eq!((said.code, said.err.lines().count()), (Some(1), 1));
    assert!(said.err.contains("the board is not empty"), "{}", said.err);
    Ok(())
}

#[tokio::test]
async fn what_ran_elsewhere_does_not_run_here() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    board.kanban(&["claim", id.as_str()]).await?;
    let export = board.kanban(&["export"]).await?.out;
    let other = Board::without_server()?;
    other
        .kanban_reading(&["import", "-"], export.as_bytes())
        .await?;
    let shown = other
        .kanban(&["show", id.as_str(), "--json"])
        .await?
        .json()?;
    assert_eq!(shown["task"]["status"], "ready");
    let runs = other
        .kanban(&["runs", id.as_str(), "--json"])
        .await?
        .json()?;
    assert_eq!(runs[0]["outcome"], "interrupted");
    Ok(())
}

#[tokio::test]
async fn a_list_of_tasks_comes_in_with_its_order_of_work() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let there = board.create("there", &[]).await?;
    let list = format!(
        "{{\"title\": \"reap\", \"parents\": [\"sow\", \"{there}\"], \"assignee\": \"ops\"}}\n\n\
         {{\"id\": \"sow\", \"title\": \"sow\", \"body\": \"wheat\", \"priority\": 3, \"tenant\": \"farm\"}}\n\
         {{\"title\": \"rest\", \"triage\": true}}\n"
    );
    let said = board
        .kanban_reading(&["import", "-", "--json"], list.as_bytes())
        .await?;
    let imported = said.json()?;
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    let titles = tasks
        .as_array()
        .into_iter()
        .flatten()
        .map(|task| &task["title"]);
    assert_eq!(titles.collect::<Vec<_>>(), ["sow", "there", "rest", "reap"]);
    let reap = text(&imported, "/tasks/2")?;
    let shown = board.kanban(&["show", reap, "--json"]).await?.json()?;
    assert_eq!(shown["task"]["title"], "reap");
    assert_eq!(shown["task"]["status"], "todo");
    assert_eq!(shown["parents"].as_array().map(Vec::len), Some(2));
    // The server has heard of it.
    board.happened(&reap.parse()?, "created").await?;
    Ok(())
}

#[tokio::test]
async fn a_list_with_a_mistake_is_refused_as_a_whole_with_the_line() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    let good = "{\"title\": \"a\"}\n";
    let mistakes: &[(&[u8], &str)] = &[
        (b"", "line 1: there is nothing in it"),
        (b"\n \n", "line 1: there is nothing in it"),
        (b"{\"title\": \"b\"", "line 2: EOF while parsing"),
        (b"{\"titel\": \"b\"}", "line 2: unknown field `titel`"),
        (b"{\"title\": \" \"}", "line 2: title is required"),
        (b"{\"title\": 7}", "line 2: invalid type"),
        (b"[1]", "line 2: "),
        (b"{\"title\": \"b\", \"parents\": [\"c\"]}", "line 2: unknown parent task(s): c"),
        (b"{\"title\": \"b\", \"priority\": 99999999999999999999}", "line 2: "),
        (b"{\"title\": \"b\\u0000\"}", "line 2: it is not plain text"),
        (b"{\"title\": \"\xff\"}", "line 2: it is not UTF-8"),
        (b"{\"id\": \"x\", \"title\": \"b\"}\n{\"id\": \"x\", \"title\": \"c\"}", "line 3: there is a task called x before it"),
        (b"{\"id\": \"x\", \"title\": \"b\", \"parents\": [\"y\"]}\n{\"id\": \"y\", \"title\": \"c\", \"parents\": [\"x\"]}", "its parents wait for it"),
    ];
    for (mistake, part) in mistakes {
        let is_empty = part.contains("nothing in it");
        let begin = if is_empty { "" } else { good };
        let list = [begin.as_bytes(), mistake].concat();
        assert_refused(&board, &list, part).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_export_that_was_cut_or_changed_is_refused_as_a_whole() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let a = board.create("a", &[]).await?;
    let b = board.create("b", &["--parent", a.as_str()]).await?;
    let whole = board.kanban(&["export"]).await?.out;
    let link = json!({ "table": "task_links", "row": { "parent_id": b, "child_id": a } });
    let other = Board::without_server()?;
    let mut lines: Vec<&str> = whole.lines().collect();
    let end = lines.pop().unwrap_or_default();
    let rows: u64 = serde_json::from_str::<Value>(end)?["rows"]
        .as_u64()
        .unwrap_or_default();
    let kept = lines.join("\n");
    let changed = [
        (kept.clone(), "its last line is missing"),
        (
            format!("{}\n{end}", lines[..lines.len() - 4].join("\n")),
            "rows are missing",
        ),
        (
            format!("{kept}\n{link}\n{{\"rows\": {}}}", rows + 1),
            "waits for itself",
        ),
        (
            whole.replace("\"ready\",\"priority\"", "\"running\",\"priority\""),
            "without an open run",
        ),
        (whole.replace(a.as_str(), "../../x"), "is no task id"),
        (
            whole.replace("{\"table\":\"task_links\"", "{\"table\":\"sqlite_schema\""),
            "there is no table sqlite_schema",
        ),
        (
            whole.replace("\"kanban\":1", "\"kanban\":2"),
            "a newer version of kanban",
        ),
        (
            whole.replace("\"schema\":", "\"schema\":9"),
            "a newer version of kanban",
        ),
        (format!("{whole}{link}"), "has ended already"),
    ];
    for (export, part) in &changed {
        assert_refused(&other, export.as_bytes(), part).await?;
    }
    Ok(())
}

#[tokio::test]
async fn while_an_import_waits_for_its_input_others_write() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let mut import = board.command("import")?;
    let mut importing = import.arg("-").stdin(Stdio::piped()).spawn()?;
    let mut input = importing.stdin.take().context("no input")?;
    // Each is more than a pipe holds: once both are written, the program has read the first.
    let first = json!({ "title": "first", "body": "x".repeat(200_000) });
    let lines = format!("{first}\n{first}\n");
    within("the import", input.write_all(lines.as_bytes())).await??;

    let (status, said) = board.post("/tasks", &json!({ "title": "other" })).await?;
    assert_eq!(status, 200, "{said}");
    assert_eq!(titles(&board).await?, json!(["other"]));

    within("the import", input.write_all(b"{\"title\": \"second\"}")).await??;
    drop(input);
    let status = within("the end of the import", importing.wait()).await??;
    assert!(status.success(), "{status}");
    let all = json!(["other", "first", "first", "second"]);
    assert_eq!(titles(&board).await?, all);
    Ok(())
}

#[tokio::test]
async fn an_import_that_is_killed_leaves_nothing() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.kanban(&["init"]).await?;
    let task = json!({ "title": "task", "body": "x".repeat(26_000) });
    let list = format!("{task}\n").repeat(2_000);
    let file = board.home().join("list.jsonl");
    fs::write(&file, list)?;
    let log = board.home().join("kanban.db-wal");
    for megabytes in [1, 10, 20, 30] {
        let mut import = board.command("import")?;
        let mut importing = import.arg(&file).stdout(Stdio::null()).spawn()?;
        // SQLite's cache holds two megabytes of a transaction; the rest is in the log before the commit.
        within("the transaction", async {
            while fs::metadata(&log).map_or(0, |log| log.len()) < megabytes << 20 {
                tokio::task::yield_now().await;
            }
        })
        .await?;
        importing.start_kill()?;
        let status = within("the end of the import", importing.wait()).await??;
        assert_eq!(status.signal(), Some(9), "it had ended before");
        assert_eq!(titles(&board).await?, json!([]));
    }
    let said = board.kanban(&["import", &file.to_string_lossy()]).await?;
    assert_eq!(said.out, "Imported 2000 task(s)\n", "{said:?}");
    Ok(())
}

/// Adds a column to the file of another program.
fn with_column(path: &Path) -> anyhow::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test plays the other program"
    )]
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = DELETE; \
         ALTER TABLE tasks ADD COLUMN mood TEXT; UPDATE tasks SET mood = 'fine'",
    )?;
    Ok(())
}

#[tokio::test]
async fn a_board_of_hermes_comes_over_with_its_history() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let theirs = folder.path().join("kanban.db");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hermes-0.13.db");
    fs::copy(fixture, &theirs)?;
    // As a later version may.
    with_column(&theirs)?;
    let before = fs::read(&theirs)?;
    let board = Board::without_server()?;
    let said = board.kanban(&["import", &theirs.to_string_lossy()]).await?;
    assert!(said.out.starts_with("Imported 3 task(s) and "), "{said:?}");
    assert!(
        said.err
            .contains("left out tasks.mood, which only another program knows"),
        "{said:?}"
    );
    assert!(!said.err.contains("skills"), "{said:?}");
    assert_eq!(fs::read(&theirs)?, before, "their file is only read");
    let shown = board
        .kanban(&["show", "t_00000002", "--json"])
        .await?
        .json()?;
    assert_eq!(shown["task"]["status"], "ready");
    assert_eq!(shown["parents"], json!(["t_00000001"]));
    assert_eq!(shown["comments"][0]["body"], "be brief");
    let runs = board
        .kanban(&["runs", "t_00000001", "--json"])
        .await?
        .json()?;
    assert_eq!(runs[0]["summary"], "seven pages");
    let listed = board.kanban(&["notify-list"]).await?.out;
    assert_eq!(listed, "t_00000002  telegram:42  (since event 2)\n");
    let paused = board.kanban(&["stats", "--json"]).await?.json()?;
    assert_eq!(
        paused["dispatcher"]["paused"][0]["by"], "import",
        "their dispatcher may be at work"
    );
    let left = fs::read_dir(board.home())?.filter_map(Result::ok);
    let scratch = left.filter(|file| file.file_name().to_string_lossy().starts_with("importing"));
    assert_eq!(scratch.count(), 0);
    Ok(())
}
