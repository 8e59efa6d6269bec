//! The log of a task's workers, as it grows: lines in their colours, and the beginning of each run.

mod find;

use std::sync::Arc;

use domain::id::RunId;
use domain::run::Run;

use crate::drawer::ansi::{self, Span, Style};

pub use find::{Piece, pieces};

/// The number of lines in a block. Only the last block changes when something is printed.
const BLOCK_LINES: usize = 50;

/// The number of blocks kept: about what fits into the end of a log that is read at first, many
/// times over. Whoever wants more opens the whole log.
const MOST_BLOCKS: usize = 100;

/// The character of the supervisor's rules above and below the name of a run.
const RULE: char = '─';

/// The end of what was printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    blocks: Vec<Block>,
    /// Numbers blocks over every restart.
    next: u32,
    /// The style that the whole lines left behind.
    style: Style,
    /// A last line that has no end yet, as it was printed.
    rest: String,
}

/// Some lines that stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    id: u32,
    lines: Arc<Vec<Line>>,
    /// The last line, where it has no end yet.
    rest: Option<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// A run begins; what it is called.
    Run(String),
    /// Something that a worker printed.
    Text(Vec<Span>),
}

/// Identifies one state of a block among others, of this and of every other block.
pub type Key = (u32, usize, Option<Line>);

impl Log {
    /// Parses a log.
    pub fn of(printed: &str) -> Self {
        let mut log = Self::default();
        log.push(printed);
        log
    }

    /// The blocks, from the top.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Forgets everything and begins with this.
    pub fn restart(&mut self, printed: &str) {
        *self = Self {
            next: self.next,
            ..Self::default()
        };
        self.push(printed);
    }

    /// Takes in what was printed next.
    pub fn push(&mut self, printed: &str) {
        let mut whole = std::mem::take(&mut self.rest);
        whole.push_str(printed);
        let mut lines = whole.split('\n');
        lines
            .next_back()
            .unwrap_or_default()
            .clone_into(&mut self.rest);
        for printed in lines {
            let line = read(printed, &mut self.style);
            self.add(line);
        }
        self.show_rest();
        let excess = self.blocks.len().saturating_sub(MOST_BLOCKS);
        self.blocks.drain(..excess);
    }

    fn add(&mut self, line: Line) {
        match self.blocks.last_mut() {
            Some(block) if block.lines.len() < BLOCK_LINES => {
                Arc::make_mut(&mut block.lines).push(line);
            }
            last => {
                if let Some(block) = last {
                    block.rest = None;
                }
                self.begin(vec![line]);
            }
        }
    }

    /// Shows the line without an end below the others.
    fn show_rest(&mut self) {
        let rest = (!self.rest.is_empty()).then(|| read(&self.rest, &mut self.style.clone()));
        if self.blocks.is_empty() && rest.is_some() {
            self.begin(Vec::new());
        }
        if let Some(block) = self.blocks.last_mut() {
            block.rest = rest;
        }
    }

    fn begin(&mut self, lines: Vec<Line>) {
        self.blocks.push(Block {
            id: self.next,
            lines: Arc::new(lines),
            rest: None,
        });
        self.next = self.next.wrapping_add(1);
    }
}

impl Block {
    /// A key that changes whenever the block does.
    pub fn key(&self) -> Key {
        (self.id, self.lines.len(), self.rest.clone())
    }

    /// Its lines, from the top.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().chain(&self.rest)
    }
}

/// The number of matches: each piece of them that has a colour of its own counts.
pub fn count(log: &Log, words: &str) -> usize {
    let lines = log.blocks.iter().flat_map(Block::lines);
    let found = lines.map(|line| match line {
        Line::Run(_) => 0,
        Line::Text(spans) => {
            let pieces = pieces(spans, words).into_iter();
            pieces.filter(|piece| piece.is_found).count()
        }
    });
    found.sum()
}

/// The display name of a run that the log names: the attempts at a task are counted from one.
pub fn attempt(name: &str, runs: &[Run]) -> String {
    let number = name.rsplit(' ').next().and_then(|it| it.parse().ok());
    let number = number.map(RunId);
    let place = runs.iter().position(|run| Some(run.id) == number);
    match place {
        Some(place) => format!("Attempt #{}", place.saturating_add(1)),
        None => name.to_owned(),
    }
}

fn read(printed: &str, style: &mut Style) -> Line {
    let name = printed.trim_matches([RULE, ' ', '\r']);
    if printed.starts_with(RULE) && printed.trim_end().ends_with(RULE) && !name.is_empty() {
        *style = Style::default();
        return Line::Run(crate::label::capitalised(name));
    }
    Line::Text(ansi::line(printed, style))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(log: &Log) -> Vec<String> {
        let lines = log.blocks().iter().flat_map(Block::lines);
        let plain = lines.map(|line| match line {
            Line::Run(name) => format!("[{name}]"),
            Line::Text(spans) => spans.iter().map(|span| span.text.as_str()).collect(),
        });
        plain.collect()
    }

    #[test]
    fn the_line_above_a_run_is_no_output() {
        let log = Log::of("──── run 1 ────\nhello\n──── run 2 ────\n");
        assert_eq!(plain(&log), ["[Run 1]", "hello", "[Run 2]"]);
        assert_eq!(plain(&Log::of("────\n─x\n")), ["────", "─x"]);
    }

    #[test]
    fn a_line_grows_until_it_ends() {
        let mut log = Log::of("one\ntw");
        assert_eq!(plain(&log), ["one", "tw"]);
        log.push("o\nthree");
        assert_eq!(plain(&log), ["one", "two", "three"]);
        log.push("\n");
        assert_eq!(plain(&log), ["one", "two", "three"]);
    }

    #[test]
    fn a_colour_goes_on_over_lines_and_ends_with_the_run() {
        let log = Log::of("\u{1b}[31mred\nstill\n──── run 2 ────\nplain\n");
        let styles: Vec<String> = log
            .blocks()
            .iter()
            .flat_map(Block::lines)
            .filter_map(|line| match line {
                Line::Text(spans) => spans.first().map(|span| span.style.classes()),
                Line::Run(_) => None,
            })
            .collect();
        assert_eq!(styles, ["colour-1", "colour-1", ""]);
    }

    #[test]
    fn only_the_last_block_changes() {
        let mut log = Log::of(&"line\n".repeat(BLOCK_LINES + 1));
        let before: Vec<Key> = log.blocks().iter().map(Block::key).collect();
        log.push("more");
        let after: Vec<Key> = log.blocks().iter().map(Block::key).collect();
        assert_eq!(before.len(), 2);
        assert_eq!(before[0], after[0]);
        assert_ne!(before[1], after[1]);
    }

    #[test]
    fn a_restart_is_never_taken_for_what_was_there() {
        let mut log = Log::of("one\n");
        let before = log.blocks()[0].key();
        log.restart("two\n");
        assert_eq!(plain(&log), ["two"]);
        assert_ne!(log.blocks()[0].key(), before);
    }

    #[test]
    fn a_long_log_keeps_its_end() {
        let mut log = Log::default();
        for number in 0..MOST_BLOCKS * BLOCK_LINES + 200 {
            log.push(&format!("{number}\n"));
        }
        assert_eq!(log.blocks().len(), MOST_BLOCKS);
        assert_eq!(plain(&log).last().map(String::as_str), Some("5199"));
    }

    #[test]
    fn what_is_found_is_counted_over_all_lines() {
        let log = Log::of("one two\n──── run 1 ────\nrun One");
        assert_eq!(count(&log, "one"), 2);
        assert_eq!(count(&log, "run"), 1, "the name of a run is no output");
        assert_eq!(count(&log, ""), 0);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_in_which_pieces_it_comes(
            printed in "[a-c─ \u{1b}\\[1m\r\n]{0,60}", at in 0..60_usize,
        ) {
            let at = printed.char_indices().map(|(at, _)| at).nth(at).unwrap_or(printed.len());
            let mut log = Log::of(&printed[..at]);
            log.push(&printed[at..]);
            prop_assert_eq!(plain(&log), plain(&Log::of(&printed)));
        }
    }
}
