//! The supervisor's record of how the worker ended, for the dispatcher.

use domain::check::CheckEnd;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::lanes::ends::Fit;
use crate::run::fault::Fault;

/// The end of a run's worker, as its supervisor saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exit {
    pub(crate) end: End,
    /// The last lines of its log: of all that it printed.
    pub(crate) output: String,
    /// Its answer: its last message, or the last lines of its standard output. A supervisor of an
    /// earlier version did not tell it from the rest.
    #[serde(default)]
    pub(crate) answer: Option<String>,
    /// The pattern of its lane that its end fits, if one does.
    #[serde(default)]
    pub(crate) fit: Option<Fit>,
    /// The end of its output in the task's log, as an offset in bytes; `None` when it begins in
    /// another file.
    pub(crate) log_end: Option<u64>,
    /// The supervisor's time of the end: a dispatcher may read this much later.
    #[serde(default)]
    pub(crate) ended_at: Option<Timestamp>,
    /// The commit at which it left the branch of its task.
    #[serde(default)]
    pub(crate) commit: Option<String>,
    /// True where it was to judge the files of another, and they are not as they were.
    #[serde(default)]
    pub(crate) has_changed_files: bool,
    /// The check that came after the worker, if one did.
    #[serde(default)]
    pub(crate) check: Option<Box<Checked>>,
}

/// The check of a worker that said it has finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checked {
    pub(crate) end: CheckEnd,
    /// True if it said so on the board, which knows its result.
    pub(crate) has_reported: bool,
}

/// The ways in which a worker ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// It exited by itself with this code.
    Code(i32),
    /// This signal, which we did not send, ended it.
    Signal(i32),
    /// It was killed, and the system killed so many processes meanwhile because memory ran out. It
    /// is not told which ones.
    OutOfMemory {
        /// The number of kills.
        kills: u64,
    },
    /// It was ended because it took longer than so many seconds.
    TimedOut(u64),
    /// It was ended because it gave no sign of life for so many seconds.
    HeartbeatLost(u64),
    /// It never started, and this is why.
    NotStarted(String),
    /// It never started, and that need not be the fault of its task.
    Hindered {
        /// The error.
        error: String,
        /// The fault.
        fault: Fault,
    },
    /// The supervisor was told to stop, or its lease was refused, and it ended the worker.
    Stopped,
}

impl End {
    /// The end of a run whose worker could not be started.
    pub(crate) fn not_started(error: &Error) -> Self {
        let text = error.to_string();
        match error.fault() {
            Fault::Task => Self::NotStarted(text),
            fault => Self::Hindered { error: text, fault },
        }
    }
}

impl Exit {
    /// The end of a run that had nothing to say.
    pub(crate) fn without_output(end: End) -> Self {
        Self {
            end,
            output: String::new(),
            answer: None,
            fit: None,
            log_end: None,
            ended_at: None,
            commit: None,
            has_changed_files: false,
            check: None,
        }
    }
}
