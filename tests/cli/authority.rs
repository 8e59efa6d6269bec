//! The authority for each verb: a person may use all of them, a worker those of its protocol, a
//! chat those of the guide.

use anyhow::Context as _;

use super::golden::verbs;
use crate::harness::{Board, said, text};
use crate::workers::Worker;

/// The callers that are let in beside people.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    WorkersAndChats,
    Workers,
    Chats,
    Nobody,
}

/// Every verb with words that make sense; `TASK` is another task than the worker's own.
const VERBS: [(&str, &str, Who); 49] = {
    use Who::{Chats, Nobody, Workers, WorkersAndChats};
    [
        ("serve", "", Nobody),
        ("daemon", "", Nobody),
        ("dispatch", "", Nobody),
        ("init", "", Nobody),
        ("sample", "", Nobody),
        ("create", "new", WorkersAndChats),
        ("list", "", WorkersAndChats),
        ("show", "TASK", WorkersAndChats),
        ("context", "TASK", WorkersAndChats),
        ("claim", "TASK", Nobody),
        ("comment", "TASK a word", WorkersAndChats),
        ("complete", "TASK", Nobody),
        ("block", "TASK why", Chats),
        ("unblock", "TASK", Chats),
        ("promote", "TASK", Nobody),
        ("assign", "TASK ada", Nobody),
        ("link", "TASK TASK", Nobody),
        ("unlink", "TASK TASK", Nobody),
        ("archive", "TASK", Nobody),
        ("edit", "TASK --title x", Nobody),
        ("move", "TASK triage", Nobody),
        ("inbox", "", Chats),
        (
            "notify-subscribe",
            "TASK --platform webhook --chat-id ci",
            Chats,
        ),
        ("notify-list", "", Chats),
        (
            "notify-unsubscribe",
            "TASK --platform webhook --chat-id ci",
            Chats,
        ),
        ("backup", "copy.db", Nobody),
        ("export", "", Nobody),
        ("import", "/dev/null", Nobody),
        ("why", "TASK", WorkersAndChats),
        ("runs", "TASK", WorkersAndChats),
        ("log", "TASK", Chats),
        ("heartbeat", "TASK", Nobody),
        ("cancel", "TASK", Nobody),
        ("undo", "1", Nobody),
        ("lanes", "", WorkersAndChats),
        ("pause", "", Nobody),
        ("resume", "", Nobody),
        ("stats", "", WorkersAndChats),
        ("gc", "", Nobody),
        ("tail", "TASK", Nobody),
        ("watch", "", Nobody),
        ("open", "", Nobody),
        ("token", "show", Nobody),
        ("doctor", "", Nobody),
        ("restore", "copy.db", Nobody),
        ("slash", "list", Nobody),
        ("guide", "", WorkersAndChats),
        ("completions", "bash", Workers),
        ("man", "", Workers),
    ]
};

#[tokio::test]
async fn each_verb_is_refused_to_whom_it_is_not_named_for() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let other = board.create("other", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    for verb in verbs(&board).await? {
        let is_known = VERBS.iter().any(|(known, ..)| **known == verb);
        assert!(is_known, "who may use {verb}?");
    }
    for (verb, words, who) in VERBS {
        let words = words.replace("TASK", other.as_str());
        let mut command = board.command(verb)?;
        command.args(words.split_whitespace());
        command.env("KANBAN_RUN_TOKEN", &worker.token);
        let told = said(command.env("KANBAN_TASK", own.as_str())).await?;
        let is_refused = told.err.contains("a worker may ") || told.err.contains("a worker of ");
        let is_let_in = matches!(who, Who::WorkersAndChats | Who::Workers);
        assert_eq!(is_refused, !is_let_in, "worker: {verb}: {told:?}");
        assert_eq!(told.code == Some(0), is_let_in, "worker: {verb}: {told:?}");

        let line = format!("{verb} {words}");
        let told = board.kanban(&["slash", &line]).await?;
        let is_refused = told.out.contains("a chat cannot ")
            || told.out.contains("in a chat, only somebody")
            || told.out.contains("only in a terminal");
        let is_let_in = matches!(who, Who::WorkersAndChats | Who::Chats);
        assert_eq!(is_refused, !is_let_in, "chat: {verb}: {told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_signs_with_the_name_of_its_run() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &["--assignee", "agent"]).await?;
    let worker = Worker::of(&board, &own).await?;
    for words in [
        &["comment", own.as_str(), "pay", "--author", "boss"][..],
        &["create", "forged", "--created-by", "boss"],
    ] {
        let mut command = board.command(words[0])?;
        command
            .args(&words[1..])
            .env("KANBAN_RUN_TOKEN", &worker.token);
        command.env("HERMES_PROFILE", "boss");
        let told = said(&mut command).await?;
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    let mut command = board.command("comment")?;
    command.args([
        own.as_str(),
        " \u{1b}[31mred\u{202e} ",
        "--author",
        "boss",
        "--json",
    ]);
    let told = said(command.env("KANBAN_RUN_TOKEN", &worker.token)).await?;
    let shown = board.task(&own).await?;
    assert_eq!(shown["comments"][0]["author"], "agent");
    let (told, stored) = (told.json()?, &shown["comments"][1]);
    for key in ["id", "author", "body"] {
        assert_eq!(told[key], stored[key], "{key}");
    }
    let tasks = board.kanban(&["list", "--json"]).await?.json()?;
    let tasks = tasks.as_array().into_iter().flatten();
    let mut forged = tasks.filter(|task| task["title"] == "forged");
    let id = text(forged.next().context("no task")?, "/id")?.parse()?;
    assert_eq!(board.task(&id).await?["task"]["created_by"], "agent");
    Ok(())
}

#[tokio::test]
async fn a_worker_reads_its_own_log_and_no_other() -> anyhow::Result<()> {
    let board = Board::shown().await?;
    let own = board.create("own", &[]).await?;
    let other = board.create("other", &[]).await?;
    let worker = Worker::of(&board, &own).await?;
    for (task, refusal) in [
        (&own, "no log for"),
        (&other, "a worker may not read this log"),
    ] {
        let mut command = board.command("log")?;
        command
            .arg(task.as_str())
            .env("KANBAN_TASK", other.as_str());
        let told = said(command.env("KANBAN_RUN_TOKEN", &worker.token)).await?;
        assert!(told.err.contains(refusal), "{told:?}");
    }
    Ok(())
}
