//! The rows of holds.

use domain::hold::{Cause, LaneHold, Probe};
use domain::id::RunId;
use domain::time::Timestamp;
use rusqlite::Connection;

use crate::error::Error;
use crate::row::{self, Columns, columns};

columns! {
    LaneHold {
        name, cause => |name: String| Cause::named(&name).unwrap_or(Cause::ByHand), reason, by,
        task: "task_id", since, until,
        probe: "probe, (SELECT started_at FROM runs WHERE id = probe AND ended_at IS NULL)" =>
            |(run, since): (Option<RunId>, Option<Timestamp>)| {
                run.zip(since).map(|(run, since)| Probe { run, since })
            };
        waiting: 0
    }
}

/// Returns the holds that have not ended, by name.
pub(crate) fn active(conn: &Connection) -> Result<Vec<LaneHold>, Error> {
    let sql = format!(
        "SELECT {} FROM lane_holds WHERE ended_at IS NULL ORDER BY name, by_hand",
        LaneHold::columns()
    );
    row::all(conn, &sql, ())
}

/// Returns the holds of a lane or a pool that have not ended: one by hand, and one that a worker met.
pub(crate) fn active_of(conn: &Connection, name: &str) -> Result<Vec<LaneHold>, Error> {
    let sql = format!(
        "SELECT {} FROM lane_holds WHERE ended_at IS NULL AND name = ?1",
        LaneHold::columns()
    );
    row::all(conn, &sql, [name])
}

/// Returns the hold of a lane or a pool that a worker met, unless it has ended.
pub(crate) fn met_of(conn: &Connection, name: &str) -> Result<Option<LaneHold>, Error> {
    let holds = active_of(conn, name)?.into_iter();
    let mut met = holds.filter(|hold| hold.cause != Cause::ByHand);
    Ok(met.next())
}
