//! Reviews and outcomes on a real server, with real workers.

use serde_json::json;

use crate::changes::{COMMIT, git, repository};
use crate::harness::{Board, program, text};

/// A board with a lane that writes, whose work a second lane judges: it asks for changes once.
async fn with_critic() -> anyhow::Result<Board> {
    let mut board = Board::without_server()?;
    std::fs::create_dir_all(board.home())?;
    let (writer, critic) = (board.home().join("writer"), board.home().join("critic"));
    program::write(
        &writer,
        "#!/bin/sh\ncat \"$1\" > read; echo x >> work; echo \"draft $(wc -l < work | tr -d ' ')\"\n",
    )?;
    program::write(
        &critic,
        "#!/bin/sh\n\
         cp \"$1\" ../judged-by-critic 2>/dev/null\n\
         if [ \"$(wc -l < work | tr -d ' ')\" = 1 ]; then\n\
         kanban request-changes \"$KANBAN_TASK\" 'the second line is missing'\n\
         else kanban approve \"$KANBAN_TASK\" --note 'well done'; fi\n",
    )?;
    board.configure(&format!(
        "[lanes.writer]\n\
         command = [\"{}\", \"{{prompt_file}}\"]\n\
         success = \"exit\"\n\
         review = \"critic\"\n\
         [lanes.critic]\n\
         command = [\"{}\", \"{{prompt_file}}\"]\n",
        writer.display(),
        critic.display(),
    ))?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    Ok(board)
}

#[tokio::test]
async fn a_second_lane_sends_work_back_with_its_words_and_then_approves_it() -> anyhow::Result<()> {
    let board = with_critic().await?;
    let task = board.create("a", &["--assignee", "writer"]).await?;
    board.happened(&task, "completed").await?;
    let shown = board.task(&task).await?;
    assert_eq!(text(&shown, "/task/result")?, "draft 2");
    let receipts = shown["receipts"].as_array().cloned().unwrap_or_default();
    let verdicts: Vec<_> = receipts
        .iter()
        .map(|it| (it["by"].as_str(), it["check"]["verdict"].as_str()))
        .collect();
    let by = Some("critic");
    let expected = [(by, Some("changes_requested")), (by, Some("approved"))];
    assert_eq!(verdicts, expected);
    let runs = shown["runs"].as_array().map_or(0, Vec::len);
    assert_eq!(runs, 4);
    let workspace = text(&shown, "/task/workspace_path")?;
    let read = std::fs::read_to_string(format!("{workspace}/read"))?;
    let (_, feedback) = read.split_once("## Changes asked for").unwrap_or_default();
    assert!(feedback.contains("the second line is missing"), "{read}");
    let judged = std::fs::read_to_string(format!("{workspace}/../judged-by-critic"))?;
    assert!(judged.contains("## Review\nwriter says"), "{judged}");
    assert!(
        judged.contains("You judge the work of somebody else"),
        "{judged}"
    );
    Ok(())
}

#[tokio::test]
async fn a_column_for_review_is_there_for_clients_only_while_a_task_uses_it() -> anyhow::Result<()>
{
    let board = Board::running().await?;
    let columns = async || -> anyhow::Result<Vec<String>> {
        let (_, found) = board.get("/board").await?;
        let columns = found["columns"].as_array().cloned().unwrap_or_default();
        Ok(columns
            .iter()
            .filter_map(|it| it["name"].as_str().map(str::to_owned))
            .collect())
    };
    board.create("a", &[]).await?;
    assert_eq!(columns().await?.len(), 6);
    let flags = [
        "--assignee",
        "shell",
        "--body",
        "echo 42",
        "--review",
        "person",
    ];
    let task = board.create("b", &flags).await?;
    board.happened(&task, "review_requested").await?;
    assert_eq!(columns().await?[4], "review");
    let inbox = board.kanban(&["inbox"]).await?;
    assert!(inbox.out.contains("42"), "{}", inbox.out);
    let why = board.kanban(&["why", task.as_str()]).await?;
    assert!(why.out.contains("waits for a person"), "{}", why.out);
    let said = board
        .kanban(&["request-changes", task.as_str(), "another number"])
        .await?;
    assert_eq!(said.code, Some(0), "{said:?}");
    board.happened(&task, "changes_requested").await?;
    Ok(())
}

#[tokio::test]
async fn an_exit_code_ends_a_task_in_failure_and_starts_what_was_linked_on_that()
-> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    std::fs::create_dir_all(board.home())?;
    let tester = board.home().join("tester");
    program::write(&tester, "#!/bin/sh\necho it leaks; exit 9\n")?;
    board.configure(&format!(
        "[lanes.tester]\ncommand = [\"{}\"]\nsuccess = \"exit\"\nexit_codes = {{ 9 = \"negative\" }}\n",
        tester.display()
    ))?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    let test = board.create("test", &["--assignee", "nobody"]).await?;
    let on_failure = format!("{test}:failure");
    let mend = [
        "--assignee",
        "shell",
        "--body",
        "echo mended",
        "--parent",
        &on_failure,
    ];
    let mend = board.create("mend", &mend).await?;
    let release = board
        .create("release", &["--parent", test.as_str()])
        .await?;
    let assign = json!({ "assignee": "tester" });
    assert_eq!(
        board.patch(&format!("/tasks/{test}"), &assign).await?.0,
        200
    );
    board.happened(&mend, "completed").await?;
    let tested = board.task(&test).await?;
    assert_eq!(text(&tested, "/task/outcome")?, "failure");
    assert_eq!(text(&tested, "/task/result")?, "it leaks");
    let why = board.kanban(&["why", release.as_str()]).await?;
    let names = format!("{test} ended with failure, and {release} starts on its success");
    assert!(why.out.contains(&names), "{}", why.out);
    let inbox = board.kanban(&["inbox"]).await?;
    assert!(inbox.out.contains(&names), "{}", inbox.out);
    let link = ["link", test.as_str(), release.as_str(), "--on", "always"];
    assert_eq!(board.kanban(&link).await?.code, Some(0));
    board.happened(&release, "ready").await?;
    Ok(())
}

#[tokio::test]
async fn a_verdict_on_a_commit_is_refused_once_its_branch_has_moved() -> anyhow::Result<()> {
    let mut board = Board::running().await?;
    let repository = repository(&board).await?;
    let workspace = format!("worktree:{}", repository.display());
    let body = format!("echo second >> file; {COMMIT}");
    let mut flags = vec!["--assignee", "shell", "--workspace", &workspace];
    flags.extend(["--body", &body, "--review", "person"]);
    let task = board.create("a", &flags).await?;
    board.happened(&task, "review_requested").await?;
    // Nobody else looks at the branch meanwhile.
    board.kill().await?;
    let place = board.home().join("kanban/workspaces").join(task.as_str());
    let judged = git(&place, &["rev-parse", "HEAD"])?;
    let later = ["commit", "--quiet", "--allow-empty", "--message=later"];
    git(&place, &later)?;
    let approve = ["approve", task.as_str(), "--commit", judged.trim()];
    let refused = board.kanban(&approve).await?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("has moved on since"), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn a_reviewer_that_has_changed_the_work_is_refused_until_it_is_as_it_was()
-> anyhow::Result<()> {
    let board = Board::running().await?;
    let repository = repository(&board).await?;
    let critic = board.home().join("critic");
    program::write(
        &critic,
        "#!/bin/sh\n\
         said=$(echo x > left; kanban approve \"$KANBAN_TASK\" 2>&1)\n\
         rm left\n\
         git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x\n\
         moved=$(kanban request-changes \"$KANBAN_TASK\" no 2>&1)\n\
         git reset -q --hard HEAD^\n\
         kanban approve \"$KANBAN_TASK\" --note \"$said; $moved\"\n",
    )?;
    board.configure(&format!(
        "[board]\nrepositories = [\"{}\"]\n[lanes.critic]\ncommand = [\"{}\"]\n",
        repository.display(),
        critic.display()
    ))?;
    let workspace = format!("worktree:{}", repository.display());
    let body = format!("echo second >> file; {COMMIT}");
    let mut flags = vec!["--assignee", "shell", "--workspace", &workspace];
    flags.extend(["--body", &body, "--review", "critic"]);
    let task = board.create("a", &flags).await?;
    board.happened(&task, "approved").await?;
    let shown = board.task(&task).await?;
    let note = text(&shown, "/receipts/0/check/output")?;
    let refused = "is not as it was when this review began";
    assert_eq!(note.matches(refused).count(), 2, "{note}");
    Ok(())
}

#[tokio::test]
async fn a_reviewer_who_is_no_lane_is_named_wherever_somebody_looks() -> anyhow::Result<()> {
    let board = Board::running().await?;
    let flags = [
        "--assignee",
        "shell",
        "--body",
        "echo 42",
        "--review",
        "ghost",
    ];
    let task = board.create("a", &flags).await?;
    board.happened(&task, "review_requested").await?;
    for (verb, said) in [
        (vec!["why", task.as_str()], "no lane has this name"),
        (vec!["inbox"], "42"),
        (vec!["doctor"], "a review by ghost, which is no lane"),
    ] {
        let out = board.kanban(&verb).await?.out;
        assert!(out.contains(said), "{verb:?}: {out}");
    }
    Ok(())
}
