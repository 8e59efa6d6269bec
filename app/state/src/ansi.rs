//! Colours in what workers print: the sequences that terminals understand (ECMA-48, "Select Graphic
//! Rendition"), as spans of text. Every other sequence is left out.

/// A piece of text in one style.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The text.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// How text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// One of the sixteen colours of terminals.
    pub colour: Option<u8>,
    /// Whether it stands out.
    pub is_bold: bool,
    /// Whether it stands back.
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

/// Splits what was printed into pieces of one style each.
pub fn spans(printed: &str) -> Vec<Span> {
    let mut style = Style::default();
    let mut spans = vec![Span::default()];
    for (position, line) in printed.split('\n').enumerate() {
        if position > 0 {
            push(&mut spans, "\n", style);
        }
        write_line(&mut spans, line, &mut style);
    }
    spans.retain(|span| !span.text.is_empty());
    spans
}

/// The text alone.
pub fn plain(printed: &str) -> String {
    spans(printed).into_iter().map(|span| span.text).collect()
}

/// The same of one line, in the style that the lines before it left behind.
pub fn line(printed: &str, style: &mut Style) -> Vec<Span> {
    let mut spans = Vec::new();
    write_line(&mut spans, printed, style);
    spans.retain(|span| !span.text.is_empty());
    spans
}

/// Of a line that was written over and over, as progress bars are, the last state is kept.
fn write_line(spans: &mut Vec<Span>, line: &str, style: &mut Style) {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let line = line.rsplit('\r').next().unwrap_or(line);
    let mut pieces = line.split('\u{1b}');
    push(spans, pieces.next().unwrap_or_default(), *style);
    for piece in pieces {
        let rest = match piece.strip_prefix('[') {
            // "Control Sequence": parameters, then one letter that ends it.
            Some(sequence) => {
                let end = sequence.find(|letter: char| ('@'..='~').contains(&letter));
                let (numbers, rest) = sequence.split_at(end.unwrap_or(sequence.len()));
                if rest.starts_with('m') {
                    style.select(numbers);
                }
                rest.get(1..).unwrap_or_default()
            }
            // "Operating System Command", a title for instance: up to a bell.
            None if piece.starts_with(']') => {
                piece.split_once('\u{7}').map_or("", |(_, rest)| rest)
            }
            None => {
                let mut letters = piece.chars();
                letters.next();
                letters.as_str()
            }
        };
        push(spans, rest, *style);
    }
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
    use proptest::prelude::*;

    use super::*;

    fn seen(printed: &str) -> Vec<(String, String)> {
        let spans = spans(printed).into_iter();
        spans
            .map(|span| (span.text, span.style.classes()))
            .collect()
    }

    fn one(text: &str) -> Vec<(String, String)> {
        vec![(text.to_owned(), String::new())]
    }

    #[test]
    fn plain_text_is_one_span() {
        assert_eq!(seen("one\ntwo\n"), one("one\ntwo\n"));
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
        assert_eq!(seen("10 %\r50 %\r100 %\r\ndone"), one("100 %\ndone"));
    }

    #[test]
    fn other_sequences_are_left_out() {
        assert_eq!(seen("a\u{1b}[2Kb\u{1b}]0;title\u{7}c\u{1b}(d"), one("abcd"));
        assert_eq!(seen("cut \u{1b}[3"), one("cut "));
    }

    proptest! {
        #[test]
        fn nothing_that_is_printed_shows_an_escape(printed in "[a-z\u{1b}\\[;0-9m\r\n]{0,40}") {
            for span in spans(&printed) {
                let has_escape = span.text.contains('\u{1b}');
                prop_assert!(!has_escape && !span.text.is_empty());
            }
        }
    }
}
