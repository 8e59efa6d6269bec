//! Completing a task.

use domain::actor::Actor;
use domain::command::{Change, CompleteTask};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::run::Outcome;
use domain::transition::Step;

use super::undo::Inverse;
use super::{CarryOut, Work, promotion};
use crate::error::Error;
use crate::runs::End;
use crate::tasks;

impl CarryOut for CompleteTask {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        let status = super::step(&task, &Step::Complete, "completed")?;
        let (summary, metadata) = (self.summary.as_deref(), self.metadata.as_deref());
        if metadata.is_some_and(|text| !is_object(text)) {
            return Err(Refusal::BadMetadata.into());
        }
        let end = End {
            summary,
            metadata,
            ..End::default()
        };
        let closed = work.close_run_of(id, Outcome::Completed, &end)?;
        if closed.is_none() && (summary.is_some() || metadata.is_some()) {
            work.note_run(id, Outcome::Completed, &end)?;
        }
        let result = self.result.as_deref().or(summary);
        work.note(id, || Inverse::place(&task));
        let finished_at = closed.map_or(work.now, |run| work.end_of(run));
        tasks::finish(work.conn, finished_at, id, &status, result)?;
        let result_len = result.map_or(0, |text| text.chars().count());
        work.log(id, &EventBody::Completed { result_len })?;
        promotion::promote_children(work, id)?;
        Ok(Change::Done)
    }
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
}
