//! Colours in what workers print: Select Graphic Rendition (ECMA-48), as spans of text. Every other
//! sequence is left out.

use domain::text::{Piece, pieces};

/// A piece of text in one style.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The text.
    pub text: String,
    /// Its style.
    pub style: Style,
}

/// The style of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// One of the sixteen colours of terminals.
    pub colour: Option<u8>,
    /// SGR bold.
    pub is_bold: bool,
    /// SGR dim.
    pub is_dim: bool,
}

impl Style {
    /// The classes that CSS knows it by; empty for plain text.
    pub fn classes(self) -> String {
        let colour = self.colour.map(|colour| format!("colour-{colour}"));
        let words = [
            colour.as_deref(),
            self.is_bold.then_some("bold"),
            self.is_dim.then_some("dim"),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Takes in the numbers of one sequence. What is not shown here is passed over.
    fn select(&mut self, numbers: &str) {
        let mut numbers = numbers.split(';').map(|it| it.parse::<u8>().unwrap_or(0));
        while let Some(number) = numbers.next() {
            match number {
                0 => *self = Self::default(),
                1 => self.is_bold = true,
                2 => self.is_dim = true,
                22 => (self.is_bold, self.is_dim) = (false, false),
                30..=37 => self.colour = Some(number - 30),
                39 => self.colour = None,
                90..=97 => self.colour = Some(number - 90 + 8),
                // One of 256 colours, of which the first sixteen are these; or three bytes.
                38 | 48 => match numbers.next() {
                    Some(5) => {
                        let colour = numbers.next().filter(|colour| *colour < 16);
                        if number == 38 {
                            self.colour = colour;
                        }
                    }
                    Some(2) => drop(numbers.by_ref().take(3).last()),
                    _ => {}
                },
                _ => {}
            }
        }
    }
}

/// Splits a line into pieces of one style each, beginning with the style that the lines before it left
/// behind. Of one that was written over, as progress bars are, the last state is kept.
pub fn line(printed: &str, style: &mut Style) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut is_written_over = false;
    for piece in pieces(printed) {
        match piece {
            Piece::Text(text) => {
                if std::mem::take(&mut is_written_over) {
                    spans.clear();
                }
                push(&mut spans, text, *style);
            }
            Piece::Break => push(&mut spans, "\n", *style),
            Piece::Return => is_written_over = true,
            Piece::Style(numbers) => style.select(numbers),
            Piece::String | Piece::Hidden => {}
        }
    }
    spans
}

fn push(spans: &mut Vec<Span>, text: &str, style: Style) {
    match spans.last_mut() {
        Some(last) if last.style == style => last.text.push_str(text),
        _ => spans.push(Span {
            text: text.to_owned(),
            style,
        }),
    }
}

#[cfg(test)]
mod tests {
    use domain::text::is_hidden;
    use proptest::prelude::*;

    use super::*;

    fn seen(printed: &str) -> Vec<(String, String)> {
        let spans = line(printed, &mut Style::default()).into_iter();
        spans
            .map(|span| (span.text, span.style.classes()))
            .collect()
    }

    fn one(text: &str) -> Vec<(String, String)> {
        vec![(text.to_owned(), String::new())]
    }

    #[test]
    fn plain_text_is_one_span() {
        assert_eq!(seen("one two"), one("one two"));
        assert_eq!(seen(""), []);
    }

    #[test]
    fn colours_begin_and_end() {
        let expected = [("ok ", ""), ("bad", "colour-1 bold"), (" end", "")];
        let expected = expected.map(|(text, class)| (text.to_owned(), class.to_owned()));
        assert_eq!(seen("ok \u{1b}[1;31mbad\u{1b}[0m end"), expected);
        assert_eq!(seen("\u{1b}[38;5;12mx")[0].1, "colour-12");
        assert_eq!(seen("\u{1b}[38;2;1;2;3;2mx")[0].1, "dim");
        assert_eq!(seen("\u{1b}[48;5;9mx")[0].1, "");
    }

    #[test]
    fn a_line_that_was_written_over_shows_its_last_state() {
        assert_eq!(seen("10 %\r50 %\r100 %\r"), one("100 %"));
    }

    #[test]
    fn other_sequences_are_left_out() {
        assert_eq!(
            seen("a\u{1b}[2Kb\u{1b}]0;title\u{7}c\u{1b}(Bd"),
            one("abcd")
        );
        assert_eq!(seen("cut \u{1b}[3"), one("cut "));
        assert_eq!(
            seen("a\u{1b}Pq\u{1b}\\b\0\u{7}\u{8}c\u{9b}31md\u{202e}")[0].0,
            "abc"
        );
    }

    proptest! {
        #[test]
        fn nothing_that_is_printed_shows_an_escape(printed in "[a-z\u{1b}\u{7}\u{9b}\\]\\[;0-9m\r\u{202e}]{0,40}") {
            for span in line(&printed, &mut Style::default()) {
                prop_assert!(!span.text.contains(is_hidden) && !span.text.is_empty());
            }
        }
    }
}
