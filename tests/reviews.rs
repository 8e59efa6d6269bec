//! Reviews and outcomes on a real server, with real workers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::changes::{COMMIT, git, repository};
use crate::harness::{API, Board, header, program, text};

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
async fn a_column_for_review_is_there_for_clients_while_a_task_uses_it() -> anyhow::Result<()> {
    let board = Board::running().await?;
    board.create("a", &[]).await?;
    assert_eq!(columns(&board).await?.len(), 6);
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
    assert_eq!(columns(&board).await?[4], "review");
    let inbox = board.kanban(&["inbox"]).await?;
    assert!(inbox.out.contains("42"), "{}", inbox.out);
    let why = board.kanban(&["why", task.as_str()]).await?;
    assert!(why.out.contains("waits for a person"), "{}", why.out);
    let said = board
        .kanban(&["request-changes", task.as_str(), "another number"])
        .await?;
    assert_eq!(said.code, Some(0), "{said:?}");
    board.happened(&task, "changes_requested").await?;
    // It names its reviewer, whatever it is, until it is put away.
    board
        .kanban(&["complete", task.as_str(), "--unchecked"])
        .await?;
    assert_eq!(columns(&board).await?[4], "review");
    board.kanban(&["archive", task.as_str()]).await?;
    assert_eq!(columns(&board).await?.len(), 6);
    Ok(())
}

#[tokio::test]
async fn a_column_for_review_is_there_for_clients_while_a_lane_uses_it() -> anyhow::Result<()> {
    let board = Board::running().await?;
    board.create("a", &[]).await?;
    let mut socket = board.socket("tasks=1").await?;
    let ask = async |etag: &str| {
        let request = board.request(Method::GET, &format!("{API}/board?summary=1"))?;
        anyhow::Ok(request.header("if-none-match", etag).send().await?)
    };
    let mut etag = header(&ask("").await?, "etag").to_owned();
    assert_eq!(ask(&etag).await?.status(), 304);
    let lane = "[lanes.writer]\ncommand = [\"true\"]\n";
    for (says, expected) in [("review = \"person\"\n", 7), ("", 6)] {
        board.configure(&[lane, says].concat())?;
        let is_read = |status: &Value| {
            let lanes = status["dispatch"]["report"]["lanes"].as_array();
            let writer = lanes
                .into_iter()
                .flatten()
                .find(|it| it["name"] == "writer");
            writer.is_some_and(|lane| lane["review"].is_string() != says.is_empty())
        };
        socket.status("the lanes are read", is_read).await?;
        assert_eq!(columns(&board).await?.len(), expected, "{says}");
        // The tag that a client has kept is out of date.
        let answer = ask(&etag).await?;
        assert_eq!(answer.status(), 200, "{says}");
        header(&answer, "etag").clone_into(&mut etag);
        let answer: Value = answer.json().await?;
        assert_eq!(answer["columns"].as_array().map(Vec::len), Some(expected));
        assert_eq!(ask(&etag).await?.status(), 304, "{says}");
    }
    Ok(())
}

/// The names of the columns that a client is told of.
async fn columns(board: &Board) -> anyhow::Result<Vec<String>> {
    let (_, found) = board.get("/board").await?;
    let columns = found.get("columns").and_then(Value::as_array);
    let names = columns
        .into_iter()
        .flatten()
        .filter_map(|it| it.get("name"));
    let names = names.filter_map(|name| name.as_str().map(str::to_owned));
    Ok(names.collect())
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
