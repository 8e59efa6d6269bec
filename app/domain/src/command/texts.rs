//! Checks and cleans the texts of a verb before anybody sees them.
//!
//! A name that holds a hidden character is refused, because it would be shown as another name.
//! Other texts are cleaned. A body stays as it was written, because a lane may run it.

use std::borrow::Cow;

use crate::error::Error;
use crate::notify::Address;
use crate::text::{is_hidden, printed};

/// The maximum number of characters of a title: a card shows all of it.
pub(super) const LONGEST_TITLE: usize = 1_000;

/// The maximum number of characters of a name.
const LONGEST_NAME: usize = 500;

/// The maximum number of characters of a path, as on Linux.
const LONGEST_PATH: usize = 4_096;

/// The maximum number of characters of a block's reason: a person reads all of it.
const LONGEST_REASON: usize = 20_000;

pub(super) fn address(to: &mut Address) -> Result<(), Error> {
    let Address {
        platform,
        chat_id,
        thread_id,
        user_id,
    } = to;
    name("platform", Some(platform))?;
    name("chat id", Some(chat_id))?;
    name("thread id", Some(thread_id))?;
    name("user id", user_id.as_mut())
}

/// Takes the spaces around a name away, and refuses one that is no line of visible characters and plain
/// spaces, or too long for a card.
pub(super) fn name(field: &'static str, name: Option<&mut String>) -> Result<(), Error> {
    let Some(name) = name else { return Ok(()) };
    clean(name, |name| match name.trim_matches(' ') {
        trimmed if trimmed.len() < name.len() => trimmed.to_owned().into(),
        _ => name.into(),
    });
    visible(field, Some(name))?;
    bound(field, Some(name), LONGEST_NAME)?;
    match name.chars().find(|it| *it != ' ' && is_blank(*it)) {
        Some(found) => Err(Error::HiddenInName { field, found }),
        None => Ok(()),
    }
}

/// Returns true for what is shown as a space: two names could differ in its kind alone.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\u{2800}'
}

/// Refuses a path that is no line of visible characters, or longer than any is.
pub(super) fn path(field: &'static str, path: Option<&str>) -> Result<(), Error> {
    visible(field, path)?;
    bound(field, path, LONGEST_PATH)
}

/// Cleans a reason, and refuses one that no person would read.
pub(super) fn reason(reason: &mut Option<String>) -> Result<(), Error> {
    clean_some(reason, printed);
    bound("reason", reason.as_deref(), LONGEST_REASON)
}

fn visible(field: &'static str, name: Option<&str>) -> Result<(), Error> {
    let mut before = ' ';
    let found = name.unwrap_or_default().chars().find(|character| {
        let before = std::mem::replace(&mut before, *character);
        is_hidden(*character) || is_invisible(before, *character)
    });
    match found {
        Some(found) => Err(Error::HiddenInName { field, found }),
        None => Ok(()),
    }
}

/// Returns true for what breaks a line, and for what takes up no room (`Default_Ignorable_Code_Point` of
/// the Unicode Character Database): two names could differ in it alone. Joiners and emoji are let through
/// after what they can join.
fn is_invisible(before: char, character: char) -> bool {
    match character {
        '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' => before.is_ascii(),
        '\n'
        | '\t'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' => true,
        _ => false,
    }
}

pub(super) fn bound(field: &'static str, text: Option<&str>, most: usize) -> Result<(), Error> {
    let text = text.unwrap_or_default();
    // Most texts have fewer bytes than they may have characters.
    let found = if text.len() > most {
        text.chars().count()
    } else {
        0
    };
    if found > most {
        return Err(Error::TooLong { field, most, found });
    }
    Ok(())
}

/// Refuses a text that no worker could be given.
pub(super) fn refuse_nul(text: Option<&str>) -> Result<(), Error> {
    match text {
        Some(text) if text.contains('\0') => Err(Error::NulInText),
        _ => Ok(()),
    }
}

pub(super) fn clean(text: &mut String, cleaner: impl Fn(&str) -> Cow<'_, str>) {
    if let Cow::Owned(cleaned) = cleaner(text) {
        *text = cleaned;
    }
}

pub(super) fn clean_some(text: &mut Option<String>, cleaner: impl Fn(&str) -> Cow<'_, str>) {
    if let Some(text) = text {
        clean(text, cleaner);
    }
}
