//! Putting a task away.

use domain::actor::Actor;
use domain::command::Answer;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::transition::Step;

use super::{Work, attempt, idempotency, promotion};
use crate::error::Error;

/// Archives a task. Its worker loses it, its idempotency key is free again, and whoever waited for
/// it waits no longer.
pub(super) fn archive(work: &mut Work<'_>, actor: &Actor, id: &TaskId) -> Result<Answer, Error> {
    let task = work.task(id)?;
    let status = super::step(&task, &Step::Archive, "archived")?;
    attempt::take_away(work, actor, id)?;
    work.put(id, &status, None)?;
    if let Some(key) = &task.idempotency_key {
        idempotency::settle(work, key)?;
    }
    work.log(id, &EventBody::Archived)?;
    promotion::promote_children(work, id)?;
    Ok(Answer::Done)
}
