//! The command line, as people and scripts use it.

use serde_json::{Value, json};

use crate::harness::{Board, text};

fn keys(json: &Value) -> Vec<&str> {
    json.as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

#[tokio::test]
async fn a_task_goes_from_creation_to_done_without_a_server() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let said = board
        .kanban(&["create", "write it", "--assignee", "ops"])
        .await?;
    let id = said
        .out
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    assert_eq!(said.out, format!("Created {id}  (ready, assignee=ops)\n"));
    let said = board.kanban(&["claim", &id]).await?;
    let workspace = board.home().join("kanban/workspaces").join(&id);
    assert_eq!(
        said.out,
        format!("Claimed {id}\nWorkspace: {}\n", workspace.display())
    );
    let said = board.kanban(&["comment", &id, "half", "way"]).await?;
    assert_eq!(said.out, format!("Comment added to {id}\n"));
    let said = board
        .kanban(&["complete", &id, "--result", "written"])
        .await?;
    assert_eq!(said.out, format!("Completed {id}\n"));
    let said = board.kanban(&["list", "--status", "done"]).await?;
    assert_eq!(
        said.out,
        format!("✓ {id}  done      ops                   write it\n")
    );
    let said = board.kanban(&["show", &id]).await?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    for part in [
        "status:    done for",
        "\nResult:\nwritten\n",
        "user: half way",
        "completed: ",
    ] {
        assert!(said.out.contains(part), "{part} in {}", said.out);
    }
    Ok(())
}

#[tokio::test]
async fn programs_read_the_keys_that_they_know() -> anyhow::Result<()> {
    let task_keys = [
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
    assert!(
        said.out.starts_with("{\n  \"id\": \"t_") && said.out.contains("\"ünd\""),
        "{}",
        said.out
    );
    let task = said.json()?;
    assert_eq!(keys(&task), task_keys);
    assert_eq!(
        (&task["created_by"], &task["priority"]),
        (&json!("user"), &json!(-2))
    );
    assert_eq!(
        (&task["workspace_kind"], &task["workspace_path"]),
        (&json!("dir"), &json!("/srv"))
    );
    assert_eq!(
        board.kanban(&["ls", "--json"]).await?.json()?,
        json!([task])
    );
    let shown = board
        .kanban(&["show", text(&task, "/id")?, "--json"])
        .await?
        .json()?;
    assert_eq!(
        keys(&shown),
        ["task", "parents", "children", "comments", "events"]
    );
    assert_eq!(keys(&shown["events"][0]), ["kind", "payload", "created_at"]);
    Ok(())
}

#[tokio::test]
async fn a_list_can_be_narrowed() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let mine = board.create("mine", &["--assignee", "user"]).await?;
    let acme = board
        .create("acme", &["--tenant", "acme", "--priority", "3"])
        .await?;
    for (flags, expected) in [
        (&[][..], vec![&acme, &mine]),
        (&["--mine"], vec![&mine]),
        (&["--mine", "--assignee", "nobody"], vec![]),
        (&["--tenant", "acme"], vec![&acme]),
        (&["--status", "blocked"], vec![]),
    ] {
        let listed = board
            .kanban(&[&["list", "--json"], flags].concat())
            .await?
            .json()?;
        let ids: Vec<_> = listed
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| &it["id"])
            .collect();
        assert_eq!(json!(ids), json!(expected), "{flags:?}");
    }
    let said = board.kanban(&["list", "--tenant", "nobody"]).await?;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "(no matching tasks)\n")
    );
    Ok(())
}

#[tokio::test]
async fn what_was_refused_is_said_in_one_line_and_changes_nothing() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let done = board.create("done", &[]).await?;
    board.kanban(&["complete", done.as_str()]).await?;
    let id = done.as_str();
    let refused: &[(&[&str], &str)] = &[
        (&["create", "  "], "kanban: title is required"),
        (
            &["create", "a", "--parent", "t_00"],
            "kanban: unknown parent task(s): t_00",
        ),
        (&["show", "t_00"], "kanban: no such task: t_00"),
        (&["show", "../../x"], "kanban: no such task: ../../x"),
        (&["context", "t_00"], "kanban: task t_00 not found"),
        (&["comment", id, " "], "kanban: body is required"),
        (
            &["complete", "t_00"],
            "cannot complete t_00 (task t_00 not found)",
        ),
        (
            &["promote", "t_00"],
            "cannot promote t_00 (task t_00 not found)",
        ),
        (&["open"], "kanban: no server of"),
    ];
    for (words, complaint) in refused {
        let said = board.kanban(words).await?;
        assert_eq!(
            (said.code, said.out.as_str()),
            (Some(1), ""),
            "{words:?}: {said:?}"
        );
        assert!(said.err.starts_with(complaint), "{words:?}: {}", said.err);
        assert_eq!(said.err.lines().count(), 1, "{words:?}: {}", said.err);
    }
    for verb in ["complete", "block", "claim"] {
        let said = board.kanban(&[verb, id]).await?;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
        assert!(
            said.err.contains(&format!("cannot {verb} {id}")),
            "{}",
            said.err
        );
    }
    assert_eq!(
        board
            .kanban(&["list", "--json"])
            .await?
            .json()?
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    Ok(())
}

#[tokio::test]
async fn one_refusal_among_several_tasks_stops_none_of_the_others() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let (a, b) = (board.create("a", &[]).await?, board.create("b", &[]).await?);
    let said = board
        .kanban(&["complete", a.as_str(), "nonsense", b.as_str()])
        .await?;
    assert_eq!(said.code, Some(1));
    assert_eq!(said.out, format!("Completed {a}\nCompleted {b}\n"));
    assert_eq!(
        said.err,
        "cannot complete nonsense (no such task: nonsense)\n"
    );
    Ok(())
}

#[tokio::test]
async fn a_command_line_without_sense_exits_with_2() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let senseless: &[&[&str]] = &[
        &["nonsense"],
        &["create"],
        &["create", "a", "--workspace", "dir:"],
        &["create", "a", "--priority", "high"],
        &["list", "--status", "nowhere"],
        &["claim", "t_00", "--ttl", "0"],
        &["block"],
    ];
    for words in senseless {
        let said = board.kanban(words).await?;
        assert_eq!(
            (said.code, said.out.as_str()),
            (Some(2), ""),
            "{words:?}: {said:?}"
        );
    }
    let said = board.kanban(&["--help"]).await?;
    assert_eq!(said.code, Some(0));
    assert!(
        said.out.contains("serve") && !said.out.contains("shim"),
        "{}",
        said.out
    );
    Ok(())
}

#[tokio::test]
async fn a_blocked_task_waits_for_a_person() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let (a, b) = (board.create("a", &[]).await?, board.create("b", &[]).await?);
    let said = board
        .kanban(&["block", a.as_str(), "which", "city?", "--ids", b.as_str()])
        .await?;
    assert_eq!(
        said.out,
        format!("Blocked {a}: which city?\nBlocked {b}: which city?\n")
    );
    let shown = board
        .kanban(&["show", b.as_str(), "--json"])
        .await?
        .json()?;
    assert_eq!(shown["task"]["status"], "blocked");
    assert_eq!(shown["comments"][0]["body"], "BLOCKED: which city?");
    let said = board.kanban(&["unblock", a.as_str()]).await?;
    assert_eq!(said.out, format!("Unblocked {a}\n"));
    let said = board.kanban(&["unblock", a.as_str()]).await?;
    assert_eq!(said.code, Some(1));
    Ok(())
}

#[tokio::test]
async fn a_task_becomes_ready_when_its_parent_is_done_or_a_person_says_so() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let parent = board.create("parent", &[]).await?;
    let child = board
        .create("child", &["--parent", parent.as_str()])
        .await?;
    let idea = board.create("idea", &["--triage"]).await?;
    let said = board.kanban(&["promote"]).await?;
    assert_eq!(said.out, "Promoted: 0\n");
    let said = board
        .kanban(&["promote", idea.as_str(), child.as_str()])
        .await?;
    assert_eq!(said.out, format!("Promoted {idea}\n"));
    assert!(
        said.err.contains(parent.as_str()),
        "it says what it waits for: {}",
        said.err
    );
    board
        .kanban(&["complete", parent.as_str(), "--result", "seven"])
        .await?;
    let ready = board
        .kanban(&["list", "--status", "ready", "--json"])
        .await?
        .json()?;
    assert_eq!(ready.as_array().map(Vec::len), Some(2));
    let context = board.kanban(&["context", child.as_str()]).await?.out;
    assert!(
        context.starts_with(&format!("# Kanban task {child}: child\n")),
        "{context}"
    );
    assert!(
        context.ends_with(&format!("## Parent task results\n### {parent}\nseven\n")),
        "{context}"
    );
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
async fn a_profile_signs_what_it_says() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let task = board.create("a", &[]).await?;
    let mut comment = board.command("comment")?;
    comment
        .args([task.as_str(), "x"])
        .env("HERMES_PROFILE", "ops")
        .output()
        .await?;
    board
        .kanban(&["comment", task.as_str(), "y", "--author", "lee"])
        .await?;
    let shown = board
        .kanban(&["show", task.as_str(), "--json"])
        .await?
        .json()?;
    let authors = [
        &shown["comments"][0]["author"],
        &shown["comments"][1]["author"],
    ];
    assert_eq!(authors, ["ops", "lee"]);
    Ok(())
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_error() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for _ in 0..3 {
        board.create("a", &[]).await?;
    }
    // Nobody reads: the pipe is closed before the command writes.
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let output = board.command("list")?.stdout(writer).output().await?;
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
    Ok(())
}

#[tokio::test]
async fn a_fresh_link_opens_the_running_server() -> anyhow::Result<()> {
    let mut board = Board::shown().await?;
    let said = board.kanban(&["open"]).await?;
    let link = said.out.trim().to_owned();
    assert_ne!(link, board.launch_link()?);
    let (_, path) = link.split_once(board.address()?).unwrap_or_default();
    let opened = board.stranger(reqwest::Method::GET, path)?.send().await?;
    assert_eq!(opened.status(), 303);
    board.kill().await?;
    let said = board.kanban(&["open"]).await?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    Ok(())
}

#[tokio::test]
async fn the_sample_fills_an_empty_board_only() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let said = board.kanban(&["sample"]).await?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    assert!(
        tasks.as_array().is_some_and(|tasks| tasks.len() >= 8),
        "{tasks}"
    );
    let said = board.kanban(&["sample"]).await?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    Ok(())
}
