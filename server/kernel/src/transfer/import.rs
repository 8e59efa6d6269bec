//! Importing a whole board, or handing a list of tasks on.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, iter};

use domain::actor::Actor;
use domain::time::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use serde::Deserialize;

use super::lines::{Line, Lines};
use super::list::Plan;
use super::{Imported, TransferError, board, export};
use crate::clock::Clock;
use crate::error::Error;
use crate::tables::FORMAT;
use crate::{IfLost, copies, numbers, open};

/// The first line of an export.
#[derive(Deserialize)]
struct Header {
    kanban: i64,
    schema: i32,
}

/// Takes in what `input` holds, into the board at `path`.
///
/// All of it is read before anything is written: input comes as slowly as somebody types it, and
/// nobody else writes meanwhile.
pub(super) fn import(
    path: &Path,
    clock: &Clock,
    actor: &Actor,
    input: impl BufRead,
) -> Result<Imported, TransferError> {
    let mut lines = Lines::new(input);
    let first = lines.next().ok_or_else(|| TransferError::Line {
        line: 1,
        problem: "there is nothing in it; expected tasks or an export, a JSON object a line"
            .to_owned(),
    })??;
    if is_header(&first)? {
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        write(path, clock, |conn, now| board::take_in(conn, now, &lines))
    } else {
        let plan = Plan::read(iter::once(Ok(first)).chain(lines))?;
        write(path, clock, |conn, now| plan.take_in(conn, now, actor))
    }
}

/// Runs `take_in` in one transaction of the board at `path`, of which nothing is left when it fails.
fn write(
    path: &Path,
    clock: &Clock,
    take_in: impl FnOnce(&Connection, Timestamp) -> Result<Imported, TransferError>,
) -> Result<Imported, TransferError> {
    let mut connection = open::for_writing(path, clock.now(), IfLost::Refuse)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Not before the lock is ours: later events must not have earlier times.
    let imported = take_in(&transaction, clock.now()).map_err(|error| match error {
        TransferError::Board(cause) => numbers::explain(&transaction, cause).into(),
        error => error,
    })?;
    transaction.commit()?;
    Ok(imported)
}

/// Imports the board at `from` into the one at `path`.
pub(super) fn import_file(
    from: &Path,
    path: &Path,
    clock: &Clock,
    actor: &Actor,
) -> Result<Imported, TransferError> {
    let now = clock.now();
    let folder = Scratch::beside(path)?;
    let copy = folder.0.join("kanban.db");
    copies::copy(from, &copy)?;
    // Opening the copy brings it up to date; from then on it is a board as any other.
    let mut connection = open::for_writing(&copy, now, IfLost::Refuse)?;
    let mut lines = Vec::new();
    let transaction = connection.transaction()?;
    export::export(&transaction, now, &mut lines)?;
    import(path, clock, actor, lines.as_slice())
}

/// Whether a whole board follows this line.
fn is_header(first: &Line) -> Result<bool, TransferError> {
    let Ok(header) = first.parse::<Header>() else {
        return Ok(false);
    };
    if header.kanban > FORMAT || header.schema > open::SCHEMA_VERSION {
        let newer =
            "a newer version of kanban wrote this export; install that version to take it in";
        return Err(first.place.wrong(newer));
    }
    Ok(true)
}

/// A folder for the time of an import, beside the board, so that it is on the same disk and as
/// private. Dropping it removes it.
struct Scratch(PathBuf);

impl Scratch {
    fn beside(path: &Path) -> Result<Self, Error> {
        let folder = path.with_file_name(format!("importing-{}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => Ok(Self(folder)),
            Err(cause) => Err(Error::CannotOpen {
                path: folder,
                cause: Arc::new(cause),
            }),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "a folder of an import stays");
        }
    }
}
