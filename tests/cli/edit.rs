//! `kanban edit`, `assign`, `link` and `unlink`.

use serde_json::json;

use crate::harness::Board;

#[tokio::test]
async fn what_a_task_says_is_changed_all_at_once() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &["--body", "old"]).await?;
    let words = ["edit", id.as_str(), "--title", " b ", "--priority", "-3"];
    let said = board.kanban(&words).await?;
    assert_eq!(said.out, format!("Edited {id}\n"), "{}", said.err);
    let words = ["edit", id.as_str(), "--body", "-", "--json"];
    let task = board.kanban_reading(&words, b"new").await?.json()?;
    let said = (&task["title"], &task["body"], &task["priority"]);
    assert_eq!(said, (&json!("b"), &json!("new"), &json!(-3)));
    Ok(())
}

#[tokio::test]
async fn an_edit_that_is_refused_in_part_changes_nothing() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let words = ["edit", id.as_str(), "--title", " ", "--priority", "7"];
    let said = board.kanban(&words).await?;
    assert_eq!(said.code, Some(1));
    assert_eq!(said.err, "kanban: title is required\n");
    let shown = board
        .kanban(&["show", id.as_str(), "--json"])
        .await?
        .json()?;
    assert_eq!(shown["task"]["priority"], 0);
    let said = board.kanban(&["edit", id.as_str()]).await?;
    assert_eq!((said.code, said.err.lines().count()), (Some(2), 1));
    Ok(())
}

#[tokio::test]
async fn a_task_is_given_to_somebody_or_to_nobody() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let said = board.kanban(&["assign", id.as_str(), "ops"]).await?;
    assert_eq!(said.out, format!("Assigned {id} to ops\n"));
    for nobody in ["none", "NULL", "-"] {
        board.kanban(&["assign", id.as_str(), "ops"]).await?;
        let said = board.kanban(&["assign", id.as_str(), nobody]).await?;
        assert_eq!(said.out, format!("Assigned {id} to (unassigned)\n"));
        let shown = board
            .kanban(&["show", id.as_str(), "--json"])
            .await?
            .json()?;
        assert_eq!(shown["task"]["assignee"], json!(null), "{nobody}");
    }
    Ok(())
}

#[tokio::test]
async fn a_running_task_is_reassigned_only_when_its_worker_is_stopped() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    board.kanban(&["claim", id.as_str()]).await?;
    let said = board.kanban(&["assign", id.as_str(), "ops"]).await?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("cannot reassign"), "{}", said.err);
    let said = board
        .kanban(&["assign", id.as_str(), "ops", "--stop"])
        .await?;
    assert_eq!(said.out, format!("Assigned {id} to ops\n"));
    Ok(())
}

#[tokio::test]
async fn a_link_makes_wait_and_its_end_lets_go() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let (p, c) = (board.create("p", &[]).await?, board.create("c", &[]).await?);
    let status = async || {
        let shown = board
            .kanban(&["show", c.as_str(), "--json"])
            .await?
            .json()?;
        anyhow::Ok(shown["task"]["status"].clone())
    };
    let said = board.kanban(&["link", p.as_str(), c.as_str()]).await?;
    assert_eq!(said.out, format!("Linked {p} -> {c}\n"));
    assert_eq!(status().await?, "todo");
    let said = board.kanban(&["link", c.as_str(), p.as_str()]).await?;
    assert_eq!(
        said.err,
        format!("kanban: linking {c} -> {p} would create a cycle\n")
    );
    let said = board.kanban(&["unlink", p.as_str(), c.as_str()]).await?;
    assert_eq!(said.out, format!("Unlinked {p} -> {c}\n"));
    assert_eq!(status().await?, "ready");
    let said = board.kanban(&["unlink", p.as_str(), c.as_str()]).await?;
    assert_eq!(said.code, Some(1));
    assert_eq!(said.err, format!("No such link: {p} -> {c}\n"));
    Ok(())
}
