//! Archiving a task.

use domain::actor::Actor;
use domain::command::{ArchiveTask, Change};
use domain::event::EventBody;
use domain::task::Task;
use domain::transition::Step;

use super::undo::Inverse;
use super::{CarryOut, Work, attempt, idempotency, promotion, subscribe};
use crate::error::Error;

impl CarryOut for ArchiveTask {
    /// Archives a task. Its worker loses it, its idempotency key is free again, and tasks that waited
    /// for it wait no longer.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        work.note(id, || Inverse::place(&task));
        put_away(work, actor, &task)?;
        work.log(id, &EventBody::Archived)?;
        subscribe::end_all_of(work, id)?;
        promotion::promote_children(work, id)?;
        Ok(Change::Done)
    }
}

/// Archives a task without the event and the effects on others.
pub(super) fn put_away(work: &mut Work<'_>, actor: &Actor, task: &Task) -> Result<(), Error> {
    let status = super::step(task, &Step::Archive, "archived")?;
    attempt::take_away(work, actor, &task.id)?;
    work.put(&task.id, &status, None)?;
    match &task.idempotency_key {
        Some(key) => idempotency::settle(work, key),
        None => Ok(()),
    }
}
