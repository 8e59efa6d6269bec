//! Changing what a task says, and how urgent it is. What changes nothing is no event.

use domain::command::Answer;
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;

use super::Work;
use crate::error::Error;

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
    work.conn
        .prepare_cached("UPDATE tasks SET title = ?2, body = ?3 WHERE id = ?1")?
        .execute((id.as_str(), new_title, new_body))?;
    work.log(id, &EventBody::Edited)?;
    Ok(Answer::Done)
}

pub(super) fn set_priority(
    work: &mut Work<'_>,
    id: &TaskId,
    priority: i64,
) -> Result<Answer, Error> {
    if work.task(id)?.priority == priority {
        return Ok(Answer::Unchanged);
    }
    work.conn
        .prepare_cached("UPDATE tasks SET priority = ?2 WHERE id = ?1")?
        .execute((id.as_str(), priority))?;
    work.log(id, &EventBody::Priority { priority })?;
    Ok(Answer::Done)
}
