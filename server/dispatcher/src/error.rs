//! Everything that can go wrong between a ready task and its worker's end.

use std::io;
use std::path::{Path, PathBuf};

use domain::id::TaskId;

/// A failure of the dispatcher, or of a run's supervisor.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One board has one dispatcher.
    #[error("another dispatcher works on this board: {by} holds {lock}")]
    Held {
        /// The file.
        lock: PathBuf,
        /// The holder of the lock, in words.
        by: String,
    },
    /// `kanban.toml` cannot be used.
    #[error(transparent)]
    Mistake(#[from] crate::config::Mistake),
    /// The board refuses it or cannot be reached.
    #[error(transparent)]
    Kernel(#[from] kernel::Error),
    /// A file or folder of the home folder cannot be used.
    #[error("cannot {verb} {path}: {cause}")]
    File {
        /// The verb: `read`, `write`, `make`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// Another version of this program wrote a file of a run that is still there.
    #[error("{path} makes no sense, so another version of this program wrote it: {cause}")]
    Nonsense {
        /// The file.
        path: PathBuf,
        /// The parser's error.
        cause: serde_json::Error,
    },
    /// The operating system refuses something that is not about a file.
    #[error("cannot {verb}: {cause}")]
    System {
        /// The verb.
        verb: &'static str,
        /// The system's error.
        cause: io::Error,
    },
    /// The program of a lane cannot be executed.
    #[error("cannot start {program}: {cause}")]
    Program {
        /// The program.
        program: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The end of a run is kept by its supervisor alone.
    #[error("its worker has ended, and how is not written to {0} yet")]
    Unwritten(PathBuf),
    /// The disk of the home folder takes nothing more.
    #[error("the disk of {home} {what}")]
    Disk {
        /// The home folder.
        home: PathBuf,
        /// Its state: `is full`.
        what: &'static str,
    },
    /// The task's workspace cannot be had.
    #[error("workspace: {0}")]
    Workspace(#[from] crate::workspaces::Error),
    /// Work that was checked does not land without its check.
    #[error(
        "nobody knows the check of lane {0:?}, which is not in kanban.toml any more; name the check in the \
         task, or assign it to a lane"
    )]
    NoLaneToCheck(String),
    /// Landers end, again and again, and say nothing to the board.
    #[error("its lander ends without a result: {0}")]
    Lander(String),
    /// Processes of an earlier landing do not end.
    #[error("processes of an earlier landing of {0} do not end, not even by SIGKILL")]
    StillThere(TaskId),
    /// The dispatcher was asked for something after its end.
    #[error("the dispatcher has stopped")]
    Stopped,
    /// The sample is for a board that has nothing on it yet.
    #[error("the board has tasks already, so the sample was not added")]
    BoardNotEmpty,
}

impl Error {
    /// For `map_err`: the failure of `verb` with `path`.
    pub(crate) fn file(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::File {
            verb,
            path: path.to_owned(),
            cause,
        }
    }

    /// For `map_err`: the failure of `verb`.
    pub(crate) fn system<E: Into<io::Error>>(verb: &'static str) -> impl FnOnce(E) -> Self {
        move |cause| Self::System {
            verb,
            cause: cause.into(),
        }
    }
}
