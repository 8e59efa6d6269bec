//! The verbs that take several tasks: `complete`, `block`, `unblock`, `archive`, `promote`, `move`.

use serde_json::json;

use crate::harness::Board;

#[tokio::test]
async fn one_refusal_among_several_tasks_stops_none_of_the_others() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    for (verb, said_of_each) in [("complete", "Completed"), ("archive", "Archived")] {
        let (a, b) = (board.create("a", &[]).await?, board.create("b", &[]).await?);
        let said = board
            .kanban(&[verb, a.as_str(), "nonsense", b.as_str()])
            .await?;
        assert_eq!(said.code, Some(1));
        assert_eq!(
            said.out,
            format!("{said_of_each} {a}\n{said_of_each} {b}\n")
        );
        assert_eq!(
            said.err,
            format!("cannot {verb} nonsense (no such task: nonsense)\n")
        );
    }
    Ok(())
}

#[tokio::test]
async fn programs_get_the_tasks_that_were_changed() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let (a, b) = (board.create("a", &[]).await?, board.create("b", &[]).await?);
    let words = [
        "complete",
        a.as_str(),
        "t_00",
        b.as_str(),
        "--result",
        "x",
        "--json",
    ];
    let said = board.kanban(&words).await?;
    assert_eq!(said.code, Some(1));
    let tasks = said.json()?;
    assert_eq!((&tasks[0]["id"], &tasks[1]["id"]), (&json!(a), &json!(b)));
    for task in tasks.as_array().into_iter().flatten() {
        assert_eq!(
            (&task["status"], &task["result"]),
            (&json!("done"), &json!("x"))
        );
    }
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
    let said = board.kanban(&["unblock", a.as_str(), b.as_str()]).await?;
    assert_eq!(said.out, format!("Unblocked {a}\nUnblocked {b}\n"));
    let said = board.kanban(&["unblock", a.as_str()]).await?;
    assert_eq!(said.code, Some(1));
    let said = board.kanban(&["block", a.as_str()]).await?;
    assert_eq!(
        said.out,
        format!("Blocked {a}\n"),
        "a reason may be missing"
    );
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
    board.kanban(&["complete", parent.as_str()]).await?;
    let ready = board
        .kanban(&["list", "--status", "ready", "--json"])
        .await?
        .json()?;
    assert_eq!(ready.as_array().map(Vec::len), Some(2));
    Ok(())
}

#[tokio::test]
async fn tasks_are_moved_by_hand_to_where_nothing_else_leads() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let (a, b) = (board.create("a", &[]).await?, board.create("b", &[]).await?);
    for column in ["todo", "triage", "ready"] {
        let said = board
            .kanban(&["move", a.as_str(), column, "--ids", b.as_str()])
            .await?;
        let lines = format!("Moved {a} to {column}\nMoved {b} to {column}\n");
        assert_eq!(said.out, lines, "{}", said.err);
    }
    for column in ["running", "done", "blocked", "archived"] {
        let said = board.kanban(&["move", a.as_str(), column]).await?;
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{column}");
    }
    Ok(())
}
