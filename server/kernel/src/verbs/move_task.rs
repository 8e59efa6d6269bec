//! Moving a task to another column by hand.

use domain::actor::Actor;
use domain::command::{Change, MoveTask, UnblockTask};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::status::Status;
use domain::transition::{self, Step};

use super::undo::Inverse;
use super::{CarryOut, UnmetLinks, Work, attempt, idempotency, promotion};
use crate::error::Error;
use crate::tasks;

impl CarryOut for MoveTask {
    /// Moves a task. A worker that has it loses it; children of a task that was finished wait again. A
    /// blocked or scheduled task that is moved to `ready` is unblocked, so it may end up in `todo`.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let Self { task: id, to } = self;
        let task = work.task(id)?;
        if task.status == *to {
            return Ok(Change::Unchanged);
        }
        let status = transition::after(&task.status, &Step::Move(to.clone())).ok_or_else(|| {
            let (task, status) = (id.clone(), task.status.clone());
            Refusal::NoSuchMove {
                task,
                status,
                to: to.clone(),
            }
        })?;
        if status == Status::Ready {
            let unblock = Step::Unblock { is_waiting: false };
            if transition::after(&task.status, &unblock).is_some() {
                return UnblockTask { task: id.clone() }.carry_out(work, actor);
            }
            UnmetLinks::of(work.conn, id)?.refuse(id)?;
        }
        work.note(id, || Inverse::place(&task));
        attempt::take_away(work, actor, id)?;
        work.put(id, &status, None)?;
        tasks::end_deferrals(work.conn, id)?;
        if let (Status::Archived, Some(key)) = (&task.status, &task.idempotency_key) {
            idempotency::settle(work, key)?;
        }
        work.log(id, &EventBody::Status { status })?;
        if task.status.is_finished() {
            promotion::demote_children(work, id)?;
        }
        Ok(Change::Done)
    }
}
