//! Archiving a task.

use domain::actor::Actor;
use domain::command::Answer;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::task::Task;
use domain::transition::Step;

use super::undo::Inverse;
use super::{Work, attempt, idempotency, promotion, subscribe};
use crate::error::Error;

/// Archives a task. Its worker loses it, its idempotency key is free again, and tasks that waited
/// for it wait no longer.
pub(super) fn archive(work: &mut Work<'_>, actor: &Actor, id: &TaskId) -> Result<Answer, Error> {
    let task = work.task(id)?;
    work.note(id, || Inverse::place(&task));
    put_away(work, actor, &task)?;
    work.log(id, &EventBody::Archived)?;
    subscribe::end_all_of(work, id)?;
    promotion::promote_children(work, id)?;
    Ok(Answer::Done)
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
