//! Text from outside. Terminals, browsers and models obey characters that nobody sees: escape
//! sequences (ECMA-48), control characters, direction overrides and isolates (UAX #9), selectors and tags
//! (Unicode Standard, sections 23.4 and 23.9). [`pieces`] tells them from the text; every surface shows a text
//! through one of the functions below and never as it was stored.

pub mod json;

use std::borrow::Cow;

use crate::id::TaskId;

/// The maximum number of names in a sentence; the others are counted.
pub const MOST_NAMED: usize = 5;

/// Returns the first of `total` names as a list, and the number of the others.
pub fn first_of<Name: AsRef<str>>(names: impl IntoIterator<Item = Name>, total: usize) -> String {
    let mut list = String::new();
    for (at, name) in names.into_iter().take(MOST_NAMED).enumerate() {
        list.push_str(if at == 0 { "" } else { ", " });
        list.push_str(name.as_ref());
    }
    if total > MOST_NAMED {
        list.push_str(&[" and ", &(total - MOST_NAMED).to_string(), " more"].concat());
    }
    list
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Characters to show, tabs among them.
    Text(&'a str),
    /// A line break, however it is written.
    Break,
    /// A carriage return without a line feed: a program goes on to write over its line.
    Return,
    /// The parameters of Select Graphic Rendition: a colour or a weight.
    Style(&'a str),
    /// A control string (OSC, DCS, APC, PM, SOS), which holds a text of its own.
    String,
    /// Any other escape sequence or hidden character.
    Hidden,
}

/// Returns true for a character that no surface shows: a control character other than line feed and
/// tab, a direction override or isolate, an invisible operator, or one of the selectors and tags in which
/// a whole text can be hidden from people and told to a model. The marks, joiners and selectors that
/// Arabic, Hebrew, Persian and emoji are written with are none of these.
pub fn is_hidden(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        other => other.is_control(),
    }
}

/// Splits a text into its parts.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = first(rest)?;
        rest = after;
        Some(piece)
    })
}

/// Returns the text in one line: line breaks and tabs become spaces.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(|it: char| it == '\t' || is_special(it)) {
        return text.into();
    }
    let mut line = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => {
                line.extend(text.chars().map(|it| if it == '\t' { ' ' } else { it }));
            }
            Piece::Break | Piece::Return => line.push(' '),
            Piece::String => line.push(char::REPLACEMENT_CHARACTER),
            Piece::Style(_) | Piece::Hidden => {}
        }
    }
    line.into()
}

/// Returns the text in its lines. A control string leaves a mark: a shell would run what stands in it,
/// so whoever reads a script must see that there is more.
pub fn lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|it: char| it != '\n' && is_special(it)) {
        return text.into();
    }
    let mut lines = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => lines.push_str(text),
            Piece::Break | Piece::Return => lines.push('\n'),
            Piece::String => lines.push(char::REPLACEMENT_CHARACTER),
            Piece::Style(_) | Piece::Hidden => {}
        }
    }
    lines.into()
}

/// Returns what a program printed as a terminal leaves it: of a line that was written over, as
/// progress bars are, the last state, and nothing of colours, titles and links.
pub fn printed(text: &str) -> Cow<'_, str> {
    as_terminal(text, |_, _| {})
}

/// The same with its colours, which are reset at the end.
pub fn coloured(text: &str) -> Cow<'_, str> {
    let mut is_styled = false;
    let mut shown = as_terminal(text, |lines, style| {
        is_styled = true;
        lines.extend(["\u{1b}[", style, "m"]);
    });
    if is_styled {
        shown.to_mut().push_str("\u{1b}[0m");
    }
    shown
}

fn as_terminal(text: &str, mut set_style: impl FnMut(&mut String, &str)) -> Cow<'_, str> {
    if !text.contains(|it: char| it != '\n' && is_special(it)) {
        return text.into();
    }
    let mut lines = String::with_capacity(text.len());
    let (mut line_start, mut is_written_over) = (0, false);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => {
                if std::mem::take(&mut is_written_over) {
                    lines.truncate(line_start);
                }
                lines.push_str(text);
            }
            Piece::Break => {
                lines.push('\n');
                (line_start, is_written_over) = (lines.len(), false);
            }
            Piece::Return => is_written_over = true,
            Piece::Style(style) => set_style(&mut lines, style),
            Piece::String | Piece::Hidden => {}
        }
    }
    lines.into()
}

fn is_special(character: char) -> bool {
    matches!(character, '\n' | '\u{2028}' | '\u{2029}') || is_hidden(character)
}

/// Returns the first piece of a text, and the text after it.
fn first(text: &str) -> Option<(Piece<'_>, &str)> {
    let (shown, after) = text.split_at(text.find(is_special).unwrap_or(text.len()));
    if !shown.is_empty() {
        return Some((Piece::Text(shown), after));
    }
    let mut characters = text.chars();
    let special = characters.next()?;
    let rest = characters.as_str();
    Some(match special {
        '\r' => match rest.strip_prefix('\n') {
            Some(rest) => (Piece::Break, rest),
            None => (Piece::Return, rest),
        },
        '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => (Piece::Break, rest),
        '\u{1b}' => escape(rest),
        '\u{9b}' => control_sequence(rest),
        '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => (Piece::String, after_string(rest)),
        _ => (Piece::Hidden, rest),
    })
}

/// Returns the piece that an escape and the characters after it form, and the text behind it.
fn escape(rest: &str) -> (Piece<'_>, &str) {
    let mut characters = rest.chars();
    match characters.next() {
        Some('[') => control_sequence(characters.as_str()),
        Some('P' | 'X' | ']' | '^' | '_') => (Piece::String, after_string(characters.as_str())),
        Some(' '..='/') => {
            let rest = rest.trim_start_matches(|it: char| matches!(it, ' '..='/'));
            (
                Piece::Hidden,
                rest.strip_prefix(|it: char| matches!(it, '0'..='~'))
                    .unwrap_or(rest),
            )
        }
        Some('0'..='~') => (Piece::Hidden, characters.as_str()),
        _ => (Piece::Hidden, rest),
    }
}

/// Splits off a control sequence: parameters, then one character that ends it; another one aborts
/// it.
fn control_sequence(rest: &str) -> (Piece<'_>, &str) {
    let end = rest
        .find(|it: char| !matches!(it, ' '..='?'))
        .unwrap_or(rest.len());
    let (parameters, after) = rest.split_at(end);
    match after.strip_prefix('m') {
        Some(after) => (Piece::Style(parameters), after),
        None => (
            Piece::Hidden,
            after
                .strip_prefix(|it: char| matches!(it, '@'..='~'))
                .unwrap_or(after),
        ),
    }
}

/// Returns the text after a control string, which goes up to its terminator. One without a
/// terminator ends with its line at the latest, so that it cannot swallow the rest of a log.
fn after_string(rest: &str) -> &str {
    let is_end = |it: char| {
        matches!(
            it,
            '\u{7}' | '\u{18}' | '\u{1a}' | '\u{1b}' | '\u{80}'..='\u{9f}'
        )
    };
    let (_, end) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
    let terminated = end
        .strip_prefix("\u{1b}\\")
        .or_else(|| end.strip_prefix(['\u{7}', '\u{18}', '\u{1a}', '\u{9c}']));
    terminated.unwrap_or_else(|| {
        let is_end = |it: char| it == '\n' || is_end(it);
        rest.split_at(rest.find(is_end).unwrap_or(rest.len())).1
    })
}

/// Returns the first ids as a list, and the number of the others.
pub fn names_of(tasks: &[TaskId]) -> String {
    first_of(tasks.iter().map(TaskId::as_str), tasks.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sequences_are_left_out_whole() {
        for (text, shown) in [
            ("\u{1b}[31mERROR\u{1b}[0m boom", "ERROR boom"),
            ("a\u{1b}[2J\u{1b}[1;1Hb\u{1b}[?25lc", "abc"),
            ("a\u{1b}(Bb\u{1b}7c\u{1b}#8d\u{1b}", "abcd"),
            ("a\u{9b}31mb\u{9b}0mc", "abc"),
            ("a\u{1b}[3", "a"),
            ("a\u{1b}[3\u{e9}", "a\u{e9}"),
            ("a\0\u{7}\u{8}\u{7f}\u{80}b", "ab"),
            ("\u{202e}a\u{2066}b\u{2069}\u{e0041}\u{e007f}c", "abc"),
        ] {
            assert_eq!(one_line(text), shown, "{text:?}");
            assert_eq!(lines(text), shown, "{text:?}");
            assert_eq!(printed(text), shown, "{text:?}");
        }
    }

    #[test]
    fn control_strings_end_at_their_terminator_and_never_swallow_what_follows() {
        for (text, shown) in [
            ("a\u{1b}]0;title\u{7}b", "ab"),
            ("a\u{1b}]8;;http://x\u{1b}\\b", "ab"),
            ("a\u{1b}P1$r0m\u{1b}\\b", "ab"),
            ("a\u{1b}Pq#0\n#1\u{1b}\\b", "ab"),
            ("a\u{1b}_x\u{9c}b\u{1b}^x\u{9c}c\u{1b}Xx\u{9c}d", "abcd"),
            (
                "a\u{90}x\u{9c}b\u{9d}x\u{7}c\u{9e}x\u{9c}d\u{9f}x\u{9c}\u{98}x\u{9c}e",
                "abcde",
            ),
            ("a\u{1b}]0;never ends\nb", "a\nb"),
            ("a\u{1b}]0;never ends", "a"),
            ("a\u{1b}]0;x\nb\u{1b}[1mc", "a\nbc"),
            ("a\u{1b}]0;x\u{1b}[1mb", "ab"),
        ] {
            assert_eq!(printed(text), shown, "{text:?}");
            assert_eq!(
                lines(text).replace(char::REPLACEMENT_CHARACTER, ""),
                shown,
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_a_shell_would_run_and_a_terminal_would_hide_leaves_a_mark() {
        let script = "\u{1b}]0;x;rm -rf /\u{7}echo hi";
        assert_eq!(lines(script), "\u{fffd}echo hi");
        assert_eq!(lines("rm -rf / #\recho hi"), "rm -rf / #\necho hi");
    }

    #[test]
    fn a_line_that_was_written_over_shows_its_last_state() {
        assert_eq!(printed("10 %\r50 %\r100 %\r\ndone\r\n"), "100 %\ndone\n");
        assert_eq!(printed("half done\r"), "half done");
    }

    #[test]
    fn colours_may_be_kept_and_nothing_else() {
        assert_eq!(
            coloured("\u{1b}[1;31mERROR\u{9b}0m\u{7} \u{1b}[2Jboom\u{1b}]0;x\u{7}"),
            "\u{1b}[1;31mERROR\u{1b}[0m boom\u{1b}[0m"
        );
        assert_eq!(coloured("a\u{1b}[2Jb"), "ab");
    }

    #[test]
    fn every_line_break_is_one() {
        let text = "a\r\nb\nc\u{85}d\u{2028}e\u{2029}f\u{b}g\u{c}h";
        assert_eq!(lines(text), "a\nb\nc\nd\ne\nf\ng\nh");
        assert_eq!(one_line(text), "a b c d e f g h");
        assert_eq!(one_line("a\tb\rc"), "a b c");
        assert_eq!(lines("a\tb"), "a\tb");
    }

    #[test]
    fn what_people_write_is_left_alone() {
        for text in [
            "\u{fc}nd \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} 5 \u{20ac}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}\u{200f}",
            "<script>&amp;\"'",
        ] {
            assert!(matches!(one_line(text), Cow::Borrowed(it) if it == text));
            assert!(matches!(lines(text), Cow::Borrowed(it) if it == text));
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_ever_shown_and_cleaning_twice_changes_nothing(
            text in "[a-z\u{1b}\u{7}\u{8}\u{9b}-\u{9d}\\[\\]\\\\P;0-9m\r\n\t\u{202e}\u{e0041}]{0,60}",
        ) {
            let line = one_line(&text);
            prop_assert!(!line.contains(|it: char| it == '\n' || it == '\t' || is_special(it)));
            prop_assert_eq!(one_line(&line), &*line);
            for shown in [lines(&text), printed(&text)] {
                prop_assert!(!shown.contains(|it: char| it != '\n' && is_special(it)));
                prop_assert_eq!(lines(&shown), &*shown);
            }
        }
    }
}
