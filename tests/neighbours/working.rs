//! Workers of hermes-agent in lanes.

use std::path::Path;

use anyhow::ensure;
use domain::id::TaskId;
use serde_json::{Value, json};

use super::{File, Hermes, assert_in_step, board, combinations, is_thorough};
use crate::harness::{Board, text};

/// Lets the lane `theirs` start workers of this version.
fn configure(board: &Board, hermes: &Hermes) -> anyhow::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("neighbours/worker.py");
    let command = json!([hermes.python(), script]);
    let env = json!(board.home());
    board.configure(&format!(
        "[lanes.theirs]\ncommand = {command}\nenv = {{ HERMES_HOME = {env} }}\n"
    ))
}

/// A task whose worker makes these calls.
async fn task(board: &Board, title: &str, calls: &Value) -> anyhow::Result<TaskId> {
    let flags = ["--assignee", "theirs", "--body", &calls.to_string()];
    board.create(title, &flags).await
}

/// The value at `pointer`; null where nothing is.
fn at(json: &Value, pointer: &str) -> Value {
    json.pointer(pointer).cloned().unwrap_or_default()
}

/// Waits for the end of the only attempt at a task, and gives the task.
async fn after_one_attempt(board: &Board, task: &TaskId, kind: &str) -> anyhow::Result<Value> {
    board.happened(task, kind).await?;
    let found = board.task(task).await?;
    let (_, runs) = board.get(&format!("/tasks/{task}/runs")).await?;
    let log = board.kanban(&["log", task.as_str()]).await?.out;
    ensure!(
        at(&runs, "/runs").as_array().map(Vec::len) == Some(1),
        "{runs}\n{log}"
    );
    Ok(found)
}

/// The calls of a worker that reports by tools, and by the command line.
fn ways() -> Vec<[Value; 2]> {
    let by_tools = [
        json!([
            ["kanban_heartbeat", { "note": "on it" }],
            ["kanban_comment", { "task_id": "SELF", "body": "looks fine" }],
            ["kanban_create", { "title": "next", "assignee": "nobody", "parents": ["SELF"] }],
            ["kanban_create", { "title": "after that", "assignee": "nobody" }],
            ["kanban_link", { "parent_id": "SELF", "child_id": "MADE" }],
            ["kanban_create", { "title": "apart", "assignee": "nobody" }],
            ["kanban_complete", { "summary": "all of it", "metadata": { "files": 3 },
                "created_cards": ["MADE"] }],
        ]),
        json!([["kanban_block", { "reason": "which region?" }]]),
    ];
    let by_command = [
        json!([
            ["hermes", ["show", "SELF"]],
            ["hermes", ["context", "SELF"]],
            ["hermes", ["heartbeat", "SELF"]],
            ["hermes", ["comment", "SELF", "looks fine"]],
            [
                "hermes",
                [
                    "create",
                    "next",
                    "--assignee",
                    "nobody",
                    "--parent",
                    "SELF",
                    "--json"
                ]
            ],
            [
                "hermes",
                ["create", "after that", "--assignee", "nobody", "--json"]
            ],
            ["hermes", ["link", "SELF", "MADE"]],
            [
                "hermes",
                [
                    "complete",
                    "SELF",
                    "--summary",
                    "all of it",
                    "--metadata",
                    "{\"files\": 3}"
                ]
            ],
        ]),
        json!([["hermes", ["block", "SELF", "which region?"]]]),
    ];
    if is_thorough() {
        vec![by_tools, by_command]
    } else {
        vec![by_tools]
    }
}

#[tokio::test]
async fn workers_of_hermes_report_by_tools_and_by_their_command_line() -> anyhow::Result<()> {
    for (version, file) in combinations() {
        let hermes = Hermes::version(version)?;
        for [completes, blocks] in ways() {
            works(&hermes, file, &completes, &blocks).await?;
        }
    }
    Ok(())
}

async fn works(
    hermes: &Hermes,
    file: File,
    completes: &Value,
    blocks: &Value,
) -> anyhow::Result<()> {
    let mut board = board(hermes, file).await?;
    configure(&board, hermes)?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    board.kanban(&["resume"]).await?;

    let first = task(&board, "completes", completes).await?;
    let done = after_one_attempt(&board, &first, "completed").await?;
    assert_eq!(at(&done, "/task/status"), "done");
    assert_eq!(
        at(&done, "/task/result"),
        "all of it",
        "handed over as a summary"
    );
    assert_eq!(at(&done, "/comments/0/body"), "looks fine");
    let (_, runs) = board.get(&format!("/tasks/{first}/runs")).await?;
    assert_eq!(at(&runs, "/runs/0/outcome"), "completed");
    assert_eq!(at(&runs, "/runs/0/metadata"), json!({ "files": 3 }));
    let children = at(&done, "/links/children").as_array().cloned();
    let children = children.unwrap_or_default();
    assert_eq!(children.len(), 2, "{done}");
    for child in children {
        let child: TaskId = text(&child, "")?.parse()?;
        assert_eq!(at(&board.task(&child).await?, "/task/status"), "ready");
        let context = board.kanban(&["context", child.as_str()]).await?.out;
        assert!(context.contains("all of it"), "{context}");
    }

    let second = task(&board, "asks", blocks).await?;
    let asked = after_one_attempt(&board, &second, "blocked").await?;
    assert_eq!(at(&asked, "/task/status"), "blocked");
    let inbox = board.kanban(&["inbox"]).await?.out;
    assert!(inbox.contains("which region?"), "{inbox}");

    // Answered, it goes on; what it does now is the second attempt.
    board
        .kanban(&["comment", second.as_str(), "the northern one"])
        .await?;
    let again = json!([["kanban_complete", { "summary": "of the north" }]]);
    board
        .kanban(&["edit", second.as_str(), "--body", &again.to_string()])
        .await?;
    board.kanban(&["unblock", second.as_str()]).await?;
    board.happened(&second, "completed").await?;
    assert_eq!(
        at(&board.task(&second).await?, "/task/result"),
        "of the north"
    );
    assert_in_step(&board)?;
    let said = hermes.kanban(&board, &["runs", second.as_str()]).await?;
    assert!(said.out.contains("of the north"), "{said:?}");
    assert!(said.out.contains("blocked"), "{said:?}");
    Ok(())
}
