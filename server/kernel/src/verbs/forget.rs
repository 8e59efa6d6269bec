//! Deleting old events.

use domain::command::Answer;
use domain::time::Timestamp;
use rusqlite::Connection;

use super::{Work, audit, index, outbox, undo};
use crate::error::Error;

/// Deletes old events of finished tasks, and acts and deliveries as old. Cursors stay valid,
/// because ids only grow; the newest event of the board is kept, so that a reader still sees the
/// end of the log.
pub(super) fn forget_events(work: &mut Work<'_>, before: Timestamp) -> Result<Answer, Error> {
    let last: i64 = work
        .conn
        .prepare_cached(&format!("SELECT coalesce(max(id), 0) {FORGETTABLE}"))?
        .query_one([before.0], |row| row.get(0))?;
    index::begin_anew_after(work, last)?;
    let count = work
        .conn
        .prepare_cached(&format!("DELETE {FORGETTABLE}"))?
        .execute([before.0])?;
    undo::forget(work, before)?;
    audit::forget(work)?;
    outbox::forget(work, before)?;
    Ok(Answer::Forgotten { count })
}

/// Counts the events that [`forget_events`] would delete.
pub(crate) fn count_forgettable(conn: &Connection, before: Timestamp) -> Result<usize, Error> {
    let count: i64 = conn
        .prepare_cached(&format!("SELECT count(*) {FORGETTABLE}"))?
        .query_one([before.0], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

const FORGETTABLE: &str = "FROM task_events \
     WHERE created_at < ?1 AND id < (SELECT max(id) FROM task_events) \
       AND task_id IN (SELECT id FROM tasks WHERE status IN ('done', 'archived'))";
