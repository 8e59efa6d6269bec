//! `kanban create`.

use serde_json::json;

use crate::harness::{Board, keys};

const TASK_KEYS: [&str; 14] = [
    "id",
    "title",
    "body",
    "assignee",
    "status",
    "priority",
    "tenant",
    "workspace_kind",
    "workspace_path",
    "created_by",
    "created_at",
    "started_at",
    "completed_at",
    "result",
];

#[tokio::test]
async fn a_task_has_what_its_flags_say() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let flags = [
        "--body",
        "ünd",
        "--tenant",
        "acme",
        "--priority",
        "-2",
        "--workspace",
        "dir:/srv",
    ];
    let said = board
        .kanban(&[&["create", "a", "--json"][..], &flags].concat())
        .await?;
    let begins_well = said.out.starts_with("{\n  \"id\": \"t_");
    assert!(begins_well && said.out.contains("\"ünd\""), "{}", said.out);
    let task = said.json()?;
    assert_eq!(keys(&task), TASK_KEYS);
    assert_eq!(task["created_by"], "user");
    assert_eq!(task["priority"], -2);
    assert_eq!(task["workspace_kind"], "dir");
    assert_eq!(task["workspace_path"], "/srv");
    assert_eq!(task["tenant"], "acme");
    assert_eq!(task["status"], "ready");
    Ok(())
}

#[tokio::test]
async fn a_task_waits_for_its_parents_and_an_idea_for_a_person() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let a = board.create("a", &[]).await?;
    let b = board.create("b", &[]).await?;
    let flags = ["--parent", a.as_str(), "--parent", b.as_str()];
    let words = [&["create", "c", "--assignee", "x"][..], &flags].concat();
    let said = board.kanban(&words).await?;
    assert!(said.out.ends_with("  (todo, assignee=x)\n"));
    let said = board.kanban(&["create", "d", "--triage"]).await?;
    assert!(said.out.ends_with("  (triage, assignee=-)\n"), "{said:?}");
    Ok(())
}

#[tokio::test]
async fn a_body_comes_from_an_argument_a_file_or_standard_input() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), "from a file\n")?;
    let path = file.path().to_string_lossy();
    let sources: &[(&[&str], &str)] = &[
        (&["--body", "said"], "said"),
        (&["--body", "-"], "piped\n"),
        (&["--body-file", "-"], "piped\n"),
        (&["--body-file", &path], "from a file\n"),
    ];
    for (flags, expected) in sources {
        let words = [&["create", "a", "--json"][..], flags].concat();
        let said = board.kanban_reading(&words, b"piped\n").await?;
        assert_eq!(said.json()?["body"], *expected, "{flags:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_body_of_a_megabyte_is_kept_to_the_last_letter() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let body = "ü".repeat(1 << 19);
    let words = ["create", "a", "--json", "--body", "-"];
    let said = board.kanban_reading(&words, body.as_bytes()).await?;
    assert!(said.json()?["body"] == json!(body));
    Ok(())
}

#[tokio::test]
async fn the_same_key_creates_one_task() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let first = board.create("a", &["--idempotency-key", "k"]).await?;
    let said = board
        .kanban(&["create", "b", "--idempotency-key", "k"])
        .await?;
    assert_eq!(said.out, format!("Found {first}  (ready, assignee=-)\n"));
    Ok(())
}

#[tokio::test]
async fn verbs_have_the_names_that_come_to_mind_and_help_in_either_order() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for verb in ["add", "new"] {
        let said = board.kanban(&[verb, "a"]).await?;
        assert!(said.out.starts_with("Created t_"), "{said:?}");
    }
    let task = board.create("b", &[]).await?;
    for verb in ["done", "rm"] {
        assert_eq!(board.kanban(&[verb, task.as_str()]).await?.code, Some(0));
    }
    let listed = board.kanban(&["list"]).await?.out;
    assert!(!listed.contains(task.as_str()), "{listed}");
    let said = board.kanban(&["help", "create"]).await?;
    let other = board.kanban(&["create", "--help"]).await?;
    assert_eq!((said.code, said.out), (Some(0), other.out));
    Ok(())
}

#[tokio::test]
async fn an_assignee_whom_no_lane_serves_is_told_of() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let note = "(no lane starts the tasks of clod; `kanban lanes` lists the lanes)\n";
    let said = board.kanban(&["create", "a", "--assignee", "clod"]).await?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), note), "{said:?}");
    let said = board
        .kanban(&["create", "a", "--assignee", "shell"])
        .await?;
    assert_eq!(said.err, "");
    Ok(())
}
