//! Bad input: one clear line, the right exit code, and nothing changed.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use rustix::fs::{FlockOperation, fcntl_lock};

use crate::harness::{Board, said};

/// The contents of the board, to see that they stay.
async fn content(board: &Board) -> anyhow::Result<String> {
    let said = board.kanban(&["export"]).await?;
    // The first line says when it was made.
    let (_, rest) = said.out.split_once('\n').unwrap_or_default();
    Ok(rest.to_owned())
}

/// That this is refused with a complaint that has these words, and changes nothing.
async fn refused(board: &Board, words: &[&str], code: i32, part: &str) -> anyhow::Result<()> {
    let before = content(board).await?;
    let said = board.kanban(words).await?;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(code), ""),
        "{words:?}: {said:?}"
    );
    assert!(said.err.contains(part), "{words:?}: {}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{words:?}: {}", said.err);
    assert_eq!(content(board).await?, before, "{words:?}");
    Ok(())
}

#[tokio::test]
async fn what_makes_no_sense_exits_with_2() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let id = id.as_str();
    let huge = "9".repeat(40);
    let senseless: &[(&[&str], &str)] = &[
        (&["nonsense"], "unrecognized subcommand"),
        (&["create"], "<TITLE>"),
        (&["create", "a", "--workspace", "dir:"], "--workspace"),
        (&["create", "a", "--workspace", "tmp"], "--workspace"),
        (&["create", "a", "--priority", "high"], "--priority"),
        (&["create", "a", "--priority", &huge], "--priority"),
        (&["create", "a", "--priority", "1.5"], "--priority"),
        (&["create", "a", "--failure-limit", "0"], "--failure-limit"),
        (
            &["create", "a", "--body", "x", "--body-file", "y"],
            "cannot be used with",
        ),
        (&["create", "a", "--par", "t_00"], "--par"),
        (&["create", "a", "b"], "unexpected argument 'b'"),
        (&["list", "--status", "nowhere"], "nowhere"),
        (&["list", "--json", "--json"], "--json"),
        (&["list", "--assignee"], "--assignee"),
        (&["show"], "which task?"),
        (&["claim", id, "--ttl", "0"], "0"),
        (&["claim", id, "--ttl", "-5"], "-5"),
        (&["claim", id, "--ttl", &huge], "--ttl"),
        (&["claim", id, "--ttl", "86401"], "86401"),
        (&["heartbeat", id, "--ttl", "86401"], "86401"),
        (&["comment", id], "what is there to say?"),
        (&["block"], "which task?"),
        (&["edit", id], "nothing to change"),
        (&["move", id, "done"], "done"),
        (&["tail", id, "--interval", "-1"], "--interval"),
        (&["watch", "--interval", "soon"], "--interval"),
        (&["log", id, "--tail", "-1"], "-1"),
        (&["gc", "--event-retention-days", "-1"], "-1"),
        (&["undo", "soon"], "soon"),
        (&["notify-subscribe", id], "--platform"),
        (&["guide", "cooking"], "cooking"),
        (&["completions", "tcsh"], "tcsh"),
        (&["token"], "token"),
        (&["list", "--color", "red"], "red"),
    ];
    for (words, part) in senseless {
        refused(&board, words, 2, part).await?;
    }
    Ok(())
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of refusals")]
async fn what_was_refused_is_said_in_one_line_and_changes_nothing() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let done = board.create("done", &[]).await?;
    let id = done.as_str();
    board.kanban(&["complete", id]).await?;
    let long = format!("t_{}", "a".repeat(200));
    let refusals: &[(&[&str], &str)] = &[
        (&["create", "  "], "kanban: title is required"),
        (&["create", ""], "kanban: title is required"),
        (
            &["create", "a", "--parent", "t_00"],
            "kanban: unknown parent task(s): t_00",
        ),
        (
            &["create", "a", "--parent", "../../x"],
            "kanban: unknown parent task(s): ../../x",
        ),
        (
            &["create", "a", "--body-file", "/nowhere"],
            "kanban: cannot take the body from /nowhere: No such file",
        ),
        (
            &["create", "a", "--body-file", "/"],
            "kanban: cannot take the body from /: Is a directory",
        ),
        (&["show", "t_00"], "kanban: no such task: t_00"),
        (&["show", "../../x"], "kanban: no such task: ../../x"),
        (&["show", &long], "kanban: no such task: t_aaa"),
        (&["show", "T_00"], "kanban: no such task: T_00"),
        (&["log", "../../x"], "kanban: no such task: ../../x"),
        (&["log", "t_00"], "t_00"),
        (&["runs", "t_00"], "kanban: no such task: t_00"),
        (&["why", "t_00"], "kanban: no such task: t_00"),
        (&["tail", "t_00"], "kanban: no such task: t_00"),
        (&["tail", "../../x"], "kanban: no such task: ../../x"),
        (&["context", "t_00"], "kanban: task t_00 not found"),
        (&["claim", "t_00"], "kanban: no such task: t_00"),
        (&["claim", id], "kanban: cannot claim t_"),
        (&["comment", id, " "], "kanban: body is required"),
        (
            &["comment", id, "x", "--author", " "],
            "kanban: author is required",
        ),
        (&["assign", "t_00", "x"], "kanban: task t_00 not found"),
        (&["link", id, id], "kanban: a task cannot depend on itself"),
        (&["link", id, "../x"], "kanban: unknown task(s): ../x"),
        (&["unlink", id, "t_00"], "No such link: t_"),
        (&["edit", id, "--title", " "], "kanban: title is required"),
        (
            &["edit", "t_00", "--priority", "1"],
            "kanban: task t_00 not found",
        ),
        (&["move", "t_00", "todo"], "cannot move t_00"),
        (
            &["complete", "t_00"],
            "cannot complete t_00 (task t_00 not found)",
        ),
        (&["complete", id], "cannot complete t_"),
        (&["complete", id, "--metadata", "[1]"], "cannot complete t_"),
        (&["block", id, "x"], "cannot block t_"),
        (
            &["promote", "t_00"],
            "cannot promote t_00 (task t_00 not found)",
        ),
        (
            &["archive", "../../x"],
            "cannot archive ../../x (no such task: ../../x)",
        ),
        (&["cancel", "t_00"], "t_00"),
        (&["undo", "99"], "event 99"),
        (
            &[
                "notify-subscribe",
                "t_00",
                "--platform",
                "slack",
                "--chat-id",
                "y",
            ],
            "t_00",
        ),
        (
            &["notify-subscribe", id, "--platform", " ", "--chat-id", ""],
            "platform and chat id are required",
        ),
        (&["backup", "/nowhere/copy.db"], "/nowhere/copy.db"),
        (&["restore", "/nowhere.db"], "exists; --force"),
        (
            &["restore", "/nowhere.db", "--force"],
            "cannot restore /nowhere.db",
        ),
        (
            &["import", "/nowhere"],
            "cannot import /nowhere: No such file",
        ),
        (
            &["export", "--output", "/nowhere/x"],
            "cannot write /nowhere/x",
        ),
        (&["open"], "kanban: no server of"),
    ];
    for (words, part) in refusals {
        refused(&board, words, 1, part).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_no_text_is_refused() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let file = tempfile::NamedTempFile::new()?;
    let path = file.path().to_string_lossy();
    let large = |end: &[u8]| [&b"x".repeat(1 << 20)[..], end].concat();
    let bodies = [
        (
            large(b"\0"),
            "it is not plain text: there is a NUL at byte 1048576",
        ),
        (large(b"\xff\xfe"), "it is not UTF-8 from byte 1048576 on"),
        (b"x".repeat((2 << 20) + 1), "it has more than 2097152 bytes"),
    ];
    let id = board.create("a", &[]).await?;
    let before = content(&board).await?;
    for (body, complaint) in &bodies {
        fs::write(file.path(), body)?;
        for words in [
            &["create", "b", "--body-file", &path][..],
            &["create", "b", "--body", "-"],
            &["edit", id.as_str(), "--body-file", "-"],
        ] {
            let said = board.kanban_reading(words, body).await?;
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{words:?}");
            assert!(
                said.err.ends_with(&format!(": {complaint}\n")),
                "{}",
                said.err
            );
            assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        }
    }
    assert_eq!(content(&board).await?, before);
    Ok(())
}

#[tokio::test]
async fn arguments_that_are_no_text_are_refused() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for (verb, code) in [("create", 2), ("show", 2), ("comment", 2), ("import", 1)] {
        let mut command = board.command(verb)?;
        command.arg(OsStr::from_bytes(b"\xff\xfe"));
        let said = said(&mut command).await?;
        assert_eq!(
            (said.code, said.out.as_str()),
            (Some(code), ""),
            "{verb}: {said:?}"
        );
        assert_eq!(said.err.lines().count(), 1, "{verb}: {}", said.err);
    }
    let mut command = board.command(OsStr::from_bytes(b"\xff"))?;
    let told = said(&mut command).await?;
    assert_eq!(
        (told.code, told.err.lines().count()),
        (Some(2), 1),
        "{told:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_error() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for _ in 0..3 {
        board.create("a", &[]).await?;
    }
    for verb in ["list", "stats", "export", "man", "--help"] {
        // Nobody reads: the pipe is closed before the command writes.
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let output = board.command(verb)?.stdout(writer).output().await?;
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(0), &b""[..]),
            "{verb}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_home_that_is_no_folder_of_ours_is_named() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    fs::write(board.home(), "a file\n")?;
    for words in [
        &["list"][..],
        &["create", "a"],
        &["init"],
        &["token", "show"],
    ] {
        let said = board.kanban(words).await?;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{words:?}");
        let home = board.home().display().to_string();
        assert!(said.err.contains(&home), "{words:?}: {}", said.err);
        assert_eq!(said.err.lines().count(), 1, "{words:?}: {}", said.err);
    }
    assert_eq!(fs::read_to_string(board.home())?, "a file\n");
    let mut command = board.command("list")?;
    command.env("KANBAN_HOME", "");
    let said = said(&mut command).await?;
    assert_eq!(
        (said.code, said.err.lines().count()),
        (Some(2), 1),
        "{said:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_board_is_left_alone() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    fs::create_dir(board.home())?;
    let db = board.home().join("kanban.db");
    fs::write(&db, "this is a diary, not a database\n".repeat(100))?;
    let before = fs::read(&db)?;
    let said = board.kanban(&["list"]).await?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(
        said.err.contains("is not a kanban database"),
        "{}",
        said.err
    );
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    assert_eq!(fs::read(&db)?, before);
    Ok(())
}

#[tokio::test]
async fn a_database_that_stays_busy_is_waited_for_and_then_given_up() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.create("a", &[]).await?;
    let before = content(&board).await?;
    // The lock of another program that has the file for itself, as SQLite takes it.
    let file = fs::File::options()
        .read(true)
        .write(true)
        .open(board.home().join("kanban.db"))?;
    fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let began = std::time::Instant::now();
    let mut command = board.command("create")?;
    let waiting = said(command.arg("b").stdin(Stdio::null())).await?;
    assert_eq!((waiting.code, waiting.out.as_str()), (Some(1), ""));
    assert_eq!(waiting.err, "kanban: the board is busy, try again\n");
    assert!(
        began.elapsed() >= std::time::Duration::from_secs(29),
        "it waited"
    );
    drop(file);
    assert_eq!(content(&board).await?, before);
    Ok(())
}
