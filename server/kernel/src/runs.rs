//! The rows of attempts.

use domain::id::{RunId, RunToken, TaskId};
use domain::run::Outcome;
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::Error;
use crate::row;

/// An attempt that has not ended, as the verbs need it.
pub(crate) struct OpenRun {
    pub(crate) id: RunId,
    pub(crate) task: TaskId,
    pub(crate) lane: Option<String>,
}

const OPEN_RUN: &str = "SELECT id, task_id, lane FROM runs WHERE ended_at IS NULL";

fn open_run(row: &Row<'_>) -> rusqlite::Result<OpenRun> {
    Ok(OpenRun {
        id: RunId(row.get(0)?),
        task: row::task_id(row, 1)?,
        lane: row.get(2)?,
    })
}

/// The open run of a task.
pub(crate) fn open_run_of(conn: &Connection, task: &TaskId) -> Result<Option<OpenRun>, Error> {
    let mut statement = conn.prepare_cached(&format!("{OPEN_RUN} AND task_id = ?1"))?;
    Ok(statement.query_one([task.as_str()], open_run).optional()?)
}

/// The run, if it is open.
pub(crate) fn open_run_with_id(conn: &Connection, run: RunId) -> Result<Option<OpenRun>, Error> {
    let mut statement = conn.prepare_cached(&format!("{OPEN_RUN} AND id = ?1"))?;
    Ok(statement.query_one([run.0], open_run).optional()?)
}

/// The run that this token opens, if it is open.
pub(crate) fn open_run_with_token(
    conn: &Connection,
    token: &RunToken,
) -> Result<Option<OpenRun>, Error> {
    let mut statement = conn.prepare_cached(&format!("{OPEN_RUN} AND token = ?1"))?;
    Ok(statement.query_one([token.as_str()], open_run).optional()?)
}

/// How many runs are open on the whole board.
pub(crate) fn count_open(conn: &Connection) -> Result<u32, Error> {
    let mut statement = conn.prepare_cached("SELECT count(*) FROM runs WHERE ended_at IS NULL")?;
    Ok(statement.query_one((), |row| row::count(row, 0))?)
}

/// How many runs are open in a lane.
pub(crate) fn count_open_in(conn: &Connection, lane: &str) -> Result<u32, Error> {
    let mut statement =
        conn.prepare_cached("SELECT count(*) FROM runs WHERE ended_at IS NULL AND lane = ?1")?;
    Ok(statement.query_one([lane], |row| row::count(row, 0))?)
}

/// What is known of the end of a run, beside its outcome.
#[derive(Default)]
pub(crate) struct End<'a> {
    pub(crate) code: Option<i32>,
    pub(crate) error: Option<&'a str>,
    pub(crate) summary: Option<&'a str>,
    pub(crate) metadata: Option<&'a str>,
}

/// Closes a run. From here on its token opens nothing.
pub(crate) fn close(
    conn: &Connection,
    now: Timestamp,
    run: RunId,
    outcome: Outcome,
    end: &End<'_>,
) -> Result<(), Error> {
    conn.prepare_cached(
        "UPDATE runs SET ended_at = ?2, outcome = ?3, exit_code = coalesce(?4, exit_code), \
             error = ?5, summary = ?6, metadata = ?7 \
         WHERE id = ?1",
    )?
    .execute((
        run.0,
        now.0,
        outcome.as_str(),
        end.code,
        end.error,
        end.summary,
        end.metadata,
    ))?;
    Ok(())
}

/// Closes the open run of a task, if it has one, and says which it was.
pub(crate) fn close_open_run_of(
    conn: &Connection,
    now: Timestamp,
    task: &TaskId,
    outcome: Outcome,
) -> Result<Option<RunId>, Error> {
    let Some(run) = open_run_of(conn, task)? else {
        return Ok(None);
    };
    close(conn, now, run.id, outcome, &End::default())?;
    Ok(Some(run.id))
}
