//! Deleting old events.

use domain::actor::Actor;
use domain::command::{Count, ForgetEvents};
use domain::time::Timestamp;
use rusqlite::Connection;

use super::{CarryOut, Work, audit, index, outbox, undo};
use crate::error::Error;
use crate::row;

impl CarryOut for ForgetEvents {
    /// Deletes old events of finished tasks, and acts and deliveries as old. Cursors stay valid,
    /// because ids only grow; the newest event of the board is kept, so that a reader still sees the
    /// end of the log.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Count, Error> {
        let before = self.before;
        let last = format!("SELECT max(id) {FORGETTABLE}");
        index::begin_anew_after(work, row::one(work.conn, &last, [before.0])?)?;
        let count = work
            .conn
            .prepare_cached(&format!("DELETE {FORGETTABLE}"))?
            .execute([before.0])?;
        undo::forget(work, before)?;
        audit::forget(work)?;
        outbox::forget(work, before)?;
        Ok(Count(count))
    }
}

/// Counts the events that [`ForgetEvents`] would delete.
pub(crate) fn count_forgettable(conn: &Connection, before: Timestamp) -> Result<usize, Error> {
    row::one(conn, &format!("SELECT count(*) {FORGETTABLE}"), [before.0])
}

const FORGETTABLE: &str = "FROM task_events \
     WHERE created_at < ?1 AND id < (SELECT max(id) FROM task_events) \
       AND task_id IN (SELECT id FROM tasks WHERE status IN ('done', 'archived'))";
