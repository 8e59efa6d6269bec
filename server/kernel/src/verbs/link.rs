//! Dependencies between tasks. The links never form a cycle.

use domain::actor::Actor;
use domain::command::{Change, LinkTasks, UnlinkTasks};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::outcome::StartOn;
use domain::status::Status;
use domain::task::Task;

use super::named::{self, Named};
use super::undo::Inverse;
use super::{CarryOut, Work, promotion};
use crate::error::Error;
use crate::row;

/// Selects a row if `?2` is the task `?1` or depends on it, directly or through others. `UNION`
/// visits a task once, so that this ends even in a file that holds a cycle already.
const DEPENDS_ON: &str = "WITH RECURSIVE descendant (id) AS ( \
         VALUES (?1) UNION SELECT link.child_id FROM task_links AS link, descendant \
         WHERE link.parent_id = descendant.id) \
     SELECT 1 FROM descendant WHERE id = ?2";

impl CarryOut for LinkTasks {
    /// Makes `child` wait for `parent`. A child that was ready waits; one that runs goes on, marked. Where
    /// the link is there, its condition changes.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { parent, child, on } = self;
        if parent == child {
            return Err(Refusal::SelfLink.into());
        }
        let named = named::find_all(work, [parent.as_str(), child], Refusal::UnknownTasks)?;
        let Ok([parent, child]) = <[Named; 2]>::try_from(named) else {
            return Err(Error::Internal);
        };
        let (parent, child) = (parent.id, child.id);
        let before = work.task(&child)?;
        let old = condition(work, &parent, &child)?;
        let new = on.or(old).unwrap_or_default();
        let inverse = match old {
            Some(old) if old == new => return Ok(Change::Unchanged),
            Some(on) => Inverse::StartOn {
                parent: parent.clone(),
                on,
            },
            None => {
                check_cycle(work, &parent, &child)?;
                Inverse::Linked {
                    parent: parent.clone(),
                    was_put_aside: is_put_aside(&before),
                }
            }
        };
        write(work, &parent, &child, new)?;
        work.note(&child, || inverse);
        let linked = EventBody::Linked {
            parent: parent.clone(),
            child: child.clone(),
            on: new,
        };
        work.log(&child, &linked)?;
        if old.is_none() || !is_put_aside(&before) {
            settle(work, &parent, &child, new)?;
        }
        Ok(Change::Done)
    }
}

impl CarryOut for UnlinkTasks {
    /// Removes a dependency. If there is no such link, or no such task, nothing changes.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { parent, child } = self;
        let Some(on) = condition(work, parent, child)? else {
            return Ok(Change::Unchanged);
        };
        delete(work, parent, child)?;
        let before = work.task(child)?;
        work.note(child, || Inverse::Unlinked {
            parent: parent.clone(),
            on,
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
pub(super) fn is_put_aside(task: &Task) -> bool {
    task.status == Status::Todo && !task.waiting
}

/// Returns the condition of the link, if there is one.
fn condition(work: &Work<'_>, parent: &TaskId, child: &TaskId) -> Result<Option<StartOn>, Error> {
    let sql = "SELECT start_on FROM task_links WHERE parent_id = ?1 AND child_id = ?2";
    row::find(work.conn, sql, (parent.as_str(), child.as_str()))
}

/// Refuses a link by which a task would wait for itself.
fn check_cycle(work: &Work<'_>, parent: &TaskId, child: &TaskId) -> Result<(), Error> {
    let depends_on = work
        .conn
        .prepare_cached(DEPENDS_ON)?
        .exists((child.as_str(), parent.as_str()))?;
    if depends_on {
        let (parent, child) = (parent.clone(), child.clone());
        return Err(Refusal::LinkCycle { parent, child }.into());
    }
    Ok(())
}

/// Writes a link that cannot close a cycle, or changes its condition.
pub(super) fn write(
    work: &Work<'_>,
    parent: &TaskId,
    child: &TaskId,
    on: StartOn,
) -> Result<(), Error> {
    work.conn
        .prepare_cached(
            "INSERT INTO task_links (parent_id, child_id, start_on) VALUES (?1, ?2, ?3) \
             ON CONFLICT (parent_id, child_id) DO UPDATE SET start_on = excluded.start_on",
        )?
        .execute((parent.as_str(), child.as_str(), on.as_str()))?;
    Ok(())
}

/// Removes the link, if there is one.
pub(super) fn delete(work: &Work<'_>, parent: &TaskId, child: &TaskId) -> Result<(), Error> {
    work.conn
        .prepare_cached("DELETE FROM task_links WHERE parent_id = ?1 AND child_id = ?2")?
        .execute((parent.as_str(), child.as_str()))?;
    Ok(())
}

/// Puts a link back that was there before, unless it closes a cycle by now.
pub(super) fn restore(
    work: &mut Work<'_>,
    parent: &TaskId,
    child: &TaskId,
    on: StartOn,
) -> Result<(), Error> {
    check_cycle(work, parent, child)?;
    write(work, parent, child, on)
}

/// Makes `child` wait if it has to, now that it starts on this outcome of `parent`, or lets it go.
pub(super) fn settle(
    work: &mut Work<'_>,
    parent: &TaskId,
    child: &TaskId,
    on: StartOn,
) -> Result<(), Error> {
    let task = work.task(parent)?;
    if task.status.is_finished() && on.is_met_by(task.outcome) {
        promotion::promote_one(work, child, Some(parent))
    } else {
        promotion::let_wait(work, child, parent)
    }
}
