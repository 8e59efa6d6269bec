//! Lines from a chat.

use super::golden::verbs;
use crate::harness::{Board, text};

async fn answer(board: &Board, line: &str) -> anyhow::Result<String> {
    let said = board.kanban(&["slash", line]).await?;
    assert_eq!(
        (said.code, said.err.as_str()),
        (Some(0), ""),
        "{line}: {said:?}"
    );
    assert!(!said.out.trim().is_empty(), "{line} has no answer");
    assert!(
        said.out.chars().count() <= 3_801,
        "the answer to {line} is too long"
    );
    Ok(said.out)
}

#[tokio::test]
async fn a_line_from_a_chat_does_what_the_command_line_does() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let said = answer(&board, "/kanban create \"mend the door\" --assignee ops").await?;
    assert!(said.starts_with("Created t_"), "{said}");
    assert!(
        said.contains("(triage, assignee=ops)\n(no lane starts"),
        "{said}"
    );
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    assert_eq!(text(&tasks, "/0/title")?, "mend the door");
    let id = board.create("paint the door", &[]).await?;
    let said = answer(&board, &format!("kanban block {id} which door?")).await?;
    assert_eq!(said, format!("Blocked {id}: which door?\n"));
    let said = answer(&board, &format!("kanban unblock {id} t_00")).await?;
    let complaint = "cannot unblock t_00 (task t_00 not found)";
    assert_eq!(
        said,
        format!("Unblocked {id}\n{complaint}\n"),
        "what went wrong comes last"
    );
    Ok(())
}

#[tokio::test]
async fn a_line_from_a_chat_cannot_run_what_it_says() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &["--assignee", "shell"]).await?;
    for line in [
        "create pwn --assignee shell --body id".to_owned(),
        format!("edit {id} --body id"),
        format!("assign {id} shell"),
        format!("move {id} ready"),
        format!("promote {id}"),
        "undo 1".to_owned(),
    ] {
        let said = answer(&board, &line).await?;
        assert!(said.contains("chat"), "{line}: {said}");
    }
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    assert_eq!(
        (tasks.as_array().map(Vec::len), &tasks[0]["body"]),
        (Some(1), &serde_json::Value::Null)
    );
    Ok(())
}

#[tokio::test]
async fn every_verb_answers_a_chat() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let verbs = verbs(&board).await?;
    assert!(verbs.len() > 40, "{verbs:?}");
    for verb in &verbs {
        for line in [
            format!("/kanban {verb}"),
            format!("/kanban {verb} {id}"),
            format!("/kanban {verb} {id} t_00"),
            format!("/kanban {verb} --json"),
            format!("/kanban {verb} --help"),
            format!("/kanban {verb} --nonsense"),
        ] {
            answer(&board, &line).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_verb_that_would_not_end_or_is_about_the_machine_says_so() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let tail = format!("tail {id}");
    for line in [
        "watch",
        "daemon",
        "serve",
        &tail,
        "open",
        "token show",
        "doctor",
        "slash x",
        "restore x",
        "completions bash",
        "dispatch",
    ] {
        let said = answer(&board, line).await?;
        assert!(said.contains("only in a terminal"), "{line}: {said}");
    }
    let passwords = [
        "create x --body-file /etc/passwd",
        "create x --body -",
        &format!("edit {id} --body-file /etc/passwd"),
        "import /etc/passwd",
        "export",
        "backup /tmp/copy.db",
        "init",
        "gc",
    ];
    for line in passwords {
        let said = answer(&board, line).await?;
        assert!(said.contains("chat"), "{line}: {said}");
    }
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    assert_eq!(tasks.as_array().map(Vec::len), Some(1), "nothing was made");
    Ok(())
}

#[tokio::test]
async fn nonsense_is_answered_in_a_sentence() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for (line, part) in [
        ("/kanban create \"x", "(usage error: a quotation mark"),
        ("/kanban create x\\", "(usage error: a quotation mark"),
        ("/kanban fly", "(usage error: unrecognized subcommand 'fly'"),
        (
            "/kanbanlist",
            "(usage error: unrecognized subcommand '/kanbanlist'",
        ),
        (
            "/kanban --home /tmp list",
            "(usage error: this chat belongs to one board",
        ),
        (
            "/kanban list --home=/tmp",
            "(usage error: this chat belongs to one board",
        ),
        (
            "/kanban list --status nowhere",
            "(usage error: invalid value 'nowhere'",
        ),
        ("/kanban", "Usage: kanban"),
        ("", "Usage: kanban"),
        ("/kanban --help", "Usage: kanban"),
        ("/kanban --version", "kanban "),
        ("/kanban create --help", "Usage: kanban create"),
        ("/kanban list", "(no matching tasks)"),
        ("/kanban export --output", "(usage error: "),
    ] {
        let said = answer(&board, line).await?;
        assert!(said.contains(part), "{line}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn help_is_the_same_however_it_is_asked_for() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let said = answer(&board, "/kanban").await?;
    assert_eq!(answer(&board, "/kanban --help").await?, said);
    assert!(said.contains("Notifications:"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_long_answer_is_cut_with_a_note() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let lines: Vec<_> = (0..100)
        .map(|at| format!("{{\"title\": \"täsk {at}\"}}"))
        .collect();
    let lines = lines.join("\n");
    board
        .kanban_reading(&["import", "-"], lines.as_bytes())
        .await?;
    let said = answer(&board, "/kanban list").await?;
    assert_eq!(said.trim_end().chars().count(), 3_800);
    assert!(
        said.ends_with("… (cut; the board or a terminal has the rest)\n"),
        "{said}"
    );
    Ok(())
}
