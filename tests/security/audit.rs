//! The audit log of acts that may start a program.

use kernel::Kernel;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Board, answer, text};
use crate::login::{logged_in, proof};

#[tokio::test]
async fn whatever_door_starts_work_it_is_written_down_who_did_and_from_where() -> anyhow::Result<()>
{
    let board = Board::shown().await?;
    let cookie = logged_in(&board).await?;
    let own = format!("http://{}", board.address()?);
    let by_page = |function: &str| {
        let request = board.stranger(Method::POST, &format!("/fn/{function}"))?;
        let request = request.header("cookie", &cookie).header("origin", &own);
        let request = request.header("x-kanban-proof", proof(board.token()?, &cookie)?);
        anyhow::Ok(request.header("accept", "application/json"))
    };
    let form = [
        ("form[title]", "by page"),
        ("form[body]", ""),
        ("form[assignee]", "ops"),
        ("form[tenant]", ""),
        ("form[priority]", "0"),
        ("form[parents]", ""),
        ("form[triage]", "false"),
    ];
    let created = answer(by_page("create_task")?.form(&form)).await?;
    assert_eq!(created.0, 200, "{}", created.1);
    let task = board.create("by hand", &["--assignee", "ops"]).await?;
    let change = json!({ "changes": [[task, { "assign": "ada" }]] });
    let assigned = answer(by_page("bulk")?.json(&change)).await?;
    let event = assigned.1[0]["Ok"]["event"].clone();
    let undo = json!({ "request": { "undo": { "events": [event] } } });
    assert_eq!(answer(by_page("ask")?.json(&undo)).await?.0, 200);
    let new = json!({ "title": "by program", "assignee": "ops" });
    let (_, created) = board.post("/tasks", &new).await?;
    text(&created, "/task/id")?;

    let kernel = Kernel::open(&board.home().join("kanban.db"))?;
    let mut acts = kernel.audit(10).await?;
    acts.reverse();
    let acts: Vec<_> = acts
        .iter()
        .map(|act| {
            (
                act.action.as_str(),
                act.actor.as_str(),
                act.origin.as_deref(),
            )
        })
        .collect();
    let here = Some("127.0.0.1");
    let (_, by_hand, from) = acts[1];
    assert_eq!((by_hand, from), ("user", None));
    assert_eq!(
        [acts[0], acts[2], acts[3], acts[4]],
        [
            ("create", "dashboard", here),
            ("assign", "dashboard", here),
            ("undo", "dashboard", here),
            ("create", "dashboard", here),
        ]
    );
    Ok(())
}
