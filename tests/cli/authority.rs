//! The authority for each verb: a person may use all of them, a worker those of its protocol, a
//! chat those of the guide.

use std::iter;

use anyhow::Context as _;

use super::golden::{example, verbs};
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

/// Verbs with words that make sense; `TASK` is another task than the worker's own. Every other verb is
/// for people alone: its first example is refused.
const VERBS: [(&str, &str, Who); 23] = {
    use Who::{Chats, Nobody, Workers, WorkersAndChats};
    [
        ("complete", "TASK", Nobody),
        ("dispatch", "", Nobody),
        ("heartbeat", "TASK", Nobody),
        ("create", "new", WorkersAndChats),
        ("list", "", WorkersAndChats),
        ("show", "TASK", WorkersAndChats),
        ("context", "TASK", WorkersAndChats),
        ("comment", "TASK a word", WorkersAndChats),
        ("block", "TASK why", Chats),
        ("unblock", "TASK", Chats),
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
        ("why", "TASK", WorkersAndChats),
        ("runs", "TASK", WorkersAndChats),
        ("log", "TASK", Chats),
        ("diff", "TASK", Chats),
        ("lanes", "", WorkersAndChats),
        ("stats", "", WorkersAndChats),
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
        let known = VERBS.iter().find(|(known, ..)| **known == verb);
        let who = known.map_or(Who::Nobody, |(.., who)| *who);
        let words = match known {
            Some((_, words, _)) => {
                let words = words.replace("TASK", other.as_str());
                words.split_whitespace().map(str::to_owned).collect()
            }
            None => example(&board, &verb, other.as_str()).await?.split_off(1),
        };
        let mut command = board.command(&verb)?;
        command.args(&words);
        command.env("KANBAN_RUN_TOKEN", &worker.token);
        let told = said(command.env("KANBAN_TASK", own.as_str())).await?;
        let is_refused = told.err.contains("a worker may ") || told.err.contains("a worker of ");
        let is_let_in = matches!(who, Who::WorkersAndChats | Who::Workers);
        assert_eq!(is_refused, !is_let_in, "worker: {verb}: {told:?}");
        assert_eq!(told.code == Some(0), is_let_in, "worker: {verb}: {told:?}");

        let quoted = words.iter().map(|word| format!("'{word}'"));
        let line = iter::once(verb.clone())
            .chain(quoted)
            .collect::<Vec<_>>()
            .join(" ");
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
