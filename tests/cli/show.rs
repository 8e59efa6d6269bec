//! `kanban show`.

use crate::harness::{Board, keys};

#[tokio::test]
async fn programs_read_the_keys_that_they_know() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let task = board.create("a", &[]).await?;
    let shown = board.kanban(&["show", task.as_str(), "--json"]).await?;
    let shown = shown.json()?;
    let expected = ["task", "parents", "children", "comments", "events", "why"];
    assert_eq!(keys(&shown), expected);
    assert_eq!(keys(&shown["events"][0]), ["kind", "payload", "created_at"]);
    Ok(())
}

#[tokio::test]
async fn people_read_what_when_and_by_whom() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let parent = board.create("parent", &[]).await?;
    let id = board
        .create(
            "write it",
            &["--body", "all of it", "--parent", parent.as_str()],
        )
        .await?;
    board.kanban(&["comment", id.as_str(), "half way"]).await?;
    let said = board.kanban(&["show", id.as_str()]).await?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    for part in [
        &format!("Task {id}: write it\n"),
        "  status:    todo for ",
        "  assignee:  (unassigned)\n",
        "  created:   ",
        "s ago (20",
        ") by user\n",
        &format!("  parents:   {parent} parent\n"),
        "\nBody:\nall of it\n",
        "\nComments (1):\n  [",
        "s ago] user: half way\n",
        "\nEvents (2):\n",
    ] {
        assert!(said.out.contains(part), "{part} in {}", said.out);
    }
    Ok(())
}

#[tokio::test]
async fn a_name_and_its_value_are_two_words() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    board.write_past_us("UPDATE tasks SET last_spawn_error = 'exited', not_before = 9999999999")?;
    let said = board.kanban(&["show", id.as_str()]).await?;
    assert!(
        said.out.contains("\n  last error: exited\n"),
        "{}",
        said.out
    );
    assert!(said.out.contains("\n  rests until: in "), "{}", said.out);
    Ok(())
}
