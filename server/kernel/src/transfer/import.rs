//! Importing a whole board, or handing a list of tasks on.

use std::fs;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::actor::Actor;
use domain::time::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use serde::Deserialize;

use super::lines::{Line, Lines};
use super::tables::FORMAT;
use super::{Imported, TransferError, board, export, list};
use crate::copies;
use crate::error::Error;
use crate::{IfLost, open};

/// The first line of an export.
#[derive(Deserialize)]
struct Header {
    kanban: i64,
    schema: i32,
}

/// Imports `input` into the board at `path`.
pub(super) fn import(
    path: &Path,
    now: Timestamp,
    actor: &Actor,
    input: impl BufRead,
) -> Result<Imported, TransferError> {
    let mut lines = Lines::new(input);
    let first = lines.next()?.ok_or_else(|| TransferError::Line {
        line: 1,
        problem: "there is nothing in it; expected tasks or an export, a JSON object a line"
            .to_owned(),
    })?;
    let mut connection = open::for_writing(path, now, IfLost::Refuse)?;
    let is_board = is_header(&first, &connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let imported = if is_board {
        board::take_in(&transaction, now, lines)?
    } else {
        list::take_in(&transaction, now, actor, first, lines)?
    };
    transaction.commit()?;
    Ok(imported)
}

/// Imports the board at `from` into the one at `path`.
pub(super) fn import_file(
    from: &Path,
    path: &Path,
    now: Timestamp,
    actor: &Actor,
) -> Result<Imported, TransferError> {
    let folder = Scratch::beside(path)?;
    let copy = folder.0.join("kanban.db");
    copies::copy(from, &copy)?;
    // Opening the copy brings it up to date; from then on it is a board as any other.
    let mut connection = open::for_writing(&copy, now, IfLost::Refuse)?;
    let mut lines = Vec::new();
    let transaction = connection.transaction()?;
    export::export(&transaction, now, &mut lines)?;
    import(path, now, actor, lines.as_slice())
}

/// Returns true if a whole board follows this line.
fn is_header(first: &Line, conn: &Connection) -> Result<bool, TransferError> {
    let Ok(header) = first.parse::<Header>() else {
        return Ok(false);
    };
    let ours: i32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if header.kanban > FORMAT || header.schema > ours {
        let newer =
            "a newer version of kanban wrote this export; install that version to take it in";
        return Err(first.wrong(newer));
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
