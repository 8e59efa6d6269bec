//! Changing the texts, the priority and the limits of a task. A change to the same value writes no
//! event.

use domain::command::Answer;
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::time::Seconds;

use super::Work;
use super::undo::Inverse;
use crate::error::Error;
use crate::tasks;

pub(super) fn edit(
    work: &mut Work<'_>,
    id: &TaskId,
    title: Option<&str>,
    body: Option<&str>,
) -> Result<Answer, Error> {
    let task = work.task(id)?;
    let new_title = title.map_or(task.title.as_str(), str::trim);
    if new_title.is_empty() {
        return Err(Refusal::BlankTitle.into());
    }
    let new_body = body.or(task.body.as_deref());
    if new_title == task.title && new_body == task.body.as_deref() {
        return Ok(Answer::Unchanged);
    }
    work.note(id, || Inverse::Text {
        title: task.title.clone(),
        body: task.body.clone(),
    });
    tasks::set_text(work.conn, id, new_title, new_body)?;
    work.log(id, &EventBody::Edited)?;
    Ok(Answer::Done)
}

pub(super) fn set_priority(
    work: &mut Work<'_>,
    id: &TaskId,
    priority: i64,
) -> Result<Answer, Error> {
    let before = work.task(id)?.priority;
    if before == priority {
        return Ok(Answer::Unchanged);
    }
    work.note(id, || Inverse::Priority(before));
    tasks::set_priority(work.conn, id, priority)?;
    work.log(id, &EventBody::Priority { priority })?;
    Ok(Answer::Done)
}

/// Changes the time limit and the failure limit of a task.
pub(super) fn limit(
    work: &mut Work<'_>,
    id: &TaskId,
    max_runtime: Option<Seconds>,
    failure_limit: Option<u32>,
) -> Result<Answer, Error> {
    let task = work.task(id)?;
    let before = (task.max_runtime, task.failure_limit);
    let after = (
        max_runtime.map_or(before.0, |limit| Some(limit).filter(|it| it.0 > 0)),
        failure_limit.map_or(before.1, |limit| Some(limit).filter(|it| *it > 0)),
    );
    if before == after {
        return Ok(Answer::Unchanged);
    }
    work.note(id, || Inverse::Limits {
        max_runtime: before.0,
        failure_limit: before.1,
    });
    tasks::set_limits(work.conn, id, after.0, after.1)?;
    work.log(id, &EventBody::Edited)?;
    Ok(Answer::Done)
}
