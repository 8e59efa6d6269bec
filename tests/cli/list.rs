//! `kanban list`.

use serde_json::json;

use crate::harness::{Board, text};

#[tokio::test]
async fn a_list_can_be_narrowed() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let mine = board.create("mine", &["--assignee", "user"]).await?;
    let acme = board
        .create("acme", &["--tenant", "acme", "--priority", "3"])
        .await?;
    let gone = board.create("gone", &[]).await?;
    board.kanban(&["archive", gone.as_str()]).await?;
    for (flags, expected) in [
        (&[][..], vec![&acme, &mine]),
        (&["--mine"], vec![&mine]),
        (&["--mine", "--assignee", "nobody"], vec![]),
        (&["--mine", "--status", "ready"], vec![&mine]),
        (&["--tenant", "acme"], vec![&acme]),
        (&["--status", "blocked"], vec![]),
        (&["--status", "archived"], vec![&gone]),
        (&["--archived"], vec![&acme, &mine, &gone]),
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
        (said.code, said.out.as_str(), said.err.as_str()),
        (Some(0), "", "(no matching tasks)\n")
    );
    Ok(())
}

#[tokio::test]
async fn a_line_has_mark_id_status_assignee_tenant_and_title() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let a = board.create("a", &["--tenant", "acme"]).await?;
    let b = board
        .create("b\u{1b}[2J", &["--assignee", "ops", "--triage"])
        .await?;
    let said = board.kanban(&["ls"]).await?;
    let lines = format!(
        "▶ {a}  ready     (unassigned)          [acme] a\n? {b}  triage    ops                   b\n"
    );
    assert_eq!(said.out, lines);
    Ok(())
}

#[tokio::test]
async fn the_server_sees_at_once_what_the_command_line_wrote() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let mut socket = board.socket("since=0").await?;
    let task = board.create("a", &[]).await?;
    let event = socket
        .event("created", |event| event.kind == "created")
        .await?;
    assert_eq!(event.task_id, task);
    let (_, listed) = board.get("/board").await?;
    let listed = listed.to_string();
    assert!(listed.contains(task.as_str()), "{listed}");
    let body = json!({ "title": "by the server" });
    let (_, made) = board.post("/tasks", &body).await?;
    let said = board.kanban(&["list"]).await?;
    assert!(said.out.contains(text(&made, "/task/id")?), "{}", said.out);
    Ok(())
}
