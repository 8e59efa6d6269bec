//! A task that is brought back while its workspace is about to be removed.

use std::fs::{self, File};
use std::process::Stdio;

use tokio::process::Command;

use super::{NOW, archived, done, gc, workspace};
use crate::harness::{Board, Gate, there, within};

/// Waits until a process waits for the lock of a file.
async fn waits_for_lock(pid: u32) -> anyhow::Result<()> {
    let mut waits = Command::new("sh");
    let looks = "until ls -l /proc/$0/fd | grep -q workspaces.lock; do sleep 0.05; done";
    let waits = waits
        .args(["-c", looks, &pid.to_string()])
        .kill_on_drop(true);
    within("a process at the lock", waits.status()).await??;
    Ok(())
}

#[tokio::test]
async fn a_task_that_is_brought_back_meanwhile_keeps_its_folder() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let gate = Gate::of(&board).await?;
    let (pipe, again) = (gate.path().display(), gate.script());
    let body = format!(
        "[ -e report ] || {{ echo mine > report; exit; }}; echo here > '{pipe}'; {again}; touch again"
    );
    let task = archived(&board, &body, &[]).await?;
    let lock = board.home().join("kanban/workspaces.lock");
    let lock = File::options().create(true).append(true).open(lock)?;
    lock.lock_shared()?;
    let mut collecting = board.command("gc")?;
    let collecting = collecting.args(NOW).stdout(Stdio::piped()).spawn()?;
    // It has read by now which folders may go.
    waits_for_lock(collecting.id().unwrap_or_default()).await?;
    let moved = board.kanban(&["move", task.as_str(), "ready"]).await?;
    assert_eq!(moved.code, Some(0), "{moved:?}");
    assert_eq!(gate.heard().await?, "here\n");
    lock.unlock()?;
    let collected = within("gc", collecting.wait_with_output()).await??;
    let said = String::from_utf8(collected.stdout)?;
    assert!(
        said.contains("0 workspace(s)") && said.contains("0 log file(s)"),
        "{said}"
    );
    assert!(workspace(&board, &task).join("report").exists());
    gate.open("on").await?;
    there(&workspace(&board, &task).join("again")).await
}

#[tokio::test]
async fn a_folder_that_was_half_removed_is_removed_by_the_next() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let task = done(&board, "echo mine > draft", &[]).await?;
    let workspaces = board.home().join("kanban/workspaces");
    let half = workspaces.join(".removing-t_1-7");
    fs::create_dir_all(half.join("deep"))?;
    gc(&board, &NOW).await?;
    assert!(!half.exists());
    assert!(workspace(&board, &task).join("draft").exists());
    Ok(())
}
