//! The output of the command line: every verb, for people, for a chat and as JSON.

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::json::told_in;
use super::seed::{self, Tasks};
use super::{FORGED, assert_harmless, short, sources_in};
use crate::cli::follow::{Following, line};
use crate::cli::golden::{example, verbs};
use crate::harness::golden::golden;
use crate::harness::{Board, Said, said};

/// The columns that may have lines of their own, where a verb prints the whole text.
const LONG: [&str; 4] = [
    "tasks.body",
    "tasks.result",
    "task_comments.body",
    "receipts.output",
];

/// The verbs that are not looked at, and why.
const LEFT: [(&str, &str); 13] = [
    (
        "tail",
        "it does not end by itself, and has a test of its own",
    ),
    ("watch", "as above"),
    ("slash", "every other verb is carried out by it too"),
    (
        "serve",
        "it prints its address; what it serves has tests of its own",
    ),
    ("daemon", "it prints nothing"),
    ("open", "it prints an address of ours"),
    ("token", "it prints a secret of ours"),
    ("backup", "it prints a path and numbers"),
    ("restore", "as above"),
    ("sample", "its texts are ours"),
    ("guide", "its text is ours"),
    ("man", "as above"),
    ("completions", "as above"),
];

/// What is asked of other verbs; of those that are not here, their first example. Each changes a board
/// of its own.
fn calls(tasks: &Tasks) -> Vec<Vec<String>> {
    let Tasks {
        ready,
        running,
        asks,
        foreign,
        done,
        ..
    } = tasks;
    // Some are quoted in escapes, which can be read.
    let [title, name] = ["request.title", "request.name"]
        .map(|source| short(source).replace("never-shown", "escaped"));
    let mut calls: Vec<Vec<&str>> = vec![
        vec!["init"],
        vec!["list", "--archived"],
        vec!["inbox"],
        vec!["inbox", "--retry", "1"],
        vec!["inbox", "--drop", "1"],
        vec!["stats"],
        vec!["lanes"],
        vec!["notify-list"],
        vec!["doctor"],
        vec!["dispatch", "--dry-run"],
        vec!["gc", "--dry-run"],
        vec!["export"],
        vec!["import", "board.jsonl"],
        vec!["create", &title, "--parent", ready],
        vec!["create", "x", "--assignee", &name],
        vec!["edit", ready, "--title", &title],
        vec!["assign", ready, "bob"],
        vec!["assign", running, "bob"],
        vec!["assign", ready, &name],
        vec!["move", ready, "todo"],
        vec!["move", foreign, "ready"],
        vec!["move", ready, &name],
        vec!["link", asks, ready],
        vec!["link", ready, ready],
        vec!["unlink", done, ready],
        vec!["promote", ready],
        vec!["block", ready, &title],
        vec!["unblock", asks],
        vec!["unblock", foreign],
        vec!["comment", ready, &title],
        vec!["archive", ready],
        vec!["undo"],
        vec!["undo", "1"],
        vec!["claim", ready],
        vec!["claim", asks],
        vec!["heartbeat", running],
        vec!["complete", ready, "--result", &title],
        vec!["complete", foreign],
        vec!["cancel", running],
        vec!["pause", &name],
        vec!["pause"],
        vec!["resume", &name],
        vec![
            "notify-subscribe",
            ready,
            "--platform",
            "slack",
            "--chat-id",
            "b",
        ],
        vec![
            "notify-subscribe",
            ready,
            "--platform",
            &name,
            "--chat-id",
            "b",
        ],
        vec![
            "notify-unsubscribe",
            ready,
            "--platform",
            "slack",
            "--chat-id",
            &name,
        ],
        vec!["show", &name],
    ];
    for verb in ["show", "runs", "why", "context", "notify-list", "log"] {
        calls.extend(tasks.all().map(|task| vec![verb, task]));
    }
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    calls.into_iter().map(owned).collect()
}

/// The number of calls that are carried out together.
const AT_ONCE: usize = 4;

/// Checks the whole output of a verb, for people and for programs.
#[track_caller]
fn look_at(words: &[&str], said: &Said) -> BTreeSet<String> {
    let both = [said.out.as_str(), said.err.as_str()].concat();
    let place = format!("kanban {:.60}", words.join(" "));
    assert!(!both.is_empty(), "{place} said nothing");
    assert_harmless(&place, &both);
    for line in both.lines() {
        let forged = line.strip_prefix(FORGED);
        let is_own = forged.is_none_or(|rest| LONG.iter().any(|it| rest.starts_with(it)));
        assert!(is_own, "{place}: {line:.200}");
    }
    sources_in(&both)
}

#[tokio::test]
async fn whatever_the_file_holds_no_verb_prints_what_a_terminal_obeys() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    let mut calls = calls(&tasks);
    for verb in verbs(&board).await? {
        let is_known = LEFT.iter().any(|(left, _)| **left == verb)
            || calls.iter().any(|words| words.first() == Some(&verb));
        if !is_known {
            calls.push(example(&board, &verb, &tasks.ready).await?);
        }
    }
    let mut shown = BTreeSet::new();
    let carried_out = stream::iter(&calls).map(|words| carried_out(&board, &tasks, words));
    let carried_out: Vec<_> = carried_out.buffered(AT_ONCE).try_collect().await?;
    for (words, (of_people, in_chat, of_programs)) in calls.iter().zip(carried_out) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let name = words.first().copied().unwrap_or_default();
        if name == "export" {
            // It is made of JSON, in which a control string can be read.
            let hidden = of_people.out.find(domain::text::is_hidden);
            assert_eq!(hidden, None, "{name}");
            continue;
        }
        let mut seen = look_at(&words, &of_people);
        seen.extend(look_at(&["slash", name], &in_chat));
        let seen = seen.into_iter().map(|source| format!("{name}: {source}\n"));
        shown.extend(seen);
        if let Some(of_programs) = of_programs {
            // In escapes, which no terminal obeys.
            let hidden = of_programs.out.find(domain::text::is_hidden);
            assert_eq!(hidden, None, "{words:?}");
            assert_harmless(name, &of_programs.err);
            if !of_programs.out.is_empty() {
                let fields = told_in(name, &of_programs.json()?).into_iter();
                shown.extend(fields.map(|field| format!("{name} --json {field}")));
            }
        }
    }
    golden(
        "hostile/terminal.txt",
        &shown.into_iter().collect::<String>(),
    )
}

/// Carries out the same three times: for people, for a chat, and for programs where it can.
async fn carried_out(
    board: &Board,
    tasks: &Tasks,
    words: &[String],
) -> anyhow::Result<(Said, Said, Option<Said>)> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let line = words
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")));
    let line = line.collect::<Vec<_>>().join(" ");
    let without_json = ["log", "gc", "doctor", "export", "--retry", "--drop"];
    let has_json = !words.iter().any(|word| without_json.contains(word));
    let mut all = Vec::new();
    let json = [&words[..], &["--json"]].concat();
    for words in [&words[..], &["slash", &line], &json] {
        let (copy, _lock) = seed::copy_of(board)?;
        std::fs::create_dir_all(copy.home().join("kanban/logs"))?;
        let log = copy.home().join(format!("kanban/logs/{}.log", tasks.ready));
        std::fs::write(log, short("log.text"))?;
        // It is in the same folder by its name alone.
        std::fs::write(copy.home().join("board.jsonl"), "{\"\u{9b}\": 1}\n")?;
        // No argument can hold it.
        let words = words.iter().map(|word| word.replace('\0', ""));
        let mut words = words.collect::<Vec<_>>().into_iter();
        let mut command = copy.command(words.next().unwrap_or_default())?;
        all.push(said(command.args(words).current_dir(copy.home())).await?);
    }
    let of_programs = all.pop().filter(|_| has_json);
    let in_chat = all.pop();
    let of_people = all.pop();
    of_people
        .zip(in_chat)
        .map(|(of_people, in_chat)| (of_people, in_chat, of_programs))
        .ok_or_else(|| anyhow::anyhow!("nothing was carried out"))
}

#[tokio::test]
async fn whoever_follows_the_board_is_shown_nothing_that_a_terminal_obeys() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    let mut shown = BTreeSet::new();
    for words in [&["tail", &tasks.foreign][..], &["watch"]] {
        for flags in [&[][..], &["--json"]] {
            let mut following = Following::start(&board, &[words, flags].concat())?;
            let name = words[0];
            if name == "watch" {
                line(&mut following.err).await?;
                let (task, event) = (&tasks.foreign, "task_events");
                board.write_past_us(&format!(
                    "INSERT INTO {event} (task_id, kind, payload, created_at) \
                     SELECT task_id, kind, payload, created_at FROM {event} WHERE task_id = '{task}'"
                ))?;
            }
            let told = line(&mut following.out).await?;
            if flags.is_empty() {
                assert_harmless(name, &told);
                let sources = sources_in(&told).into_iter();
                shown.extend(sources.map(|source| format!("{name}: {source}\n")));
            } else {
                assert_eq!(told.find(domain::text::is_hidden), None, "{told}");
                let fields = told_in(name, &serde_json::from_str(&told)?).into_iter();
                shown.extend(fields.map(|field| format!("{name} --json {field}")));
            }
        }
    }
    golden("hostile/follow.txt", &shown.into_iter().collect::<String>())
}

#[tokio::test]
async fn programs_get_a_text_as_it_was_written() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    let shown = board
        .kanban(&["show", &tasks.ready, "--json"])
        .await?
        .json()?;
    assert_eq!(shown["task"]["title"], super::hostile("tasks.title"));
    let refused = said(board.command("show")?.arg("t_\u{1b}[2J\u{202e}")).await?;
    assert_eq!(refused.err, "kanban: no such task: t_\n");
    Ok(())
}
