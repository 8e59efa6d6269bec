//! A command line that makes no sense, told in one line that names the fix.

use std::fmt;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;

/// The exit code of a usage error.
pub(super) const EXIT_CODE: u8 = 2;

/// The error in these words, a suggestion, and where to read on.
pub(super) fn sentence<W: AsRef<str>>(
    error: &clap::Error,
    words: impl IntoIterator<Item = W>,
) -> String {
    let rendered = error.render().to_string();
    let wrong = what_is_wrong(&rendered);
    let mut parts = vec![wrong];
    if let Some(meant) = what_was_meant(error) {
        parts.push(format!("did you mean {meant}?"));
    }
    parts.push(format!("see `{} --help`", verb(words)));
    parts.join("; ")
}

/// Returns true when the error is help or the version, which were asked for.
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
    let kinds = [
        (
            ContextKind::InvalidSubcommand,
            ContextKind::SuggestedSubcommand,
        ),
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ];
    kinds.into_iter().find_map(|(wrong, suggested)| {
        let (ContextValue::String(wrong), suggested) = (error.get(wrong)?, error.get(suggested)?)
        else {
            return None;
        };
        let suggested = match suggested {
            ContextValue::String(text) => std::slice::from_ref(text),
            ContextValue::Strings(texts) => texts,
            _ => return None,
        };
        let near = suggested.iter().filter(|it| is_near(wrong, it));
        let near: Vec<_> = near.map(|text| format!("'{text}'")).collect();
        Some(near.join(" or ")).filter(|text| !text.is_empty())
    })
}

/// Returns true when `other` is near enough to be suggested: it goes on as the written word begins,
/// or a letter in three at most is another. What clap takes for alike may be only of the same
/// letters.
fn is_near(written: &str, other: &str) -> bool {
    let length = written.chars().count();
    let begins_so = length >= 3 && other.starts_with(written);
    begins_so || strsim::levenshtein(written, other) <= (length / 3).max(1)
}

/// The verb that was called, as far as it can be told.
fn verb<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> String {
    let program = Cli::command();
    let mut command = &program;
    let mut name = "kanban".to_owned();
    let mut is_value = false;
    for word in words {
        let word = word.as_ref();
        if let Some(inner) = command.find_subcommand(word).filter(|_| !is_value) {
            command = inner;
            name = format!("{name} {}", command.get_name());
        }
        is_value = ["--home", "--color"].contains(&word);
    }
    name
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_was_perhaps_meant() {
        for (written, other) in [
            ("lst", "list"),
            ("redy", "ready"),
            ("--stauts", "--status"),
            ("notify-sub", "notify-subscribe"),
        ] {
            assert!(is_near(written, other), "{written}");
        }
        for (written, other) in [("foo", "todo"), ("nosuch", "notify-subscribe"), ("", "ls")] {
            assert!(!is_near(written, other), "{written}");
        }
    }

    #[test]
    fn the_verb_is_told_by_the_words() {
        for (line, name) in [
            ("", "kanban"),
            ("nonsense", "kanban"),
            ("--home list create list", "kanban create"),
            ("ls --status foo", "kanban list"),
            ("token show --x", "kanban token show"),
        ] {
            assert_eq!(verb(line.split(' ')), name, "{line}");
        }
    }
}
