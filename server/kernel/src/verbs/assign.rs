//! Assigning a task.

use domain::actor::Actor;
use domain::command::Answer;
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::status::Status;

use super::undo::{Inverse, Standing};
use super::{Work, attempt, said};
use crate::error::Error;
use crate::tasks;

/// Assigns a task. A new assignee starts without the failures of the one before. A running task is
/// refused unless its worker is to be stopped; then it is ready for the new one.
pub(super) fn assign(
    work: &mut Work<'_>,
    actor: &Actor,
    id: &TaskId,
    assignee: Option<&str>,
    stop: bool,
) -> Result<Answer, Error> {
    let task = work.task(id)?;
    let assignee = said(assignee);
    if task.assignee.as_deref() == assignee {
        return Ok(Answer::Unchanged);
    }
    if task.status == Status::Running && !stop {
        return Err(Refusal::RunningReassign { task: id.clone() }.into());
    }
    work.note(id, || Inverse::Assignee {
        assignee: task.assignee.clone(),
        standing: Standing::from(&task),
    });
    attempt::take_away(work, actor, id)?;
    tasks::set_assignee(work.conn, id, assignee)?;
    tasks::forgive(work.conn, id)?;
    tasks::end_rest(work.conn, id)?;
    let event = EventBody::Assigned {
        assignee: assignee.map(str::to_owned),
    };
    if task.status == Status::Running {
        attempt::release(work, &task, None, &event)?;
    } else {
        work.log(id, &event)?;
    }
    Ok(Answer::Done)
}
