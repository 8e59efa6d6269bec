//! Pausing and resuming.

use domain::actor::Actor;
use domain::command::Answer;
use domain::error::Error as Refusal;
use rusqlite::Connection;

use super::Work;
use crate::error::Error;

/// Pauses a lane, or the whole dispatcher. Claims by hand are still granted, and open runs go on.
pub(super) fn pause(
    work: &mut Work<'_>,
    actor: &Actor,
    lane: Option<&str>,
) -> Result<Answer, Error> {
    if lane == Some("") {
        return Err(Refusal::BlankLane.into());
    }
    let inserted = work
        .conn
        .prepare_cached("INSERT OR IGNORE INTO pauses (lane, since, by) VALUES (?1, ?2, ?3)")?
        .execute((name(lane), work.now.0, &actor.name))?;
    Ok(answer(inserted))
}

/// Resumes a lane, or the whole dispatcher.
pub(super) fn resume(work: &mut Work<'_>, lane: Option<&str>) -> Result<Answer, Error> {
    let deleted = work
        .conn
        .prepare_cached("DELETE FROM pauses WHERE lane = ?1")?
        .execute([name(lane)])?;
    Ok(answer(deleted))
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

fn answer(changed: usize) -> Answer {
    if changed == 0 {
        Answer::Unchanged
    } else {
        Answer::Done
    }
}
