//! Opening the file: the pragmas of every connection, the checks before the first write, and the
//! schema's migrations.

mod foreign;
mod peers;
mod shape;

use std::cmp::Ordering;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use domain::time::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

pub(crate) use self::peers::put_in_step;
use crate::IfLost;
use crate::error::Error;
use crate::hold::BUSY_TIMEOUT;
use crate::tables;

/// Marks a file as ours: "knbn" in ASCII. The original leaves it zero.
const APPLICATION_ID: i32 = 0x6b6e_626e;

/// Below 3.51.3 a WAL file can be reset while a reader still needs it, which corrupts the database
/// (<https://sqlite.org/releaselog/3_51_3.html>).
const OLDEST_SQLITE: i32 = 3_051_003;

/// The pause before another attempt to switch to the write-ahead log.
const SWITCH_PAUSE: Duration = Duration::from_millis(10);

/// The capacity of the statement cache: all statements that we have, so that none is prepared
/// twice.
const CACHED_STATEMENTS: usize = 128;

/// The size of a page in a new file, in bytes: half of SQLite's default. A commit writes whole pages, most
/// of them for an entry of some tens of bytes in an index.
const PAGE_SIZE: u32 = 2_048;

/// The number of migrations.
pub(crate) const SCHEMA_VERSION: i32 = 18;

static MIGRATIONS: LazyLock<Migrations<'_>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up_with_hook(
            include_str!("../migrations/0001_board.sql"),
            foreign::complete,
        ),
        M::up_with_hook(
            include_str!("../migrations/0002_runs.sql"),
            foreign::copy_runs,
        ),
        M::up_with_hook(
            include_str!("../migrations/0003_control.sql"),
            foreign::pause,
        ),
        M::up(include_str!("../migrations/0004_search.sql")),
        M::up(include_str!("../migrations/0005_notify.sql")),
        M::up(include_str!("../migrations/0006_beside.sql")),
        M::up_with_hook(
            include_str!("../migrations/0007_attempts.sql"),
            peers::complete,
        ),
        M::up(include_str!("../migrations/0008_requests.sql")),
        M::up(include_str!("../migrations/0009_home.sql")),
        M::up(include_str!("../migrations/0010_due.sql")),
        M::up(include_str!("../migrations/0011_copies.sql")),
        M::up(include_str!("../migrations/0012_holds.sql")),
        M::up(include_str!("../migrations/0013_checks.sql")),
        M::up(include_str!("../migrations/0014_git.sql")),
        M::up(include_str!("../migrations/0015_outcomes.sql")),
        M::up(include_str!("../migrations/0016_landing.sql")),
        M::up(include_str!("../migrations/0017_land_method.sql")),
        M::up(include_str!("../migrations/0018_indexes.sql")),
    ])
});

/// Opens the connection of the writer thread, with the schema up to date.
///
/// Nothing is written before the file is known to be a board that we may write, and a copy has been
/// put beside it where there is anything in it that we are going to change.
pub(crate) fn for_writing(
    path: &Path,
    now: Timestamp,
    if_lost: IfLost,
) -> Result<Connection, Error> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Error::OldSqlite(rusqlite::version()));
    }
    make_folder_of(path)?;
    if if_lost == IfLost::Refuse && !path.exists() {
        return Err(Error::Lost(path.to_owned()));
    }
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = connect(path, access).map_err(|cause| explain(path, cause))?;
    match inspect(&connection).map_err(|cause| explain(path, cause))? {
        Content::Current => write_ahead(&connection)?,
        Content::Nothing if if_lost == IfLost::Refuse => return Err(Error::Lost(path.to_owned())),
        Content::Nothing => {
            connection.pragma_update(None, "page_size", PAGE_SIZE)?;
            // Before its tables are there, so that it passes for no other program's.
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            migrate(&mut connection, path)?;
        }
        Content::OlderBoard => {
            back_up(&connection, path, now)?;
            migrate(&mut connection, path)?;
        }
        Content::Unmarked(version) => {
            back_up(&connection, path, now)?;
            connection.pragma_update(None, "user_version", version)?;
            migrate(&mut connection, path)?;
        }
        Content::NewerBoard => return Err(Error::NewerSchema(path.to_owned())),
        Content::SomethingElse => return Err(Error::NotABoard(path.to_owned())),
    }
    Ok(connection)
}

/// Switches to the write-ahead log, so that readers and the writer run at once. The mode is kept in
/// the file, but a copy made by `VACUUM INTO` has lost it.
fn write_ahead(connection: &Connection) -> Result<(), Error> {
    // Two that switch together refuse each other at once, without the wait that everything else
    // has; so the one that was refused asks again for as long.
    for _ in 0..BUSY_TIMEOUT.as_millis() / SWITCH_PAUSE.as_millis() {
        match connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(Error::from)
        {
            Err(Error::Busy) => std::thread::park_timeout(SWITCH_PAUSE),
            switched => return switched,
        }
    }
    Err(Error::Busy)
}

/// Opens a read-only connection to a board of this version or an earlier one.
pub(crate) fn existing(path: &Path) -> Result<Connection, Error> {
    let explain = |cause| explain(path, cause);
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(explain)?;
    match inspect(&connection).map_err(explain)? {
        Content::Current | Content::OlderBoard | Content::Unmarked(_) => Ok(connection),
        Content::NewerBoard => Err(Error::NewerSchema(path.to_owned())),
        Content::Nothing | Content::SomethingElse => Err(Error::NotABoard(path.to_owned())),
    }
}

/// Opens a connection that writes nothing of its own.
pub(crate) fn for_checkpoints(path: &Path) -> Result<Connection, Error> {
    Ok(connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?)
}

/// Opens a read-only connection.
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
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // They stand in for the verbs where another program writes.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(connection)
}

/// The content of a file.
enum Content {
    Nothing,
    Current,
    /// A board of an earlier version of ours, or of the original.
    OlderBoard,
    /// A board of this version of ours that has lost its marks, as `.dump` loses them.
    Unmarked(i32),
    NewerBoard,
    SomethingElse,
}

fn inspect(connection: &Connection) -> rusqlite::Result<Content> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let version = number("user_version")?;
    let tables: u32 =
        connection.query_one("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if tables == 0 {
        return Ok(Content::Nothing);
    }
    if has_computed_table(connection)? {
        return Ok(Content::SomethingElse);
    }
    if version == 0
        && let Some(version) = shape::version(connection)?
    {
        return Ok(Content::Unmarked(version));
    }
    if number("application_id")? == APPLICATION_ID {
        return Ok(match version.cmp(&SCHEMA_VERSION) {
            Ordering::Less => Content::OlderBoard,
            Ordering::Equal => Content::Current,
            Ordering::Greater => Content::NewerBoard,
        });
    }
    Ok(if foreign::is_board(connection)? {
        Content::OlderBoard
    } else {
        Content::SomethingElse
    })
}

/// Returns true if a view has the name of one of our tables: its rows are computed, and may have no end.
fn has_computed_table(connection: &Connection) -> rusqlite::Result<bool> {
    let mut views =
        connection.prepare("SELECT lower(name) FROM sqlite_schema WHERE type = 'view'")?;
    let names = views.query_map((), |row| row.get::<_, String>(0))?;
    let names = names.collect::<Result<Vec<_>, _>>()?;
    Ok(names.iter().any(|name| tables::is_ours(name)))
}

/// Copies the file into the folder `backups` beside it, as it is.
fn back_up(connection: &Connection, path: &Path, now: Timestamp) -> Result<(), Error> {
    let folder = path.with_file_name("backups");
    create_folder(&folder)?;
    // The process id keeps two that open the file in the same second apart.
    let copy = folder.join(format!("kanban-{}-{}.db", now.0, std::process::id()));
    connection
        .execute("VACUUM INTO ?1", [copy.to_string_lossy()])
        .map_err(|cause| explain(path, cause))?;
    tracing::info!(copy = %copy.display(), "copied the board before changing its schema");
    Ok(())
}

pub(crate) fn make_folder_of(path: &Path) -> Result<(), Error> {
    create_folder(path.parent().unwrap_or(Path::new(".")))
}

fn create_folder(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|cause| Error::CannotOpen {
        path: folder.to_owned(),
        cause: Arc::new(cause),
    })
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let explain = |cause| explain_migration(path, cause);
    write_ahead(connection)?;
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    if let Err(cause) = MIGRATIONS.to_latest(connection) {
        // Another process that opened the same file was faster; all its work was one transaction,
        // and so was ours, which failed.
        let missing = MIGRATIONS.pending_migrations(connection).map_err(explain)?;
        if missing != 0 {
            return Err(explain(cause));
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

pub(crate) fn explain(path: &Path, cause: rusqlite::Error) -> Error {
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
