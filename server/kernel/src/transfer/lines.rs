//! Reading lines by number, so that an error can name its line.

use std::io::BufRead;

use serde::de::DeserializeOwned;

use super::TransferError;

/// The maximum length of a line: far longer than a task with all its comments in one field, and
/// short enough that a file of something else is not read into memory.
const LONGEST_BYTES: u64 = 64 * 1024 * 1024;

/// The lines of an input that are not blank.
pub(super) struct Lines<R> {
    input: R,
    place: LineNumber,
}

/// A line that is not blank.
pub(super) struct Line {
    pub(super) place: LineNumber,
    text: String,
}

/// The number of a line, counted from 1.
#[derive(Clone, Copy)]
pub(super) struct LineNumber(usize);

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            place: LineNumber(0),
        }
    }

    fn read(&mut self) -> Result<Option<Line>, TransferError> {
        loop {
            self.place = LineNumber(self.place.0.saturating_add(1));
            let mut bytes = Vec::new();
            let mut limited = std::io::Read::take(&mut self.input, LONGEST_BYTES);
            if limited.read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            if limited.limit() == 0 {
                return Err(self.place.wrong("it is too long to be one of ours"));
            }
            let text = String::from_utf8(bytes).map_err(|_| self.place.wrong("it is not UTF-8"))?;
            if !text.trim().is_empty() {
                let place = self.place;
                return Ok(Some(Line { place, text }));
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Line, TransferError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

impl Line {
    /// Parses the line as JSON.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, TransferError> {
        serde_json::from_str(&self.text).map_err(|error| {
            // The line within the line is always 1, and would be read as that of the file.
            let problem = error.to_string();
            let problem = problem.split(" at line ").next().unwrap_or_default();
            let at = error.column();
            self.place.wrong(format!("{problem} (at character {at})"))
        })
    }
}

impl LineNumber {
    /// That this line cannot be taken in.
    pub(super) fn wrong(self, problem: impl Into<String>) -> TransferError {
        TransferError::Line {
            line: self.0,
            problem: problem.into(),
        }
    }
}
