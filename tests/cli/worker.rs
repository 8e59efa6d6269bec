//! The worker's side: a shell script that knows nothing but the command line.

use std::fs;

use domain::id::TaskId;
use serde_json::Value;

use crate::harness::{Board, program, said, text};

/// A lane whose workers are scripts that report by themselves.
fn lane(script: &std::path::Path) -> String {
    format!(
        "[lanes.agent]\ncommand = [\"sh\", \"{}\", \"{{task_id}}\"]\n",
        script.display()
    )
}

async fn board_with_worker(script: &str) -> anyhow::Result<Board> {
    let mut board = Board::without_server()?;
    fs::create_dir_all(board.home())?;
    let path = board.home().join("worker.sh");
    let program = program::path()?.display();
    fs::write(
        &path,
        format!("set -eu\nkanban() {{ '{program}' \"$@\"; }}\n{script}"),
    )?;
    board.configure(&lane(&path))?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    Ok(board)
}

async fn shown(board: &Board, id: &TaskId) -> anyhow::Result<Value> {
    board.kanban(&["show", id.as_str(), "--json"]).await?.json()
}

#[tokio::test]
async fn a_worker_needs_nothing_but_the_command_line() -> anyhow::Result<()> {
    let board = board_with_worker(
        "
        kanban context > context.txt
        grep -q 'the whole story' context.txt
        kanban show --json > before.json
        kanban heartbeat
        kanban comment half way
        kanban create 'and then' --assignee nobody --parent \"$KANBAN_TASK\"
        kanban complete --result 'wrote context.txt' --metadata '{\"lines\": 3}'
        ",
    )
    .await?;
    let flags = ["--assignee", "agent", "--body", "the whole story"];
    let id = board.create("work", &flags).await?;
    board.happened(&id, "completed").await?;
    let shown = shown(&board, &id).await?;
    assert_eq!(shown["task"]["status"], "done");
    assert_eq!(shown["task"]["result"], "wrote context.txt");
    assert_eq!(shown["comments"][0]["body"], "half way");
    assert_eq!(shown["comments"][0]["author"], "agent");
    let child: TaskId = text(&shown, "/children/0")?.parse()?;
    let child = board
        .kanban(&["show", child.as_str(), "--json"])
        .await?
        .json()?;
    assert_eq!(child["task"]["title"], "and then");
    assert_eq!(child["task"]["created_by"], "agent");
    assert_eq!(child["task"]["status"], "ready");
    let runs = board
        .kanban(&["runs", id.as_str(), "--json"])
        .await?
        .json()?;
    assert_eq!(runs[0]["metadata"]["lines"], 3);
    assert_eq!(runs[0]["outcome"], "completed");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_does_not_know_on_asks_and_is_answered() -> anyhow::Result<()> {
    let board = board_with_worker(
        "
        if kanban context | grep -q Lisbon; then
            kanban complete --result 'to Lisbon'
        else
            kanban block which city?
        fi
        ",
    )
    .await?;
    let id = board.create("travel", &["--assignee", "agent"]).await?;
    board.happened(&id, "blocked").await?;
    let asked = shown(&board, &id).await?;
    assert_eq!(asked["why"]["text"], "which city?");
    board.kanban(&["comment", id.as_str(), "Lisbon"]).await?;
    board.kanban(&["unblock", id.as_str()]).await?;
    board.happened(&id, "completed").await?;
    assert_eq!(shown(&board, &id).await?["task"]["result"], "to Lisbon");
    Ok(())
}

#[tokio::test]
async fn a_worker_changes_its_own_task_and_nothing_else() -> anyhow::Result<()> {
    let board = board_with_worker(
        "
        refused() { if kanban \"$@\" 2>> refusals.txt; then echo \"$*\" >> allowed.txt; fi; }
        other=$(kanban list --tenant other --json | grep -o 't_[0-9a-f]*' | head -1)
        own=$KANBAN_TASK
        refused complete \"$other\"
        refused block \"$other\" why
        refused heartbeat \"$other\"
        refused claim \"$other\"
        refused edit \"$own\" --title mine
        refused assign \"$own\" somebody
        refused assign \"$other\" shell
        refused create free --assignee shell --body 'touch /tmp/free'
        refused move \"$own\" ready
        refused archive \"$other\"
        refused unblock \"$own\"
        refused promote \"$other\"
        refused link \"$other\" \"$own\"
        refused unlink \"$other\" \"$own\"
        refused cancel \"$other\"
        refused pause
        refused resume
        refused undo 1
        refused gc
        refused sample
        refused notify-subscribe \"$own\" --platform x --chat-id y
        refused export
        refused token show
        refused dispatch
        refused slash \"complete $other\"
        echo '{\"title\": \"x\"}' | refused import -
        kanban comment \"$other\" hello
        kanban complete --result \"$(cat allowed.txt 2>&1 || true)\"
        ",
    )
    .await?;
    let other = board.create("another", &["--tenant", "other"]).await?;
    let id = board.create("mine", &["--assignee", "agent"]).await?;
    board.happened(&id, "completed").await?;
    let done = shown(&board, &id).await?;
    let workspace = board.home().join("kanban/workspaces").join(id.as_str());
    let allowed = fs::read_to_string(workspace.join("allowed.txt")).unwrap_or_default();
    assert_eq!(allowed, "", "{done}");
    let refusals = fs::read_to_string(workspace.join("refusals.txt"))?;
    assert_eq!(refusals.lines().count(), 26, "{refusals}");
    let another = shown(&board, &other).await?;
    assert_eq!(another["task"]["status"], "ready");
    assert_eq!(
        another["comments"][0]["body"], "hello",
        "it may say something"
    );
    assert_eq!(
        board
            .kanban(&["list", "--json"])
            .await?
            .json()?
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    Ok(())
}

#[tokio::test]
async fn an_id_that_was_mistyped_is_not_taken_for_text() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    for verb in ["comment", "block"] {
        let mut command = board.command(verb)?;
        command.args(["t_zz", "no"]).env("KANBAN_TASK", id.as_str());
        let told = said(&mut command).await?;
        let complaint = "kanban: no such task: t_zz\n";
        assert_eq!((told.code, told.err.as_str()), (Some(1), complaint));
    }
    let shown = shown(&board, &id).await?;
    assert_eq!(shown["comments"], serde_json::json!([]));
    Ok(())
}

#[tokio::test]
async fn the_names_of_the_original_do_as_well() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let mut context = board.command("context")?;
    context.env("HERMES_KANBAN_TASK", id.as_str());
    let told = said(&mut context).await?;
    assert!(
        told.out.starts_with(&format!("# Kanban task {id}: a\n")),
        "{told:?}"
    );
    Ok(())
}
