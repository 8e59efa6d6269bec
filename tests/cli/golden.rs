//! The interfaces that others rely on: the help of every verb, and the keys of every JSON.

use serde_json::Value;

use crate::harness::golden::{golden, shape};
use crate::harness::{Board, Said, said};

/// The verbs that can be seen, as the help of the program lists them.
pub(crate) async fn verbs(board: &Board) -> anyhow::Result<Vec<String>> {
    let help = board.kanban(&["--help"]).await?.out;
    let lines = help
        .lines()
        .take_while(|line| !line.starts_with("Options:"));
    let verbs = lines.filter_map(|line| line.strip_prefix("  "));
    let names = verbs.filter_map(|line| line.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}

/// A verb with the arguments of the first example in its help, about `task`: what is asked of a verb
/// that a test does not know by name.
pub(crate) async fn example(board: &Board, verb: &str, task: &str) -> anyhow::Result<Vec<String>> {
    let help = help(board, &[verb, "--help"]).await?.out;
    let begin = format!("  kanban {verb}");
    let mut lines = help.lines();
    let line = lines.find_map(|line| line.strip_prefix(&begin));
    let line = line.unwrap_or_default();
    let mut words = vec![verb.to_owned()];
    // Whoever quotes several words means one.
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            let own = part
                .split_whitespace()
                .take_while(|it| !it.starts_with(['(', '#', '|', '&', '<', '>']));
            words.extend(
                own.map(|word| if word.starts_with("t_") { task } else { word }.to_owned()),
            );
        }
    }
    Ok(words)
}

async fn help(board: &Board, words: &[&str]) -> anyhow::Result<Said> {
    let mut command = board.command(words.first().copied().unwrap_or_default())?;
    command.args(words.get(1..).unwrap_or_default());
    // As wide as where nobody looks.
    said(command.env_remove("COLUMNS").env_remove("KANBAN_HOME")).await
}

#[tokio::test]
async fn the_help_of_every_verb_is_what_it_was() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let program = help(&board, &["--help"]).await?;
    assert_eq!((program.code, program.err.as_str()), (Some(0), ""));
    golden("help/kanban.txt", &program.out)?;
    for verb in verbs(&board).await? {
        let said = help(&board, &[&verb, "--help"]).await?;
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{verb}");
        assert!(
            said.out.contains("\nExamples:\n"),
            "the help of {verb} has no examples"
        );
        golden(&format!("help/{verb}.txt"), &said.out)?;
    }
    Ok(())
}

#[tokio::test]
async fn no_verb_is_help_and_a_hidden_one_is_not_in_it() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let nothing = said(&mut board.command("--color=never")?).await?;
    let help = board.kanban(&["--help"]).await?;
    assert_eq!((nothing.code, nothing.out), (Some(0), help.out.clone()));
    assert!(!help.out.contains("shim"), "{}", help.out);
    let version = board.kanban(&["--version"]).await?;
    assert_eq!(
        version.out,
        format!("kanban {}\n", env!("CARGO_PKG_VERSION"))
    );
    Ok(())
}

#[tokio::test]
async fn every_verb_completes_and_stands_in_the_manual() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let manual = board.kanban(&["man"]).await?.out;
    assert!(manual.contains(".TH kanban 1"), "{manual}");
    let scripts = [
        board.kanban(&["completions", "bash"]).await?.out,
        board.kanban(&["completions", "zsh"]).await?.out,
        board.kanban(&["completions", "fish"]).await?.out,
    ];
    for verb in verbs(&board).await? {
        let heading = format!(".SH \"{}\"\n", verb.to_uppercase().replace('-', "\\-"));
        assert!(manual.contains(&heading), "{heading}");
        for script in &scripts {
            assert!(script.contains(&verb), "{verb}");
        }
    }
    Ok(())
}

/// Checks the JSON for programs, verb by verb, on a small board.
#[tokio::test]
async fn the_keys_of_every_json_are_what_they_were() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let a = board
        .create("parent", &["--assignee", "ops", "--tenant", "acme"])
        .await?;
    let (b, c) = (board.create("b", &[]).await?, board.create("c", &[]).await?);
    let (a, b, c) = (a.as_str(), b.as_str(), c.as_str());
    let place = ["--platform", "telegram", "--chat-id", "1"];
    let subscribe = [&["notify-subscribe", a][..], &place].concat();
    let unsubscribe = [&["notify-unsubscribe", a][..], &place].concat();
    let export = board
        .home()
        .join("board.jsonl")
        .to_string_lossy()
        .into_owned();
    let backup = board.home().join("copy.db").to_string_lossy().into_owned();
    let verbs: &[&[&str]] = &[
        &["init"],
        &["create", "d", "--parent", b],
        &["undo", "4"],
        &["list", "--assignee", "ops"],
        &["edit", a, "--title", "A", "--body", "all of it"],
        &["assign", c, "ops"],
        &["move", c, "todo"],
        &["promote"],
        &["link", a, c],
        &["unlink", a, c],
        &subscribe,
        &["notify-list"],
        &unsubscribe,
        &["claim", a],
        &["comment", a, "half way"],
        &["context", a],
        &["heartbeat", a],
        &[
            "complete",
            a,
            "--result",
            "r",
            "--metadata",
            "{\"lines\": 3}",
        ],
        &["runs", a],
        &["show", a],
        &["why", b],
        &["block", b, "why?"],
        &["unblock", b],
        &["archive", b],
        &["pause"],
        &["resume"],
        &["stats"],
        &["lanes"],
        &["gc"],
        &["dispatch", "--dry-run"],
        &["backup", &backup],
        &["export", "--output", &export],
        &["token", "show"],
        &["guide"],
    ];
    for words in verbs {
        let said = board.kanban(&[words, &["--json"][..]].concat()).await?;
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        let json = shape(&said.json()?, board.home());
        let name = words.first().copied().unwrap_or_default();
        golden(&format!("json/{name}.json"), &pretty(&json)?)?;
    }
    Ok(())
}

fn pretty(json: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(json)? + "\n")
}
