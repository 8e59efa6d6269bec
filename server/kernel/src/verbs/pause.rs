//! Pausing and resuming.

use domain::actor::Actor;
use domain::command::{Change, Pause, Resume};
use domain::error::Error as Refusal;
use rusqlite::Connection;

use super::{CarryOut, Work};
use crate::error::Error;

impl CarryOut for Pause {
    /// Pauses a lane, or the whole dispatcher. Claims by hand are still granted, and open runs go on.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let lane = self.lane.as_deref();
        if lane == Some("") {
            return Err(Refusal::BlankLane.into());
        }
        let inserted = work
            .conn
            .prepare_cached("INSERT OR IGNORE INTO pauses (lane, since, by) VALUES (?1, ?2, ?3)")?
            .execute((name(lane), work.now.0, &actor.name))?;
        Ok(answer(inserted))
    }
}

impl CarryOut for Resume {
    /// Resumes a lane, or the whole dispatcher.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let deleted = work
            .conn
            .prepare_cached("DELETE FROM pauses WHERE lane = ?1")?
            .execute([name(self.lane.as_deref())])?;
        Ok(answer(deleted))
    }
}

/// Returns true if the lane, or with `None` the whole dispatcher, is paused.
pub(super) fn is_paused(conn: &Connection, lane: Option<&str>) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM pauses WHERE lane = ?1")?;
    Ok(statement.exists([name(lane)])?)
}

/// Returns the name of a lane in the table, where the empty one is the whole dispatcher.
fn name(lane: Option<&str>) -> &str {
    lane.unwrap_or_default()
}

fn answer(changed: usize) -> Change {
    if changed == 0 {
        Change::Unchanged
    } else {
        Change::Done
    }
}
