//! The output of a verb: data for standard output, everything else for standard error.
//!
//! A verb fills it and prints nothing itself, so what it says can also be sent elsewhere.

use std::fmt::{Display, Write as _};
use std::io;
use std::process::ExitCode;

use domain::id::TaskId;
use domain::text::json::escaped;
use domain::text::{coloured, one_line, printed};
use serde::Serialize;

use super::paint::Paint;

/// The output so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    data: String,
    asides: String,
    has_failed: bool,
    /// The task that was created, or found under its key.
    pub(super) created: Option<TaskId>,
    /// The colours of data for people.
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

    /// One line of data for people. Some of it may be somebody's text, which makes no second one.
    pub(super) fn line(&mut self, line: impl Display) {
        write_line(&mut self.data, one_line(&line.to_string()));
    }

    /// Data for people in its lines, which nothing but colours is let through with. Whoever paints
    /// takes the colours and line breaks out of what others wrote in it.
    pub(super) fn painted_line(&mut self, line: impl Display) {
        write_line(&mut self.data, coloured(&line.to_string()));
    }

    /// Data of ours that brings its own line breaks.
    pub(super) fn text(&mut self, text: &str) {
        self.data.push_str(text);
    }

    /// Adds the output of a program, in its colours where there are any.
    pub(super) fn printed(&mut self, text: &str) {
        let shown = if self.paint.is_on() {
            coloured(text)
        } else {
            printed(text)
        };
        self.data.push_str(&shown);
        if !text.is_empty() && !text.ends_with('\n') {
            self.data.push('\n');
        }
    }

    /// Data for programs, indented by two as in the original.
    pub(super) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        write_line(
            &mut self.data,
            escaped(&serde_json::to_string_pretty(value)?),
        );
        Ok(())
    }

    /// Data for programs that read line by line.
    pub(super) fn json_line(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        write_line(&mut self.data, escaped(&serde_json::to_string(value)?));
        Ok(())
    }

    /// A sentence on what went wrong. The program will exit with 1.
    pub(super) fn complain(&mut self, sentence: impl Display) {
        self.note(sentence);
        self.has_failed = true;
    }

    /// A sentence for people that is neither data nor a complaint. It may quote somebody's text, which
    /// makes no second line.
    pub(super) fn note(&mut self, sentence: impl Display) {
        write_line(&mut self.asides, one_line(&sentence.to_string()));
    }

    /// Prints the output until now; returns false once nobody reads any more.
    ///
    /// # Errors
    /// Fails when it cannot be printed for another reason than that.
    pub(super) fn pour(&mut self) -> io::Result<bool> {
        let is_read = print(io::stdout().lock(), &self.data)?;
        print(io::stderr().lock(), &self.asides)?;
        self.data.clear();
        self.asides.clear();
        Ok(is_read)
    }

    /// Prints everything and returns the exit code.
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

/// Prints; returns false once the reader has closed the pipe.
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
