//! What a verb says: data for standard output, complaints for standard error.
//!
//! A verb fills it and prints nothing itself, so what it says can also be sent elsewhere.

use std::fmt::{Display, Write as _};
use std::io;
use std::process::ExitCode;

use serde::Serialize;

/// What has been said so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    data: String,
    complaints: String,
}

impl Output {
    /// A line of data.
    pub(super) fn line(&mut self, line: impl Display) {
        write_line(&mut self.data, line);
    }

    /// Data that brings its own line breaks.
    pub(super) fn text(&mut self, text: &str) {
        self.data.push_str(text);
    }

    /// Data for programs, indented by two as in the original.
    pub(super) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// A sentence on what went wrong. The program will exit with 1.
    pub(super) fn complain(&mut self, sentence: impl Display) {
        write_line(&mut self.complaints, sentence);
    }

    /// Prints everything and says how the program is to exit.
    pub(super) fn flush(self) -> ExitCode {
        let said = print(io::stdout().lock(), &self.data);
        let complained = print(io::stderr().lock(), &self.complaints);
        if self.complaints.is_empty() && said.and(complained).is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn write_line(text: &mut String, line: impl Display) {
    // Writing to a `String` cannot fail.
    writeln!(text, "{line}").ok();
}

fn print(mut stream: impl io::Write, text: &str) -> io::Result<()> {
    match stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush())
    {
        // The reader has seen enough: `kanban list | head -1`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}
