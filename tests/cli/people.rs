//! Output for people: colours, and help where they went wrong.

use crate::harness::{Board, program, said};

#[tokio::test]
async fn colours_are_for_terminals_and_for_those_who_ask() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    board.create("a", &[]).await?;
    let plain = board.kanban(&["list"]).await?.out;
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let coloured = board.kanban(&["list", "--color", "always"]).await?.out;
    assert!(coloured.contains("\u{1b}[36mready"), "{coloured}");
    let mut words = String::new();
    let mut is_code = false;
    for char in coloured.chars() {
        is_code = char == '\u{1b}' || (is_code && char != 'm');
        if !is_code && char != 'm' {
            words.push(char);
        }
    }
    assert_eq!(words, plain, "colours move nothing");
    let never = board.kanban(&["--color", "never", "list"]).await?.out;
    assert_eq!(never, plain);
    Ok(())
}

/// Runs a verb in a terminal, as `script` makes one.
async fn in_terminal(board: &Board, no_color: &str) -> anyhow::Result<String> {
    let program = program::path()?.display();
    let mut script = tokio::process::Command::new("script");
    script
        .args([
            "--quiet",
            "--return",
            "--command",
            &format!("'{program}' list"),
            "/dev/null",
        ])
        .env("KANBAN_HOME", board.home())
        .env("NO_COLOR", no_color)
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    Ok(said(&mut script).await?.out)
}

#[tokio::test]
async fn a_terminal_is_coloured_unless_no_color_is_set() -> anyhow::Result<()> {
    let has_script = tokio::process::Command::new("script")
        .arg("--version")
        .output()
        .await;
    if has_script.is_err() {
        // Without the program there is no terminal to try it in; `--color` shows the rest.
        return Ok(());
    }
    let board = Board::without_server()?;
    board.create("a", &[]).await?;
    assert!(in_terminal(&board, "").await?.contains("\u{1b}[36m"));
    assert!(!in_terminal(&board, "1").await?.contains('\u{1b}'));
    Ok(())
}

#[tokio::test]
async fn whoever_mistypes_is_told_what_they_may_have_meant() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let mistyped: &[(&[&str], &str)] = &[
        (
            &["lst"],
            "kanban: unrecognized subcommand 'lst'; did you mean 'ls' or 'list'?; see `kanban --help`\n",
        ),
        (
            &["list", "--stauts", "ready"],
            "kanban: unexpected argument '--stauts' found; did you mean '--status'?; see `kanban list --help`\n",
        ),
        (
            &["list", "--status", "redy"],
            "did you mean 'ready'?; see `kanban list --help`\n",
        ),
        (
            &["list", "--status", "foo"],
            "blocked, done, archived]; see `kanban list --help`\n",
        ),
        (
            &["nosuch"],
            "kanban: unrecognized subcommand 'nosuch'; see `kanban --help`\n",
        ),
        (
            &["create", "a", "--workspace", "dir:"],
            ": a path is missing after `dir:`; see `kanban create --help`\n",
        ),
        (
            &["create"],
            "kanban: the following required arguments were not provided: <TITLE>; see `kanban create --help`\n",
        ),
    ];
    for (words, complaint) in mistyped {
        let said = board.kanban(words).await?;
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{words:?}");
        assert!(said.err.ends_with(complaint), "{words:?}: {}", said.err);
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    }
    Ok(())
}

#[tokio::test]
async fn an_id_that_was_cut_off_is_recognised() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let cut = id.as_str().get(..8).unwrap_or_default();
    let said = board.kanban(&["show", cut]).await?;
    assert_eq!(said.code, Some(1));
    assert_eq!(
        said.err,
        format!("kanban: no such task: {cut}; did you mean {id}?\n")
    );
    Ok(())
}
