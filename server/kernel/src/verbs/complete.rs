//! Completing a task.

use domain::command::Answer;
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::transition::Step;

use super::undo::Inverse;
use super::{Work, promotion};
use crate::error::Error;
use crate::runs::End;
use crate::tasks;

/// The report of a worker or a person who finishes a task.
pub(super) struct HandOff<'a> {
    pub(super) result: Option<&'a str>,
    pub(super) summary: Option<&'a str>,
    /// The text of a JSON object.
    pub(super) metadata: Option<&'a str>,
}

pub(super) fn complete(
    work: &mut Work<'_>,
    id: &TaskId,
    said: &HandOff<'_>,
) -> Result<Answer, Error> {
    let task = work.task(id)?;
    let status = super::step(&task, &Step::Complete, "completed")?;
    if said.metadata.is_some_and(|text| !is_object(text)) {
        return Err(Refusal::BadMetadata.into());
    }
    let end = End {
        summary: said.summary,
        metadata: said.metadata,
        ..End::default()
    };
    let closed = work.close_run_of(id, Outcome::Completed, &end)?;
    if closed.is_none() && (said.summary.is_some() || said.metadata.is_some()) {
        work.note_run(id, Outcome::Completed, &end)?;
    }
    let result = said.result.or(said.summary);
    work.note(id, || Inverse::place(&task));
    let finished_at = closed.map_or(work.now, |run| work.end_of(run));
    tasks::finish(work.conn, finished_at, id, &status, result)?;
    let result_len = result.map_or(0, |text| text.chars().count());
    work.log(id, &EventBody::Completed { result_len })?;
    promotion::promote_children(work, id)?;
    Ok(Answer::Done)
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
}
