//! Finishing a task.

use domain::command::Answer;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::transition::Step;

use super::{Work, promotion};
use crate::error::Error;
use crate::runs;

pub(super) fn complete(
    work: &mut Work<'_>,
    id: &TaskId,
    result: Option<&str>,
) -> Result<Answer, Error> {
    let task = work.task(id)?;
    let status = super::step(&task, &Step::Complete, "completed")?;
    runs::close_open_run_of(work.conn, work.now, id, Outcome::Completed)?;
    work.put(id, &status, None)?;
    work.conn
        .prepare_cached(
            "UPDATE tasks SET completed_at = ?2, result = ?3, spawn_failures = 0, \
                 last_spawn_error = NULL \
             WHERE id = ?1",
        )?
        .execute((id.as_str(), work.now.0, result))?;
    let result_len = result.map_or(0, |text| text.chars().count());
    work.log(id, &EventBody::Completed { result_len })?;
    promotion::promote_children(work, id)?;
    Ok(Answer::Done)
}
