//! The errors of the kernel.

use std::path::PathBuf;
use std::sync::Arc;

use domain::error::ErrorKind;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

/// The reason for which the kernel refused or failed. Nothing has changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A rule of the board refuses it.
    #[error(transparent)]
    Refused(#[from] domain::error::Error),
    /// Another program holds the database, or the queue of writes is full.
    #[error("the board is busy, try again")]
    Busy,
    /// A query was interrupted at its time limit.
    #[error("reading took too long and was stopped; ask for less, or try again")]
    TookTooLong,
    /// The kernel has been closed.
    #[error("the board has been closed")]
    Stopped,
    /// A thread of ours could not be started, or has panicked.
    #[error("internal error, see the log")]
    Internal,
    /// The file is something else than a board.
    #[error("{0} is not a kanban database; move it away or choose another --home")]
    NotABoard(PathBuf),
    /// The file is damaged.
    #[error(
        "{0} is damaged, so nothing is written to it; stop every kanban that has it open and put a copy \
         from the folder `backups` back with `kanban restore FILE --force`"
    )]
    Corrupt(PathBuf),
    /// The board's file is gone or empty, but there has been one.
    #[error(
        "{0} is gone or empty, but this home was in use; put a copy from the folder `backups` back with \
         `kanban restore FILE --force`, or begin anew with `kanban init`"
    )]
    Lost(PathBuf),
    /// The file has another name.
    #[error(
        "{0} is a link, or has another name, under which its locks would not be found; move the file \
         itself there, or name the home folder that it is in with --home"
    )]
    Linked(PathBuf),
    /// The path leads to another file than the one that is open, or to none.
    #[error(
        "{0} was removed or replaced while it was open, so nothing is written any more; put it back, or \
         stop every kanban that has it open and use `kanban restore`"
    )]
    Replaced(PathBuf),
    /// A check of the whole file found damage.
    #[error("the board is damaged: {0}")]
    Torn(String),
    /// A file would be overwritten.
    #[error("{0} exists already; choose another name")]
    Exists(PathBuf),
    /// A later version of this program wrote the file.
    #[error("{0} was written by a newer version of kanban; install that version to open it")]
    NewerSchema(PathBuf),
    /// The file or its folder cannot be opened.
    #[error("cannot open {path}: {cause}")]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        cause: Arc<std::io::Error>,
    },
    /// The disk is full.
    #[error("the disk is full, so nothing was written")]
    DiskFull,
    /// SQLite has given out the largest number of this table.
    #[error(
        "the numbers of the table {0:?} are used up, so nothing was written; put a copy from the folder \
         `backups` back with `kanban restore FILE --force`"
    )]
    NoMoreNumbers(String),
    /// This build has an SQLite with a known defect.
    #[error("SQLite {0} can corrupt a database; kanban needs 3.51.3 or newer")]
    OldSqlite(&'static str),
    /// SQLite failed with an error that we have no variant for.
    #[error("database error: {0}")]
    Database(Arc<rusqlite::Error>),
    /// The schema could not be brought up to date.
    #[error("cannot update the database: {0}")]
    Migration(Arc<rusqlite_migration::Error>),
}

impl Error {
    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::Busy | Self::TookTooLong | Self::DiskFull | Self::Replaced(_) => ErrorKind::Busy,
            Self::Stopped
            | Self::Internal
            | Self::NotABoard(_)
            | Self::Corrupt(_)
            | Self::Lost(_)
            | Self::Linked(_)
            | Self::Torn(_)
            | Self::NoMoreNumbers(_)
            | Self::NewerSchema(_)
            | Self::Exists(_)
            | Self::CannotOpen { .. }
            | Self::OldSqlite(_)
            | Self::Database(_)
            | Self::Migration(_) => ErrorKind::Internal,
        }
    }
}

impl Error {
    /// Returns true if SQLite, or a check of the file, says that the file is damaged.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Corrupt(_) | Self::Torn(_) => true,
            Self::Database(cause) => matches!(
                cause.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
            ),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(cause: rusqlite::Error) -> Self {
        match cause.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                Self::Busy
            }
            Some(rusqlite::ErrorCode::OperationInterrupted) => Self::TookTooLong,
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            // The index of the write-ahead log cannot grow, which SQLite does not tell as a full disk.
            _ if cause
                .sqlite_error()
                .is_some_and(|it| it.extended_code == SQLITE_IOERR_SHMSIZE) =>
            {
                Self::DiskFull
            }
            _ => Self::Database(Arc::new(cause)),
        }
    }
}

impl From<rusqlite_migration::Error> for Error {
    fn from(cause: rusqlite_migration::Error) -> Self {
        Self::Migration(Arc::new(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_for_the_index_of_the_log_is_full() {
        let code = rusqlite::ffi::Error::new(SQLITE_IOERR_SHMSIZE);
        let error = Error::from(rusqlite::Error::SqliteFailure(code, None));
        assert!(matches!(error, Error::DiskFull), "{error}");
    }
}
