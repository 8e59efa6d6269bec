//! `kanban claim`, `comment` and `complete`: a person works on a task.

use crate::harness::{Board, text};

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
    assert!(workspace.is_dir());
    let said = board.kanban(&["context", &id]).await?;
    let place = format!("Workspace: scratch @ {}\n", workspace.display());
    assert!(said.out.contains(&place), "{}", said.out);
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
    assert!(said.out.contains("\nResult:\nwritten\n"), "{}", said.out);
    Ok(())
}

#[tokio::test]
async fn a_claim_that_is_refused_says_who_has_the_task() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    board.kanban(&["claim", id.as_str(), "--ttl", "60"]).await?;
    let said = board.kanban(&["claim", id.as_str()]).await?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let complaint = format!("kanban: cannot claim {id} (status=running, lock=");
    assert!(said.err.starts_with(&complaint), "{}", said.err);
    Ok(())
}

#[tokio::test]
async fn the_token_of_a_claim_fences_what_is_done_for_it() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    let other = board.create("b", &[]).await?;
    let claim = || async {
        let claim = board.kanban(&["claim", id.as_str(), "--json"]).await?;
        anyhow::Ok(text(&claim.json()?, "/token")?.to_owned())
    };
    let first = claim().await?;
    let beyond = board
        .command("complete")?
        .arg(other.as_str())
        .env("KANBAN_RUN_TOKEN", &first)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&beyond.stderr).into_owned();
    assert!(said.contains("its own task only"), "{said}");
    board.kanban(&["cancel", id.as_str()]).await?;
    board.kanban(&["move", id.as_str(), "ready"]).await?;
    let second = claim().await?;
    assert_ne!(first, second);
    for (token, code) in [(&first, Some(1)), (&second, Some(0))] {
        let done = board
            .command("complete")?
            .args([id.as_str(), "--result", "mine"])
            .env("KANBAN_RUN_TOKEN", token)
            .output()
            .await?;
        assert_eq!(done.status.code(), code, "{done:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_claim_whose_workspace_cannot_be_made_says_so_and_is_given_back() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let nowhere = ["--workspace", "dir:/proc/none/here"];
    let id = board.create("a", &nowhere).await?;
    let said = board.kanban(&["claim", id.as_str()]).await?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let complaint = format!("kanban: cannot claim {id}: workspace: cannot make /proc/none/here: ");
    assert!(said.err.starts_with(&complaint), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    let said = board.kanban(&["list", "--status", "ready"]).await?;
    assert!(said.out.contains(id.as_str()), "{}", said.out);
    Ok(())
}

#[tokio::test]
async fn what_a_run_says_for_programs_is_kept_with_the_run() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let id = board.create("a", &[]).await?;
    board.kanban(&["claim", id.as_str()]).await?;
    let complete = ["complete", id.as_str(), "--summary", "all green"];
    let metadata = ["--metadata", "{\"tests\": 12}"];
    let said = board.kanban(&[&complete[..], &metadata].concat()).await?;
    assert_eq!(said.out, format!("Completed {id}\n"), "{}", said.err);
    let runs = board
        .kanban(&["runs", id.as_str(), "--json"])
        .await?
        .json()?;
    assert_eq!(runs[0]["summary"], "all green");
    assert_eq!(runs[0]["metadata"]["tests"], 12);
    let shown = board
        .kanban(&["show", id.as_str(), "--json"])
        .await?
        .json()?;
    assert_eq!(shown["task"]["result"], "all green");
    Ok(())
}

#[tokio::test]
async fn a_summary_is_about_one_run() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let (a, b) = (board.create("a", &[]).await?, board.create("b", &[]).await?);
    let words = ["complete", a.as_str(), b.as_str(), "--summary", "x"];
    let said = board.kanban(&words).await?;
    assert_eq!((said.code, said.err.lines().count()), (Some(2), 1));
    let ready = board
        .kanban(&["list", "--status", "ready", "--json"])
        .await?
        .json()?;
    assert_eq!(ready.as_array().map(Vec::len), Some(2));
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
async fn the_context_of_a_child_has_the_results_of_its_parents() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let parent = board.create("parent", &[]).await?;
    let child = board
        .create("child", &["--parent", parent.as_str()])
        .await?;
    board
        .kanban(&["complete", parent.as_str(), "--result", "seven"])
        .await?;
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
