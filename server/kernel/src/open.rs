//! Opening the file: the pragmas of every connection, the checks before the first write, and the
//! schema's migrations.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::error::Error;

/// Marks a file as ours: "knbn" in ASCII. The original leaves it zero.
const APPLICATION_ID: i32 = 0x6b6e_626e;

/// Below 3.51.3 a WAL file can be reset while a reader still needs it, which corrupts the database
/// (<https://sqlite.org/releaselog/3_51_3.html>).
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a connection waits for another program's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Every statement that we have, so that none is prepared twice.
const CACHED_STATEMENTS: usize = 128;

static MIGRATIONS: LazyLock<Migrations<'_>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up(include_str!("../migrations/0001_board.sql")),
        M::up(include_str!("../migrations/0002_runs.sql")),
    ])
});

/// The connection of the writer thread, with the schema up to date.
pub(crate) fn for_writing(path: &Path) -> Result<Connection, Error> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Error::OldSqlite(rusqlite::version()));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|cause| Error::CannotOpen {
            path: folder.to_owned(),
            cause: Arc::new(cause),
        })?;
    }
    let mut connection = connect(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )
    .map_err(|cause| explain(path, cause))?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn for_reading(path: &Path) -> Result<Connection, Error> {
    Ok(connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that opens a connection"
)]
fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(connection)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let missing = |connection: &Connection| MIGRATIONS.pending_migrations(connection);
    match missing(connection).map_err(|cause| explain_migration(path, cause))? {
        0 => return Ok(()),
        ..0 => return Err(Error::NewerSchema(path.to_owned())),
        1.. => {}
    }
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    if let Err(cause) = MIGRATIONS.to_latest(connection) {
        // Another process that opened the same new board was faster; all its work was one
        // transaction, and so was ours that failed.
        if missing(connection)? != 0 {
            return Err(explain_migration(path, cause));
        }
    }
    Ok(connection.pragma_update(None, "application_id", APPLICATION_ID)?)
}

fn explain_migration(path: &Path, cause: rusqlite_migration::Error) -> Error {
    match cause {
        rusqlite_migration::Error::RusqliteError { err, .. } => explain(path, err),
        other => other.into(),
    }
}

fn explain(path: &Path, cause: rusqlite::Error) -> Error {
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::NotABoard(path.to_owned()),
        Some(ErrorCode::DatabaseCorrupt) => Error::Corrupt(path.to_owned()),
        Some(ErrorCode::CannotOpen) => Error::CannotOpen {
            path: path.to_owned(),
            cause: Arc::new(std::io::Error::other(cause)),
        },
        _ => cause.into(),
    }
}
