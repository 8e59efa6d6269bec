//! The output of the command line.

use std::collections::BTreeSet;

use super::seed::{self, Tasks};
use super::{ATTACK, FORGED, assert_harmless, columns_in};
use crate::harness::golden::golden;
use crate::harness::{Board, Said, said};

/// The columns that may have lines of their own, where a verb prints the whole text.
const LONG: [&str; 3] = ["tasks.body", "tasks.result", "task_comments.body"];

/// Each verb that prints what the board holds.
fn verbs(tasks: &Tasks) -> Vec<Vec<&str>> {
    let mut verbs: Vec<Vec<&str>> = vec![
        vec!["list", "--archived"],
        vec!["inbox"],
        vec!["stats"],
        vec!["lanes"],
        vec!["notify-list"],
        vec!["doctor"],
        vec!["dispatch", "--dry-run"],
        vec!["gc", "--dry-run"],
    ];
    for verb in ["show", "runs", "why", "context", "notify-list", "log"] {
        verbs.extend(tasks.all().map(|task| vec![verb, task]));
    }
    verbs
}

/// Checks the whole output of a verb, for people and for programs.
#[track_caller]
fn look_at(words: &[&str], said: &Said) -> Vec<String> {
    let both = [said.out.as_str(), said.err.as_str()].concat();
    let place = format!("kanban {}", words.join(" "));
    assert!(!both.is_empty(), "{place} said nothing");
    assert_harmless(&place, &both);
    for line in both.lines() {
        let forged = line.strip_prefix(FORGED);
        let is_own = forged.is_none_or(|rest| LONG.iter().any(|it| rest.starts_with(it)));
        assert!(is_own, "{place}: {line:.200}");
    }
    columns_in(&both)
}

#[tokio::test]
async fn whatever_the_file_holds_no_verb_prints_what_a_terminal_obeys() -> anyhow::Result<()> {
    let board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    std::fs::create_dir_all(board.home().join("kanban/logs"))?;
    std::fs::write(
        board
            .home()
            .join(format!("kanban/logs/{}.log", tasks.ready)),
        ATTACK,
    )?;
    let mut shown = BTreeSet::new();
    for words in verbs(&tasks) {
        let name = words.first().copied().unwrap_or_default();
        let of_people = board.kanban(&words).await?;
        let mut seen = look_at(&words, &of_people);
        let in_chat = board.kanban(&["slash", &words.join(" ")]).await?;
        seen.extend(look_at(&["slash"], &in_chat));
        if !["log", "gc", "doctor"].contains(&name) {
            let json = [&words[..], &["--json"]].concat();
            let of_programs = board.kanban(&json).await?;
            // Programs get the text as it is, in escapes that no terminal obeys.
            let hidden = of_programs
                .out
                .chars()
                .find(|it| domain::text::is_hidden(*it));
            assert_eq!(hidden, None, "{json:?}");
            of_programs.json()?;
        }
        shown.extend(seen.into_iter().map(|column| format!("{name}: {column}\n")));
    }
    golden(
        "hostile/terminal.txt",
        &shown.into_iter().collect::<String>(),
    )
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
