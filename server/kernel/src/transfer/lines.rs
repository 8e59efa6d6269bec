//! Reading lines by number, so that an error can name its line.

use std::io::BufRead;

use serde::de::DeserializeOwned;

use super::TransferError;

/// The maximum length of a line: far longer than a task with all its comments in one field, and
/// short enough that a file of something else is not read into memory.
const LONGEST_BYTES: u64 = 64 * 1024 * 1024;

/// The lines of an input, with their numbers.
pub(super) struct Lines<R> {
    input: R,
    number: usize,
}

/// A line that is not blank.
pub(super) struct Line {
    number: usize,
    text: String,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> Result<Option<Line>, TransferError> {
        loop {
            self.number = self.number.saturating_add(1);
            let number = self.number;
            let wrong = |problem: &str| TransferError::Line {
                line: number,
                problem: problem.to_owned(),
            };
            let mut bytes = Vec::new();
            let mut limited = std::io::Read::take(&mut self.input, LONGEST_BYTES);
            if limited.read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            if limited.limit() == 0 {
                return Err(wrong("it is too long to be one of ours"));
            }
            let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
            if !text.trim().is_empty() {
                return Ok(Some(Line { number, text }));
            }
        }
    }
}

impl Line {
    /// Parses the line as JSON.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, TransferError> {
        serde_json::from_str(&self.text).map_err(|error| {
            // The line within the line is always 1, and would be read as that of the file.
            let problem = error.to_string();
            let problem = problem.split(" at line ").next().unwrap_or_default();
            self.wrong(format!("{problem} (at character {})", error.column()))
        })
    }

    /// Builds the error that this line cannot be imported.
    pub(super) fn wrong(&self, problem: impl Into<String>) -> TransferError {
        TransferError::Line {
            line: self.number,
            problem: problem.into(),
        }
    }
}
