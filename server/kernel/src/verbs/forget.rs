//! Forgetting what nobody asks for any more.

use domain::command::Answer;
use domain::time::Timestamp;

use super::Work;
use crate::error::Error;

/// Deletes old events of finished tasks. Cursors stay valid, because ids only grow; the newest event
/// of the board is kept, so that a reader still sees how far the log has come.
pub(super) fn forget_events(work: &mut Work<'_>, before: Timestamp) -> Result<Answer, Error> {
    let count = work
        .conn
        .prepare_cached(
            "DELETE FROM task_events \
             WHERE created_at < ?1 AND id < (SELECT max(id) FROM task_events) \
               AND task_id IN (SELECT id FROM tasks WHERE status IN ('done', 'archived'))",
        )?
        .execute([before.0])?;
    Ok(Answer::Forgotten { count })
}
