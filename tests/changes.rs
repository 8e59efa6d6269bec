//! The changes of a task, through every door, on a real server.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Board, text};

pub(crate) const COMMIT: &str =
    "git add --all && git -c user.name=ada -c user.email=a@b commit -qm 'more work'";

/// Runs git as a person would in `folder`.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let mut git = Command::new("git");
    let git = git.args(["-c", "user.name=a", "-c", "user.email=a@b"]);
    let output = git.args(arguments).current_dir(folder).output()?;
    anyhow::ensure!(output.status.success(), "{arguments:?}: {output:?}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A repository with one commit, which the board knows.
pub(crate) async fn repository(board: &Board) -> anyhow::Result<PathBuf> {
    let path = board.home().with_file_name("repository");
    let listed = path.display();
    board.configure(&format!("[board]\nrepositories = [\"{listed}\"]\n"))?;
    std::fs::create_dir(&path)?;
    std::fs::write(path.join("file"), "first\n")?;
    git(&path, &["init", "--quiet", "--initial-branch=main"])?;
    git(&path, &["add", "file"])?;
    git(&path, &["commit", "--quiet", "--message=first"])?;
    board.logged("the settings were read again").await?;
    Ok(path)
}

#[tokio::test]
async fn the_changes_of_a_task_are_shown_through_every_door() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let flag = format!("worktree:{}", repository.display());
    let body = format!("echo second >> file; {COMMIT}; echo new > new");
    let flags = ["--assignee", "shell", "--workspace", &flag, "--body", &body];
    let task = board.create("a", &flags).await?;
    board.happened(&task, "completed").await?;
    let branch = format!("kanban/{task}");
    let base = git(&repository, &["rev-parse", "HEAD"])?;

    let (status, answer) = board.get(&format!("/tasks/{task}/changes")).await?;
    assert_eq!(status, 200, "{answer}");
    let changes = &answer["changes"];
    assert_eq!(
        (&changes["branch"], &changes["base"]),
        (&branch.clone().into(), &base.clone().into())
    );
    assert_eq!(changes["commits"][0]["author"], "ada");
    assert_eq!(changes["commits"][0]["subject"], "more work");
    let file = &changes["files"][0];
    assert_eq!(
        (&file["path"], &file["kind"]),
        (&"file".into(), &"changed".into())
    );
    assert_eq!(file["patch"], "@@ -1 +1,2 @@\n first\n+second\n");
    assert_eq!(file["is_uncommitted"], false);
    let new = &changes["files"][1];
    assert_eq!(
        (&new["path"], &new["is_uncommitted"]),
        (&"new".into(), &true.into())
    );
    assert_eq!(new["patch"], "@@ -0,0 +1 @@\n+new\n");

    let shown = board.kanban(&["diff", task.as_str(), "--stat"]).await?.out;
    assert!(shown.contains("1 commit since"), "{shown}");
    assert!(shown.contains("  file: changed +1 -0\n"), "{shown}");
    assert!(
        shown.contains("  new: added +1 -0, not committed\n"),
        "{shown}"
    );
    assert!(!shown.contains("@@"), "{shown}");
    let printed = board.kanban(&["diff", task.as_str(), "--json"]).await?.out;
    assert_eq!(&serde_json::from_str::<Value>(&printed)?, changes);
    let page = board.request(Method::GET, &format!("/t/{task}/changes"))?;
    let page = page.send().await?.text().await?;
    assert!(
        page.contains("=== file: changed +1 -0\n@@ -1 +1,2 @@\n first\n+second\n"),
        "{page}"
    );
    let function = board.request(Method::GET, &format!("/fn/changes?task={task}"))?;
    // The page is handed HTML.
    let function: String = function.send().await?.json().await?;
    assert!(
        function.contains("more work") && function.contains("+second"),
        "{function}"
    );

    let shown = board.kanban(&["show", task.as_str()]).await?.out;
    assert!(shown.contains(&format!("branch:    {branch}\n")), "{shown}");
    assert!(
        shown.contains(&format!("based on:  {} of main\n", &base[..10])),
        "{shown}"
    );
    let list = board.kanban(&["list", "--json"]).await?.out;
    let list: Value = serde_json::from_str(&list)?;
    assert_eq!(
        (&list[0]["branch"], &list[0]["base"]),
        (&branch.into(), &base.into())
    );
    Ok(())
}

#[tokio::test]
async fn a_task_without_a_branch_has_no_changes_and_is_told_why() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let task = board.create("a", &[]).await?;
    let (status, refused) = board.get(&format!("/tasks/{task}/changes")).await?;
    assert_eq!(status, 404);
    let said = text(&refused, "/detail")?;
    assert!(said.contains("has no branch"), "{said}");
    let refused = board.kanban(&["diff", task.as_str()]).await?;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("has no branch"), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn a_seal_turns_grey_once_somebody_looks_at_a_task_that_was_changed_since()
-> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let flag = format!("worktree:{}", repository.display());
    let body = format!("echo second >> file; {COMMIT}");
    let create = [
        "--assignee",
        "shell",
        "--workspace",
        &flag,
        "--body",
        &body,
        "--check",
        "true",
    ];
    let task = board.create("a", &create).await?;
    board.happened(&task, "completed").await?;
    let shown = board.kanban(&["show", task.as_str()]).await?.out;
    assert!(!shown.contains("then changed"), "{shown}");
    assert!(shown.contains("1 file changed +1 -0"), "{shown}");
    let place = board.task(&task).await?["task"]["workspace_path"].take();
    let place = place.as_str().unwrap_or_default();
    let later = ["commit", "--quiet", "--allow-empty", "--message=later"];
    git(Path::new(place), &later)?;
    let shown = board.kanban(&["show", task.as_str()]).await?.out;
    assert!(shown.contains("Checked, then changed"), "{shown}");
    board.happened(&task, "branch_moved").await?;
    let page = board.request(Method::GET, "/")?;
    let page = page
        .header("accept", "text/html")
        .send()
        .await?
        .text()
        .await?;
    assert!(
        page.contains("Checked, then changed"),
        "no mark on its card"
    );
    Ok(())
}
