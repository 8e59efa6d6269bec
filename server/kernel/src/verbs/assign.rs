//! Assigning a task.

use domain::actor::Actor;
use domain::command::{AssignTask, Change};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::status::Status;

use super::undo::{FailureState, Inverse};
use super::{CarryOut, Work, attempt, said};
use crate::error::Error;
use crate::tasks;

impl CarryOut for AssignTask {
    /// Assigns a task. A new assignee starts without the failures of the one before. A running task is
    /// refused unless its worker is to be stopped; then it is ready for the new one, or for the same.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        let assignee = said(self.assignee.as_deref());
        let is_running = task.status == Status::Running;
        if task.assignee.as_deref() == assignee {
            if is_running && self.stop {
                return attempt::reclaim(work, actor, &task, self.reason.as_deref());
            }
            return Ok(Change::Unchanged);
        }
        if is_running && !self.stop {
            return Err(Refusal::RunningReassign { task: id.clone() }.into());
        }
        work.note(id, || Inverse::Assignee {
            assignee: task.assignee.clone(),
            standing: FailureState::from(&task),
        });
        attempt::take_away(work, actor, id)?;
        tasks::set_assignee(work.conn, id, assignee)?;
        tasks::forgive(work.conn, id)?;
        tasks::set_not_before(work.conn, id, None)?;
        let event = EventBody::Assigned {
            assignee: assignee.map(str::to_owned),
        };
        if is_running {
            attempt::release(work, &task, None, &event)?;
        } else {
            work.log(id, &event)?;
        }
        Ok(Change::Done)
    }
}
