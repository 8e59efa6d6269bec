//! `kanban lanes add` and `kanban lanes test`, with agents that are small scripts.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use reqwest::Method;
use reqwest::header::ACCEPT;

use crate::harness::{Board, Said, program, said, within};
use crate::workers::Worker;

/// A board with a lane `agent`, whose program is this script.
fn board_with(script: &str, more: &str) -> anyhow::Result<Board> {
    let board = Board::without_server()?;
    let program = program_named(&board, "agent", script)?;
    board.configure(&format!(
        "[lanes.agent]\ncommand = [\"{}\", \"{{task_id}}\"]\n{more}",
        program.display()
    ))?;
    Ok(board)
}

/// A program in a folder of its own beside the board.
fn program_named(board: &Board, name: &str, script: &str) -> anyhow::Result<PathBuf> {
    let folder = board.home().with_file_name("programs");
    fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    program::write(&path, script)?;
    Ok(path)
}

/// The page of the board, as somebody without scripts gets it.
async fn page(board: &Board) -> anyhow::Result<String> {
    let request = board.request(Method::GET, "/")?.header(ACCEPT, "text/html");
    Ok(request.send().await?.text().await?)
}

async fn tested(board: &Board) -> anyhow::Result<Said> {
    board
        .kanban(&["lanes", "test", "agent", "--max-runtime", "20"])
        .await
}

#[tokio::test]
async fn a_shipped_lane_is_added_once_and_what_stands_in_the_file_stays() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.configure("# mine\n[dispatcher]\ncap = 3 # few\n")?;
    let told = board.kanban(&["lanes", "add", "claude"]).await?;
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.out.contains("\n[lanes.claude]\ncommand = [\n"),
        "{told:?}"
    );
    assert!(told.out.contains("kanban lanes test claude"), "{told:?}");
    let config = board.home().join("kanban.toml");
    let text = fs::read_to_string(&config)?;
    assert!(
        text.starts_with("# mine\n[dispatcher]\ncap = 3 # few\n"),
        "{text}"
    );
    let again = board.kanban(&["lanes", "add", "claude"]).await?;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("has a lane claude already"), "{again:?}");
    assert_eq!(fs::read_to_string(&config)?, text);
    let lanes = board.kanban(&["lanes"]).await?;
    assert!(lanes.out.contains("claude"), "{lanes:?}");
    let unknown = board.kanban(&["lanes", "add", "nobody"]).await?;
    assert!(
        unknown.err.contains("expected one of claude, codex"),
        "{unknown:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_lane_that_works_passes_every_step_and_leaves_nothing() -> anyhow::Result<()> {
    let script = "#!/bin/sh\necho hello > hello.txt\nkanban complete \"$1\" --result done\n";
    let board = board_with(script, "")?;
    let told = tested(&board).await?;
    assert_eq!(told.code, Some(0), "{told:?}");
    let steps = ["program", "start", "log in", "permission", "report"];
    let expected = steps.map(|step| format!("{step:12}ok\n")).concat();
    assert_eq!(told.out, expected);
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    assert_eq!(tasks, serde_json::json!([]));
    let kept = board.kanban(&["lanes", "test", "agent", "--keep"]).await?;
    let place = kept.err.split("kept in ").nth(1).context("no place")?;
    let place = PathBuf::from(place.trim());
    assert_eq!(fs::read_to_string(place.join("work/hello.txt"))?, "hello\n");
    fs::remove_dir_all(place)?;
    let shell = board.kanban(&["lanes", "test", "shell"]).await?;
    assert_eq!((shell.code, shell.out), (Some(0), expected));
    Ok(())
}

#[tokio::test]
async fn each_failure_of_a_lane_is_told_by_its_step_and_its_reason() -> anyhow::Result<()> {
    for (script, more, step, reason) in [
        (
            "#!/nonexistent/interpreter\n",
            "",
            "start",
            "No such file or directory",
        ),
        (
            "#!/bin/sh\nexec nothing-of-the-kind\n",
            "",
            "start",
            "exited with code 127",
        ),
        (
            "#!/bin/sh\necho 'Not logged in · Please run /login'; exit 1\n",
            "",
            "log in",
            "Please run /login",
        ),
        (
            "#!/bin/sh\necho 'Invalid API key'\n",
            "success = \"exit\"",
            "log in",
            "Invalid API key",
        ),
        (
            "#!/bin/sh\necho 'This command requires approval'\n",
            "",
            "permission",
            "requires approval",
        ),
        (
            "#!/bin/sh\necho done\n",
            "success = \"exit\"",
            "permission",
            "has not written the file",
        ),
        (
            "#!/bin/sh\necho hello > hello.txt; echo done\n",
            "",
            "report",
            "neither completed nor blocked",
        ),
        (
            "#!/bin/sh\nkanban block \"$1\" 'which file?'\n",
            "",
            "report",
            "which file?",
        ),
        (
            "#!/bin/sh\nsleep 1000\n",
            "max_run_time = \"1s\"",
            "report",
            "did not end within 1s",
        ),
        (
            "#!/bin/sh\necho boom; exit 3\n",
            "",
            "report",
            "exited with code 3: boom",
        ),
    ] {
        let told = tested(&board_with(script, more)?).await?;
        assert_eq!(told.code, Some(1), "{told:?}");
        let line = told.out.lines().find(|line| line.contains("failed: "));
        let line = line.with_context(|| format!("{told:?}"))?;
        assert!(
            line.starts_with(step) && line.contains(reason),
            "{script}: {told:?}"
        );
        assert!(told.err.contains("kanban: lane agent: "), "{told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_program_that_only_the_terminal_finds_is_told_of() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let folder = program_named(&board, "our-agent", "#!/bin/sh\n")?;
    let folder = folder.parent().context("no folder")?.display().to_string();
    board.configure("[lanes.agent]\ncommand = [\"our-agent\"]\n")?;
    let missing = tested(&board).await?;
    assert_eq!(missing.code, Some(1));
    let says = "program     failed: the program our-agent was not found on the PATH";
    assert!(missing.out.starts_with(says), "{missing:?}");
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    // No event tells of the dispatcher's first report.
    within("the dispatcher", async {
        while board
            .kanban(&["lanes"])
            .await?
            .err
            .contains("no dispatcher")
        {}
        anyhow::Ok(())
    })
    .await??;
    // The dispatcher reads of the other one in a moment.
    board.configure(
        "[lanes.agent]\ncommand = [\"our-agent\"]\n[lanes.late]\ncommand = [\"our-agent\"]\n",
    )?;
    let path = format!("{folder}:{}", std::env::var("PATH")?);
    for lane in ["late", "agent"] {
        let mut command = board.command("lanes")?;
        let told = said(command.args(["test", lane]).env("PATH", &path)).await?;
        assert_eq!(told.code, Some(1), "{told:?}");
        let says = "but the dispatcher that runs says: ";
        assert!(told.out.contains(says), "{told:?}");
        assert!(told.err.contains("kanban guide service"), "{told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn only_somebody_at_the_machine_adds_and_tests_lanes() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    for step in ["add", "test"] {
        let mut command = board.command("lanes")?;
        command.args([step, "claude"]);
        let told = said(command.env("KANBAN_RUN_TOKEN", &worker.token)).await?;
        assert!(
            told.code == Some(1) && told.err.contains("a worker may "),
            "{told:?}"
        );
        let told = board
            .kanban(&["slash", &format!("lanes {step} claude")])
            .await?;
        assert!(told.out.contains("a chat cannot "), "{told:?}");
    }
    assert!(!board.home().join("kanban.toml").exists());
    Ok(())
}

#[tokio::test]
async fn a_worker_that_does_nothing_proves_neither_its_log_in_nor_its_rights() -> anyhow::Result<()>
{
    let board = board_with("#!/bin/sh\nexit 3\n", "")?;
    let told = tested(&board).await?;
    for step in ["log in", "permission"] {
        let line = format!("{step:12}unknown\n");
        assert!(told.out.contains(&line), "{told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_repository_that_is_none_is_told_before_a_task_needs_it() -> anyhow::Result<()> {
    let script = "#!/bin/sh\nkanban complete \"$1\" --result done\n";
    let board = board_with(script, "repository = \"/usr/nowhere\"\n")?;
    let problem = "/usr/nowhere is no git repository";
    let told = tested(&board).await?;
    assert_eq!((told.code, told.out.as_str()), (Some(1), ""), "{told:?}");
    assert!(told.err.contains(problem), "{told:?}");
    board.kanban(&["init"]).await?;
    let doctor = board.kanban(&["doctor"]).await?;
    assert!(doctor.out.contains(problem), "{doctor:?}");
    Ok(())
}

#[tokio::test]
async fn lanes_that_make_no_sense_are_told_by_their_line() -> anyhow::Result<()> {
    let board = board_with("#!/bin/sh\n", "cap = \"many\"\n")?;
    let told = board.kanban(&["lanes"]).await?;
    assert_eq!((told.code, told.out.as_str()), (Some(1), ""), "{told:?}");
    assert!(told.err.contains("kanban.toml"), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn an_empty_board_and_init_say_which_agents_there_are() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let script = "#!/bin/sh\necho '2.1.197 (Claude Code)'\n";
    let folder = program_named(&board, "claude", script)?;
    let folder = folder.parent().context("no folder")?.display().to_string();
    let path = format!("{folder}:/usr/bin:/bin");
    let mut command = board.command("init")?;
    command.env("PATH", &path).env("HOME", board.home());
    command.env_remove("ANTHROPIC_API_KEY");
    let told = said(&mut command).await?;
    assert!(
        told.out.contains("  Claude Code 2.1.197, not logged in"),
        "{told:?}"
    );
    assert!(told.out.contains("lanes add claude`\n"), "{told:?}");
    board
        .serve_in(&["--listen", "127.0.0.1:0"], &[("PATH", path.as_ref())])
        .await?;
    let shown = page(&board).await?;
    assert!(shown.contains("Claude Code 2.1.197"), "{shown}");
    assert!(shown.contains("lanes add claude</code>"), "{shown}");
    board.create("a task", &[]).await?;
    let shown = page(&board).await?;
    assert!(!shown.contains("lanes add claude"), "{shown}");
    Ok(())
}
