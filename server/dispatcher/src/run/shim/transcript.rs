//! The reader of a worker's standard output: turns the JSON lines that an agent program prints into a
//! log that people can read, and keeps its last message.
//!
//! What stands in the lines comes from models and repositories: it is cleaned, and every bound holds
//! whatever it says.

mod claude;
mod codex;
mod gemini;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use domain::text::{lines, one_line};

use crate::lanes::OutputFormat;

/// The longest line that is parsed, in bytes: an agent's line holds what a tool of it printed, of
/// which each program keeps less than this.
const LINE_BYTES: usize = 1024 * 1024;

/// The part of a longer line that is shown, in bytes.
const SHOWN_BYTES: usize = 1024;

/// The longest command, file name or reason that is shown, in characters.
const SHOWN_CHARS: usize = 500;

/// The number of tool calls whose end is awaited; agents make a few at once.
const OPEN_CALLS: usize = 64;

/// The longest message that is kept in one piece, in bytes.
const MESSAGE_BYTES: usize = LINE_BYTES;

/// A step of an agent, as one of its lines tells it.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// It said this.
    Said(String),
    /// It said this in addition to what it said just before.
    SaidMore(String),
    /// This is what it came to in the end.
    Concluded(String),
    /// It called a tool.
    Began { id: String, call: Call },
    /// The tool has answered.
    Ended { id: String, how: How },
    /// Something that is no answer: a retry, an error, a thought.
    Noted(String),
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Call {
    /// A shell command.
    Command(String),
    /// A change of these files.
    Edit(Vec<String>),
    /// Any other tool.
    Other(String),
}

/// The end of a call.
#[derive(Debug, PartialEq, Eq)]
enum How {
    Fine,
    Code(i64),
    /// With an exit code that nobody told, and this as its last line.
    Unknown(String),
    Failed(String),
}

/// The standard output of one worker.
pub(super) struct Transcript {
    format: OutputFormat,
    workspace: PathBuf,
    /// The beginning of a line whose end is still to come.
    line: Vec<u8>,
    /// The size of that line, of which no more than [`LINE_BYTES`] are kept.
    line_bytes: usize,
    /// The last message of the worker.
    message: String,
    /// The part of the message that has no line of its own in the log yet.
    unwritten: String,
    is_in_message: bool,
    calls: VecDeque<(String, Call)>,
    /// The call that was shown last.
    shown: Option<String>,
}

impl Transcript {
    pub(super) fn new(format: OutputFormat, workspace: &Path) -> Self {
        Self {
            format,
            workspace: workspace.to_owned(),
            line: Vec::new(),
            line_bytes: 0,
            message: String::new(),
            unwritten: String::new(),
            is_in_message: false,
            calls: VecDeque::new(),
            shown: None,
        }
    }

    /// Returns true when the output is text and there is nothing to parse.
    pub(super) fn is_text(&self) -> bool {
        self.format == OutputFormat::Text
    }

    /// The last message of the worker.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Takes what the worker printed next, and returns what the log gets of it.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut log = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (piece, is_end) = match piece.strip_suffix(b"\n") {
                Some(piece) => (piece, true),
                None => (piece, false),
            };
            self.line_bytes = self.line_bytes.saturating_add(piece.len());
            let room = LINE_BYTES.saturating_sub(self.line.len());
            let kept = piece.get(..room).unwrap_or(piece);
            self.line.extend_from_slice(kept);
            if is_end {
                self.end_line(&mut log);
            }
        }
        log
    }

    /// Takes the end of the output: what the log gets of its last line.
    pub(super) fn end(&mut self) -> Vec<u8> {
        let mut log = Vec::new();
        if self.line_bytes > 0 {
            self.end_line(&mut log);
        }
        self.end_message(&mut log);
        log
    }

    fn end_line(&mut self, log: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.line);
        let size = std::mem::take(&mut self.line_bytes);
        if size > line.len() {
            self.end_message(log);
            log.extend_from_slice(line.get(..SHOWN_BYTES).unwrap_or(&line));
            let note = format!("… (a line of {size} bytes, too long to be read)\n");
            log.extend_from_slice(note.as_bytes());
            return;
        }
        let steps = str::from_utf8(&line)
            .ok()
            .and_then(|line| self.steps_in(line));
        if let Some(steps) = steps {
            for step in steps {
                self.take(step, log);
            }
        } else {
            self.end_message(log);
            log.extend_from_slice(&line);
            log.push(b'\n');
            self.shown = None;
        }
    }

    /// The steps in a line; `None` when it makes no sense.
    fn steps_in(&self, line: &str) -> Option<Vec<Step>> {
        match self.format {
            OutputFormat::Text => None,
            OutputFormat::ClaudeStream => claude::steps(line),
            OutputFormat::CodexJson => codex::steps(line),
            OutputFormat::GeminiJson => gemini::steps(line),
        }
    }

    fn take(&mut self, step: Step, log: &mut Vec<u8>) {
        if let Step::SaidMore(text) = step {
            self.say_more(&text, log);
            return;
        }
        self.end_message(log);
        match step {
            Step::SaidMore(_) => {}
            Step::Said(text) => {
                show(log, &text);
                self.shown = None;
                self.message = text;
            }
            Step::Concluded(text) => {
                if text != self.message {
                    show(log, &text);
                    self.message = text;
                }
            }
            Step::Noted(text) => {
                show(log, &text);
                self.shown = None;
            }
            Step::Began { id, call } => self.begin(id, call, log),
            Step::Ended { id, how } => self.end_call(&id, &how, log),
        }
    }

    /// Adds to the message, of which whole lines go to the log at once.
    fn say_more(&mut self, text: &str, log: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.is_in_message, true) {
            self.message.clear();
            self.shown = None;
        }
        self.message.push_str(text);
        let surplus = self.message.len().saturating_sub(MESSAGE_BYTES);
        let surplus = self.message.ceil_char_boundary(surplus);
        self.message.drain(..surplus);
        self.unwritten.push_str(text);
        if let Some(last) = self.unwritten.rfind('\n') {
            let rest = self.unwritten.split_off(last + 1);
            show(log, &std::mem::replace(&mut self.unwritten, rest));
        } else if self.unwritten.len() > LINE_BYTES {
            show(log, &std::mem::take(&mut self.unwritten));
        }
    }

    fn end_message(&mut self, log: &mut Vec<u8>) {
        self.is_in_message = false;
        let unwritten = std::mem::take(&mut self.unwritten);
        if !unwritten.is_empty() {
            show(log, &unwritten);
        }
    }

    fn begin(&mut self, id: String, call: Call, log: &mut Vec<u8>) {
        if self.calls.iter().any(|(open, _)| *open == id) {
            return;
        }
        match &call {
            Call::Command(command) => show(log, &format!("$ {}", shortened(command))),
            Call::Other(what) => show(log, &shortened(what)),
            Call::Edit(_) => {}
        }
        if self.calls.len() >= OPEN_CALLS {
            self.calls.pop_front();
        }
        self.shown = Some(id.clone());
        self.calls.push_back((id, call));
    }

    fn end_call(&mut self, id: &str, how: &How, log: &mut Vec<u8>) {
        let at = self.calls.iter().position(|(open, _)| open == id);
        let call = at.and_then(|at| self.calls.remove(at));
        let was_last = self.shown.take().as_deref() == Some(id);
        let mut text = match (how, call.as_ref().map(|(_, call)| call)) {
            (How::Fine | How::Unknown(_), Some(Call::Edit(files))) => {
                let files: Vec<String> = files.iter().map(|file| self.name_of(file)).collect();
                format!("edited {}", files.join(", "))
            }
            (How::Fine, Some(Call::Command(_))) => "exit 0".to_owned(),
            (How::Unknown(last), Some(Call::Command(_))) => {
                format!("ended: {}", shortened(last))
            }
            (How::Fine | How::Unknown(_), _) => return,
            (How::Code(code), _) => format!("exit {code}"),
            (How::Failed(reason), Some(Call::Edit(files))) => {
                let files: Vec<String> = files.iter().map(|file| self.name_of(file)).collect();
                format!("not edited: {}: {}", files.join(", "), shortened(reason))
            }
            (How::Failed(reason), _) => format!("failed: {}", shortened(reason)),
        };
        // Calls overlap: an end that does not follow its beginning says of what it is.
        if let Some((_, Call::Command(what) | Call::Other(what))) = &call
            && !was_last
        {
            // Writing to a String cannot fail.
            write!(text, " ({})", shortened(what)).ok();
        }
        show(log, &text);
    }

    /// The name of a file, as short as it can be.
    fn name_of(&self, file: &str) -> String {
        let path = Path::new(file);
        let within = path.strip_prefix(&self.workspace).unwrap_or(path);
        shortened(&within.display().to_string())
    }
}

/// Appends a text in lines of its own.
fn show(log: &mut Vec<u8>, text: &str) {
    log.extend_from_slice(lines(text.trim_end()).as_bytes());
    log.push(b'\n');
}

/// A text in one line, and not too long a one.
fn shortened(text: &str) -> String {
    let line = one_line(text.trim());
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.into_owned(),
    }
}

#[cfg(test)]
mod tests;
