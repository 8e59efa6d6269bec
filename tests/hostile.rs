//! Texts that play tricks, in every field that the file keeps and on every surface that shows one.
//!
//! Another program has written them into the file, past everything that would have refused them. Each
//! begins with the name of its column, so that the golden files tell which column comes out in which
//! slot of a page and by which verb; a slot or a column that is new is not on that list.

mod api;
mod channels;
mod html;
mod json;
mod page;
mod seed;
mod terminal;
mod worker;

use std::collections::BTreeSet;

use domain::text::is_hidden;

/// Markup for every place in a page, escape sequences for every kind of terminal, and characters that
/// turn or hide text.
const ATTACK: &str = "\u{1b}[31mred\u{1b}]0;never-shown\u{7}\u{1b}Pnever-shown\u{1b}\\\u{9b}2J\
    \u{9d}never-shown\u{9c}\u{1b}]never-shown\n\u{0}\u{8}\u{7f}\u{202e}turned\u{2066}\u{2069}\
    \u{e0041}\u{e007f}\u{2028}</title></textarea></script></style></pre>--><x-evil x-evil=1>\
    \"' x-evil=1 'x-evil=\"1\" `x-evil`><img src=x onerror=x-evil>&lt;x-evil&gt; [l](javascript:x)";

/// The beginning of a line that only a text can have made.
const FORGED: &str = "FORGED ";

/// The text that stands in a column.
fn hostile(column: &str) -> String {
    let long = "0123456789".repeat(1_000);
    format!("<{column}>{ATTACK}\r\n{FORGED}{column} {long}")
}

/// A short one, of something that is no column: the beginning of a request, a log.
fn short(source: &str) -> String {
    format!("<{source}>{ATTACK}")
}

/// The columns and the parts of a request that a text comes from, in the order of their names.
fn sources_in(text: &str) -> BTreeSet<String> {
    // Addresses, messages of Slack and JSON in scripts are escaped once more.
    let escapes = [
        ("%3C", "<"),
        ("%3E", ">"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("\\u003c", "<"),
    ];
    let text = escapes.iter().fold(text.to_owned(), |text, (escape, it)| {
        text.replace(escape, it)
    });
    let marked = text.split('<').skip(1).filter_map(|it| it.split_once('>'));
    let names = marked.map(|(name, _)| name).filter(|name| {
        let is_name = |it: char| it.is_ascii_lowercase() || matches!(it, '_' | '.');
        name.contains('.') && name.chars().all(is_name)
    });
    names.map(str::to_owned).collect()
}

/// A text that somebody sees holds nothing that is obeyed, and nothing that was to stay unseen.
#[track_caller]
fn assert_harmless(place: &str, text: &str) {
    let hidden = text.chars().find(|it| is_hidden(*it));
    assert_eq!(hidden, None, "{place}: {:?}", around(text, hidden));
    assert!(!text.contains("never-shown"), "{place}: {text:.2000}");
}

/// The surroundings of something in a long text.
fn around(text: &str, found: Option<char>) -> Option<String> {
    let (at, _) = text.char_indices().find(|(_, it)| Some(*it) == found)?;
    let before: Vec<char> = text.get(..at)?.chars().rev().take(80).collect();
    let after = text.get(at..)?.chars().take(80);
    Some(before.into_iter().rev().chain(after).collect())
}
