//! Export and import: the whole board as JSON Lines, a plain list of tasks, or the file of another
//! board, also of the original.

mod board;
mod export;
mod import;
mod lines;
mod list;

use std::io::{self, BufRead, Write};
use std::path::Path;

use domain::actor::Actor;
use domain::authority::Act;
use domain::id::TaskId;
use tokio::task::spawn_blocking;

use crate::Kernel;
use crate::error::Error;
use crate::verbs::authority::check_act;

/// The result of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The tasks, in the order in which they came.
    pub tasks: Vec<TaskId>,
    /// True for a whole board, which starts nothing until a person resumes it.
    pub is_whole: bool,
    /// The number of rows other than tasks, if a whole board was imported.
    pub other_rows: u64,
    /// Columns with content that only another program knows. They were left out.
    pub left_out: Vec<String>,
}

/// The reason for which an import or an export failed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The board refused it.
    #[error(transparent)]
    Board(#[from] Error),
    /// A line cannot be imported.
    #[error("line {line}: {problem}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// The error in it.
        problem: String,
    },
    /// A whole board is imported only into an empty one, where nothing can be overwritten.
    #[error("the board is not empty; take the other one in with a --home of its own")]
    NotEmpty,
    /// The last line of the export is missing.
    #[error("the export is cut off: its last line is missing")]
    CutOff,
    /// The lines contradict each other.
    #[error("the export contradicts itself: {0}")]
    Inconsistent(String),
    /// Reading or writing failed.
    #[error(transparent)]
    Stream(#[from] io::Error),
}

impl From<rusqlite::Error> for TransferError {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Board(cause.into())
    }
}

impl Kernel {
    /// Writes everything on the board, as it is at one moment, a row a line, and returns the number
    /// of rows. The dispatcher's report and the search index are left out: they follow from the
    /// rest.
    ///
    /// # Errors
    /// Fails if the board cannot be read or `out` not be written.
    pub async fn export<W>(&self, mut out: W) -> Result<u64, TransferError>
    where
        W: Write + Send + 'static,
    {
        let now = self.now();
        let exporting = self
            .readers
            .stream(move |conn| Ok(export::export(conn, now, &mut out)));
        exporting.await?
    }

    /// Imports an export or a list of tasks, all of it or nothing. An export is imported only into
    /// an empty board; its open runs are interrupted, because their workers are none of ours, and
    /// its pending deliveries are given up, so that two boards do not send the same.
    ///
    /// # Errors
    /// Fails if a line makes no sense, a rule of the board refuses it, or it cannot be written.
    pub async fn import<R>(&self, actor: &Actor, input: R) -> Result<Imported, TransferError>
    where
        R: BufRead + Send + 'static,
    {
        let actor = check(actor)?;
        let (path, clock) = (self.readers.path().to_owned(), self.clock.clone());
        off_the_executor(move || import::import(&path, &clock, &actor, input)).await
    }

    /// Imports the whole file of another board, also of an earlier version or of the original. The
    /// file itself is only read.
    ///
    /// # Errors
    /// As [`Kernel::import`], and when there is no sound board at `from`.
    pub async fn import_file(&self, actor: &Actor, from: &Path) -> Result<Imported, TransferError> {
        let actor = check(actor)?;
        let (from, path) = (from.to_owned(), self.readers.path().to_owned());
        let clock = self.clock.clone();
        off_the_executor(move || import::import_file(&from, &path, &clock, &actor)).await
    }
}

/// Checks that the actor may import. The lines may be anybody's, so a worker may not bring them.
fn check(actor: &Actor) -> Result<Actor, Error> {
    check_act(actor, Act::Administer)?;
    Ok(actor.clone())
}

async fn off_the_executor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TransferError> + Send + 'static,
) -> Result<T, TransferError> {
    spawn_blocking(work).await.map_err(|_| Error::Internal)?
}
