//! A command line that makes no sense, told in one line that names the fix.

use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// How the program exits then.
pub(super) const EXIT_CODE: u8 = 2;

/// What is wrong, what was perhaps meant, and where to read on.
pub(super) fn sentence(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let wrong = what_is_wrong(&rendered);
    let mut parts = vec![wrong];
    if let Some(meant) = what_was_meant(error) {
        parts.push(format!("did you mean {meant}?"));
    }
    parts.push(format!("see `{} --help`", command(&rendered)));
    parts.join("; ")
}

/// Whether the error is help or the version, which were asked for.
pub(super) fn is_answer(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    )
}

/// The first paragraph of what clap says, in one line.
fn what_is_wrong(rendered: &str) -> String {
    let paragraph: Vec<&str> = rendered
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .map(str::trim)
        .collect();
    let text = paragraph.join(" ");
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

fn what_was_meant(error: &clap::Error) -> Option<String> {
    let suggestions = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let found = suggestions.into_iter().find_map(|kind| error.get(kind))?;
    match found {
        ContextValue::String(text) => Some(format!("'{text}'")),
        ContextValue::Strings(texts) => {
            let texts: Vec<_> = texts.iter().map(|text| format!("'{text}'")).collect();
            Some(texts.join(" or ")).filter(|text| !text.is_empty())
        }
        _ => None,
    }
}

/// The verb that was called, as far as clap knows: the words of its usage before the first argument.
fn command(rendered: &str) -> String {
    let usage = rendered
        .lines()
        .find_map(|line| line.trim().strip_prefix("Usage: "))
        .unwrap_or("kanban");
    let is_word = |word: &&str| word.starts_with(|char: char| char.is_ascii_lowercase());
    let words: Vec<_> = usage.split_whitespace().take_while(is_word).collect();
    words.join(" ")
}

/// A command line that clap takes but that makes no sense all the same.
#[derive(Debug)]
pub(super) struct Senseless(pub(super) &'static str);

impl fmt::Display for Senseless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Senseless {}

/// Refuses a command line that makes no sense; the program exits with 2 then.
pub(super) fn ensure(makes_sense: bool, complaint: &'static str) -> Result<(), Senseless> {
    if makes_sense {
        Ok(())
    } else {
        Err(Senseless(complaint))
    }
}
