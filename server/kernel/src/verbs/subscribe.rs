//! Telling somebody what becomes of a task.

use domain::command::Answer;
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::notify::Address;

use super::Work;
use crate::error::Error;
use crate::events;

/// Subscribes from the newest event on: nobody is told what happened before they asked.
pub(super) fn subscribe(work: &mut Work<'_>, task: &TaskId, to: &Address) -> Result<Answer, Error> {
    if to.platform.trim().is_empty() || to.chat_id.trim().is_empty() {
        return Err(Refusal::BlankAddress.into());
    }
    work.task(task)?;
    let newest = events::newest(work.conn)?;
    let inserted = work
        .conn
        .prepare_cached(
            "INSERT OR IGNORE INTO kanban_notify_subs \
                 (task_id, platform, chat_id, thread_id, user_id, created_at, last_event_id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            task.as_str(),
            to.platform.trim(),
            to.chat_id.trim(),
            &to.thread_id,
            &to.user_id,
            work.now.0,
            newest.0,
        ))?;
    Ok(if inserted == 1 {
        Answer::Done
    } else {
        Answer::Unchanged
    })
}

pub(super) fn unsubscribe(
    work: &mut Work<'_>,
    task: &TaskId,
    to: &Address,
) -> Result<Answer, Error> {
    let deleted = work
        .conn
        .prepare_cached(
            "DELETE FROM kanban_notify_subs \
             WHERE task_id = ?1 AND platform = ?2 AND chat_id = ?3 AND thread_id = ?4",
        )?
        .execute((
            task.as_str(),
            to.platform.trim(),
            to.chat_id.trim(),
            &to.thread_id,
        ))?;
    Ok(if deleted == 1 {
        Answer::Done
    } else {
        Answer::Unchanged
    })
}
