//! Completing a task.

use domain::actor::Actor;
use domain::check::Verdict;
use domain::command::{Change, CompleteTask};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::run::Outcome;
use domain::transition::Step;

use super::check::{self, Report};
use super::undo::Inverse;
use super::{CarryOut, Work, landing, promotion, review};
use crate::error::Error;
use crate::runs::{self, End};
use crate::tasks;

impl CarryOut for CompleteTask {
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        let status = super::step(&task, &Step::Complete, "completed")?;
        if self
            .metadata
            .as_deref()
            .is_some_and(|text| !is_object(text))
        {
            return Err(Refusal::BadMetadata.into());
        }
        let open = runs::open_run_of(work.conn, id)?;
        if let Some(open) = &open
            && check::reports(work, actor, open, self)?
        {
            return Ok(Change::Done);
        }
        let waives = self.unchecked && !actor.authority.is_worker();
        let skips_review = waives && review::is_asked_for(work, &task)?;
        // The card tells of the last receipt: of the check, where both were skipped.
        if skips_review {
            check::write_waiver(work, actor, &task, open.as_ref(), Verdict::Unreviewed)?;
        }
        let skips_check = check::waive(work, actor, &task, open.as_ref(), self.unchecked)?;
        let unchecked = skips_review || skips_check;
        let review = if waives {
            None
        } else {
            review::due(work, actor, &task, open.as_ref())?
        };
        // The report that the worker made before its check.
        let reported = match &open {
            Some(open) if open.has_check => check::reported(work, open)?,
            _ => Report::default(),
        };
        let first = |own: &Option<String>, reported: Option<String>| own.clone().or(reported);
        let summary = first(&self.summary, reported.summary);
        let metadata = first(&self.metadata, reported.metadata);
        let (summary, metadata) = (summary.as_deref(), metadata.as_deref());
        let end = End {
            summary,
            metadata,
            ..End::default()
        };
        let has_receipt = unchecked || open.as_ref().is_some_and(|open| open.has_check);
        let closed = open.map(|open| open.id);
        if let Some(run) = closed {
            work.close_run(id, run, Outcome::Completed, &end)?;
        }
        if closed.is_none() && (summary.is_some() || metadata.is_some()) {
            work.note_run(id, Outcome::Completed, &end)?;
        }
        let outcome = self.outcome.or(reported.outcome).unwrap_or_default();
        let result = first(&self.result, reported.result);
        let result = result.as_deref().or(summary);
        work.note(id, || Inverse::place(&task));
        if let Some(review) = review {
            return review::begin(work, &task, &review, result, outcome);
        }
        let finished_at = closed.map_or(work.now, |run| work.end_of(run));
        tasks::finish(
            work.conn,
            finished_at,
            id,
            &status,
            result,
            outcome,
            has_receipt,
        )?;
        let result_len = result.map_or(0, |text| text.chars().count());
        work.log(
            id,
            &EventBody::Completed {
                result_len,
                outcome,
                unchecked,
            },
        )?;
        promotion::promote_children(work, id)?;
        if outcome.is_success() && !unchecked {
            landing::begin_by_itself(work, &task)?;
        }
        Ok(Change::Done)
    }
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
}
