//! Dependencies between tasks. The links never form a cycle.

use domain::actor::Actor;
use domain::command::{Change, LinkTasks, UnlinkTasks};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::status::Status;
use domain::task::Task;

use super::named::{self, Named};
use super::undo::Inverse;
use super::{CarryOut, Work, promotion};
use crate::error::Error;

/// Selects a row if `?2` is the task `?1` or depends on it, directly or through others. `UNION`
/// visits a task once, so that this ends even in a file that holds a cycle already.
const DEPENDS_ON: &str = "WITH RECURSIVE descendant (id) AS ( \
         VALUES (?1) UNION SELECT link.child_id FROM task_links AS link, descendant \
         WHERE link.parent_id = descendant.id) \
     SELECT 1 FROM descendant WHERE id = ?2";

impl CarryOut for LinkTasks {
    /// Makes `child` wait for `parent`. A child that was ready waits; one that runs goes on, marked.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { parent, child } = self;
        if parent == child {
            return Err(Refusal::SelfLink.into());
        }
        let named = named::find_all(work, [parent.as_str(), child], Refusal::UnknownTasks)?;
        let Ok([parent, child]) = <[Named; 2]>::try_from(named) else {
            return Err(Error::Internal);
        };
        let (parent, child) = (parent.id, child.id);
        let before = work.task(&child)?;
        if !insert(work, &parent, &child)? {
            return Ok(Change::Unchanged);
        }
        work.note(&child, || Inverse::Linked {
            parent: parent.clone(),
            was_put_aside: is_put_aside(&before),
        });
        let linked = EventBody::Linked {
            parent: parent.clone(),
            child: child.clone(),
        };
        work.log(&child, &linked)?;
        wait_if_needed(work, &parent, &child)?;
        Ok(Change::Done)
    }
}

impl CarryOut for UnlinkTasks {
    /// Removes a dependency. If there is no such link, or no such task, nothing changes.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { parent, child } = self;
        if !delete(work, parent, child)? {
            return Ok(Change::Unchanged);
        }
        let before = work.task(child)?;
        work.note(child, || Inverse::Unlinked {
            parent: parent.clone(),
            was_put_aside: is_put_aside(&before),
        });
        let unlinked = EventBody::Unlinked {
            parent: parent.clone(),
            child: child.clone(),
        };
        work.log(child, &unlinked)?;
        promotion::promote_one(work, child, Some(parent))?;
        Ok(Change::Done)
    }
}

/// Returns true if a person put the task into `todo`, so that only a person takes it out again.
fn is_put_aside(task: &Task) -> bool {
    task.status == Status::Todo && !task.waiting
}

/// Writes the link unless it exists; returns true if it was new.
pub(super) fn insert(work: &Work<'_>, parent: &TaskId, child: &TaskId) -> Result<bool, Error> {
    let depends_on = work
        .conn
        .prepare_cached(DEPENDS_ON)?
        .exists((child.as_str(), parent.as_str()))?;
    if depends_on {
        let (parent, child) = (parent.clone(), child.clone());
        return Err(Refusal::LinkCycle { parent, child }.into());
    }
    write(work, parent, child)
}

/// Writes a link that cannot close a cycle; returns true if it was new.
pub(super) fn write(work: &Work<'_>, parent: &TaskId, child: &TaskId) -> Result<bool, Error> {
    let inserted = work
        .conn
        .prepare_cached("INSERT OR IGNORE INTO task_links (parent_id, child_id) VALUES (?1, ?2)")?
        .execute((parent.as_str(), child.as_str()))?;
    Ok(inserted == 1)
}

/// Removes the link; returns true if there was one.
pub(super) fn delete(work: &Work<'_>, parent: &TaskId, child: &TaskId) -> Result<bool, Error> {
    let deleted = work
        .conn
        .prepare_cached("DELETE FROM task_links WHERE parent_id = ?1 AND child_id = ?2")?
        .execute((parent.as_str(), child.as_str()))?;
    Ok(deleted == 1)
}

/// Makes `child` wait if it has to, now that it depends on `parent`.
pub(super) fn wait_if_needed(
    work: &mut Work<'_>,
    parent: &TaskId,
    child: &TaskId,
) -> Result<(), Error> {
    if work.task(parent)?.status.is_finished() {
        Ok(())
    } else {
        promotion::let_wait(work, child, parent)
    }
}
