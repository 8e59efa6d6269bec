//! Looking for words in what was printed.

use crate::drawer::ansi::{Span, Style};

/// A piece of a line: in one style, and found or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Its style.
    pub style: Style,
    /// True when it is a match, or a part of one.
    pub is_found: bool,
}

/// The pieces of a line in which `words` are looked for, in any case of the letters of ASCII, over
/// every change of colour.
pub fn pieces(line: &[Span], words: &str) -> Vec<Piece> {
    let found = find(line, words);
    let mut pieces = Vec::new();
    let mut at = 0_usize;
    for span in line {
        let end = at.saturating_add(span.text.len());
        let mut from = at;
        for (start, stop) in found
            .iter()
            .map(|(start, stop)| (*start.max(&at), *stop.min(&end)))
        {
            if start >= stop {
                continue;
            }
            push(&mut pieces, span, (from - at, start - at), false);
            push(&mut pieces, span, (start - at, stop - at), true);
            from = stop;
        }
        push(&mut pieces, span, (from - at, end - at), false);
        at = end;
    }
    pieces
}

/// The ranges of the matches in the line, in bytes.
fn find(line: &[Span], words: &str) -> Vec<(usize, usize)> {
    if words.is_empty() {
        return Vec::new();
    }
    let words = words.to_ascii_lowercase();
    let text: String = line.iter().map(|span| span.text.as_str()).collect();
    let text = text.to_ascii_lowercase();
    let found = text.match_indices(&words);
    found
        .map(|(start, found)| (start, start.saturating_add(found.len())))
        .collect()
}

fn push(pieces: &mut Vec<Piece>, span: &Span, (from, to): (usize, usize), is_found: bool) {
    let text = span.text.get(from..to).unwrap_or_default();
    if !text.is_empty() {
        pieces.push(Piece {
            text: text.to_owned(),
            style: span.style,
            is_found,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(text: &str) -> Span {
        Span {
            text: text.to_owned(),
            style: Style::default(),
        }
    }

    fn seen(line: &[Span], words: &str) -> Vec<(String, bool)> {
        let pieces = pieces(line, words).into_iter();
        pieces.map(|piece| (piece.text, piece.is_found)).collect()
    }

    #[test]
    fn words_are_found_in_any_case_and_over_colours() {
        let line = [span("Error: no "), span("such file, error 2")];
        let expected = [
            ("Error", true),
            (": no ", false),
            ("such file, ", false),
            ("error", true),
            (" 2", false),
        ];
        assert_eq!(
            seen(&line, "ERROR"),
            expected.map(|(text, is_found)| (text.to_owned(), is_found))
        );
        let found: String = pieces(&line, "no such")
            .into_iter()
            .filter(|piece| piece.is_found)
            .map(|piece| piece.text)
            .collect();
        assert_eq!(found, "no such");
    }

    #[test]
    fn nothing_looked_for_is_nothing_found() {
        assert_eq!(seen(&[span("über")], ""), [("über".to_owned(), false)]);
        assert_eq!(seen(&[], "x"), []);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_said_twice(line in "[aäb ]{0,20}", cut in 0..20_usize, words in "[aäb]{0,3}") {
            let cut = line.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(line.len());
            let spans = [span(&line[..cut]), span(&line[cut..])];
            let text: String = pieces(&spans, &words).into_iter().map(|piece| piece.text).collect();
            prop_assert_eq!(text, line);
        }
    }
}
