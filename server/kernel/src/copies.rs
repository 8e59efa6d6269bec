//! Copies of whole files, and looking into a file without trusting it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::home::HomeIdentity;
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use tokio::task::spawn_blocking;

use crate::error::Error;
use crate::numbers;
use crate::open;
use crate::verbs::home;
use crate::{IfLost, Kernel};

/// The maximum number of problems that are listed.
const NAMED_PROBLEMS: u32 = 20;

/// The result of examining a database file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The number of its last migration.
    pub schema: i32,
    /// True if that is the newest; opening the board brings an earlier one up to date.
    pub is_current: bool,
    /// The number of its tasks.
    pub tasks: u32,
    /// The problems found, a sentence each; none when it is sound.
    pub problems: Vec<String>,
    /// The tables that run out of numbers for new rows, which never happens by itself.
    pub worn_out: Vec<String>,
}

impl Kernel {
    /// Writes a copy of the board, as it is at one moment, to a file that does not exist yet, and
    /// examines the copy before it is renamed to `to`. Blocks no other caller.
    ///
    /// # Errors
    /// Fails if there is a file at `to`, it cannot be written, or the copy is not sound.
    pub async fn back_up(&self, to: &Path) -> Result<Examined, Error> {
        let (from, to) = (self.readers.path().to_owned(), to.to_owned());
        spawn_blocking(move || copy(&from, &to))
            .await
            .map_err(|_| Error::Internal)?
    }
}

/// Returns the version of the built-in SQLite.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// Examines the whole file of a board, of this version or an earlier one. It blocks, and writes
/// nothing.
///
/// # Errors
/// Fails if the file cannot be opened or is not a board.
pub fn examine(path: &Path) -> Result<Examined, Error> {
    let connection = open::existing(path)?;
    let examined = look_through(&connection).map_err(|cause| open::explain(path, cause))?;
    Ok(examined)
}

/// Copies a board of any version, as `VACUUM INTO` does: with all that is committed, also where it is
/// still in the write-ahead log. It blocks.
///
/// # Errors
/// Fails if `from` is not a sound board, or `to` exists or cannot be written.
pub fn copy(from: &Path, to: &Path) -> Result<Examined, Error> {
    let source = open::existing(from)?;
    if to.symlink_metadata().is_ok() {
        return Err(Error::Exists(to.to_owned()));
    }
    let draft = Draft::beside(to);
    source
        .execute("VACUUM INTO ?1", [draft.0.to_string_lossy()])
        .map_err(|cause| open::explain(&draft.0, cause))?;
    let examined = examine(&draft.0)?;
    if !examined.problems.is_empty() {
        return Err(Error::Corrupt(from.to_owned()));
    }
    let kept = File::open(&draft.0)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&draft.0, to));
    kept.map_err(|cause| Error::CannotOpen {
        path: to.to_owned(),
        cause: Arc::new(cause),
    })?;
    Ok(examined)
}

/// Lets the board at `path`, which nobody has open, be this home's, whose workspaces are in the folder
/// `workspaces`. One that is `from` elsewhere is paused until a person says that it is the only one. It
/// blocks.
///
/// # Errors
/// When the file cannot be opened or written.
pub fn take_in(
    path: &Path,
    now: Timestamp,
    from: Option<&str>,
    home: &HomeIdentity,
    workspaces: &Path,
) -> Result<(), Error> {
    let mut connection = open::for_writing(path, now, IfLost::Refuse)?;
    let transaction = connection.transaction()?;
    if let Some(from) = from {
        home::await_word(&transaction, now, from)?;
    }
    home::settle(&transaction, home, &workspaces.to_string_lossy())?;
    transaction.commit()?;
    connection.close().map_err(|(_, cause)| Error::from(cause))
}

/// Returns true when the board at `path` has the first task of the one at `copy`, or that has none: tasks
/// are never removed, so the one is the other as of another day.
///
/// # Errors
/// When one of them cannot be opened or is not a board.
pub fn is_copy_of(path: &Path, copy: &Path) -> Result<bool, Error> {
    let first = "SELECT id FROM tasks ORDER BY created_at, id LIMIT 1";
    let first: Option<String> = open::existing(copy)?
        .query_one(first, (), |row| row.get(0))
        .optional()?;
    let board = open::existing(path)?;
    let mut has = board.prepare("SELECT 1 FROM tasks WHERE id = ?1")?;
    Ok(first.map_or(Ok(true), |first| has.exists([first]))?)
}

/// Returns true when the board at `path` was told to start nothing.
///
/// # Errors
/// When it cannot be opened or is not a board of this version.
pub fn is_paused(path: &Path) -> Result<bool, Error> {
    let board = open::existing(path)?;
    let mut paused = board.prepare("SELECT 1 FROM pauses WHERE lane = ''")?;
    Ok(paused.exists(())?)
}

/// A temporary file, renamed once it is complete. Dropping it removes it, if it still exists.
struct Draft(PathBuf);

impl Draft {
    fn beside(path: &Path) -> Self {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        Self(path.with_file_name(name))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A file that has been renamed no longer exists here.
        fs::remove_file(&self.0).ok();
    }
}

fn look_through(conn: &Connection) -> rusqlite::Result<Examined> {
    let mut problems = Vec::new();
    let mut check = conn.prepare(&format!("PRAGMA integrity_check({NAMED_PROBLEMS})"))?;
    for finding in check.query_map((), |row| row.get::<_, String>(0))? {
        let finding = finding?;
        if finding != "ok" {
            problems.push(finding);
        }
    }
    let mut check = conn.prepare("PRAGMA foreign_key_check")?;
    for row in check.query_map((), |row| row.get::<_, String>(0))? {
        problems.push(format!("a row of {} belongs to no task", row?));
    }
    let schema = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(Examined {
        schema,
        is_current: schema == open::SCHEMA_VERSION,
        tasks: conn.query_one("SELECT count(*) FROM tasks", (), |row| row.get(0))?,
        problems,
        worn_out: numbers::worn_out(conn)?,
    })
}
