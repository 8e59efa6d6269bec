//! What a verb says: data for standard output, everything else for standard error.
//!
//! A verb fills it and prints nothing itself, so what it says can also be sent elsewhere.

use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use serde::Serialize;

use super::paint::Paint;
use super::text;

/// What has been said so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    data: String,
    asides: String,
    has_failed: bool,
    /// How data for people is coloured.
    pub(super) paint: Paint,
}

impl Output {
    /// Nothing yet, to be coloured like this.
    pub(super) fn painted(paint: Paint) -> Self {
        Self {
            paint,
            ..Self::default()
        }
    }

    /// A line of data for people, in which nothing moves the cursor or changes the colours: some of
    /// it may be somebody's text.
    pub(super) fn line(&mut self, line: impl Display) {
        write_line(&mut self.data, text::lines(&line.to_string()));
    }

    /// A line that was painted. Whoever paints cleans what others wrote in it.
    pub(super) fn painted_line(&mut self, line: impl Display) {
        write_line(&mut self.data, line);
    }

    /// Data of ours that brings its own line breaks.
    pub(super) fn text(&mut self, text: &str) {
        self.data.push_str(text);
    }

    /// What others wrote, as it is for programs; in a terminal it plays no tricks.
    pub(super) fn written(&mut self, text: &str) {
        if io::stdout().is_terminal() {
            let plain = app::ssr::without_colours(text);
            self.data.push_str(&text::lines(&plain));
        } else {
            self.data.push_str(text);
        }
    }

    /// Data for programs, indented by two as in the original.
    pub(super) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        write_line(&mut self.data, serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// Data for programs that read line by line.
    pub(super) fn json_line(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        write_line(&mut self.data, serde_json::to_string(value)?);
        Ok(())
    }

    /// A sentence on what went wrong. The program will exit with 1.
    pub(super) fn complain(&mut self, sentence: impl Display) {
        self.note(sentence);
        self.has_failed = true;
    }

    /// A sentence for people that is neither data nor a complaint.
    pub(super) fn note(&mut self, sentence: impl Display) {
        write_line(&mut self.asides, text::lines(&sentence.to_string()));
    }

    /// Prints what has been said until now, and tells whether anybody still reads.
    ///
    /// # Errors
    /// When it cannot be printed for another reason than that.
    pub(super) fn pour(&mut self) -> io::Result<bool> {
        let is_read = print(io::stdout().lock(), &self.data)?;
        print(io::stderr().lock(), &self.asides)?;
        self.data.clear();
        self.asides.clear();
        Ok(is_read)
    }

    /// Prints everything and says how the program is to exit.
    pub(super) fn flush(mut self) -> ExitCode {
        match self.pour() {
            Ok(_) if !self.has_failed => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    /// Everything in one text, as an answer in a chat: what went wrong comes last.
    pub(super) fn into_text(self) -> String {
        self.data + &self.asides
    }
}

fn write_line(text: &mut String, line: impl Display) {
    // Writing to a `String` cannot fail.
    writeln!(text, "{line}").ok();
}

/// Whether the reader has not seen enough yet.
fn print(mut stream: impl io::Write, text: &str) -> io::Result<bool> {
    match stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush())
    {
        Ok(()) => Ok(true),
        // `kanban list | head -1`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
