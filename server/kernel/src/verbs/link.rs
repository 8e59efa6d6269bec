//! Letting tasks wait for one another. The links never form a cycle.

use domain::command::Answer;
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;

use super::named::{self, Named};
use super::{Work, promotion};
use crate::error::Error;

/// Whether `?2` is the task `?1` or depends on it, directly or through others. `UNION` visits a
/// task once, so that this ends even in a file that holds a cycle already.
const DEPENDS_ON: &str = "WITH RECURSIVE descendant (id) AS ( \
         VALUES (?1) UNION SELECT link.child_id FROM task_links AS link, descendant \
         WHERE link.parent_id = descendant.id) \
     SELECT 1 FROM descendant WHERE id = ?2";

/// Lets `child` wait for `parent`. A child that was ready waits; one that runs is left alone.
pub(super) fn link(work: &mut Work<'_>, parent: &str, child: &str) -> Result<Answer, Error> {
    if parent == child {
        return Err(Refusal::SelfLink.into());
    }
    let named = named::find_all(work, [parent, child], Refusal::UnknownTasks)?;
    let Ok([parent, child]) = <[Named; 2]>::try_from(named) else {
        return Err(Error::Internal);
    };
    let (parent, parent_status, child) = (parent.id, parent.status, child.id);
    if depends_on(work, &child, &parent)? {
        return Err(Refusal::LinkCycle { parent, child }.into());
    }
    let inserted = work
        .conn
        .prepare_cached("INSERT OR IGNORE INTO task_links (parent_id, child_id) VALUES (?1, ?2)")?
        .execute((parent.as_str(), child.as_str()))?;
    if inserted == 0 {
        return Ok(Answer::Unchanged);
    }
    work.log(
        &child,
        &EventBody::Linked {
            parent: parent.clone(),
            child: child.clone(),
        },
    )?;
    if !parent_status.is_finished() {
        promotion::let_wait(work, &child, &parent)?;
    }
    Ok(Answer::Done)
}

/// Lets `child` no longer wait for `parent`.
pub(super) fn unlink(
    work: &mut Work<'_>,
    parent: &TaskId,
    child: &TaskId,
) -> Result<Answer, Error> {
    let deleted = work
        .conn
        .prepare_cached("DELETE FROM task_links WHERE parent_id = ?1 AND child_id = ?2")?
        .execute((parent.as_str(), child.as_str()))?;
    if deleted == 0 {
        return Ok(Answer::Unchanged);
    }
    work.log(
        child,
        &EventBody::Unlinked {
            parent: parent.clone(),
            child: child.clone(),
        },
    )?;
    promotion::promote_one(work, child)?;
    Ok(Answer::Done)
}

fn depends_on(work: &Work<'_>, ancestor: &TaskId, task: &TaskId) -> Result<bool, Error> {
    let mut statement = work.conn.prepare_cached(DEPENDS_ON)?;
    Ok(statement.exists((ancestor.as_str(), task.as_str()))?)
}
