//! Blocking and unblocking a task.

use domain::actor::Actor;
use domain::command::{BlockTask, Change, UnblockTask};
use domain::event::EventBody;
use domain::run::Outcome;
use domain::status::Status;
use domain::transition::Step;

use super::undo::Inverse;
use super::{CarryOut, UnmetLinks, Work, comment};
use crate::error::Error;
use crate::runs::End;
use crate::tasks;

impl CarryOut for BlockTask {
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        let status = super::step(&task, &Step::Block, "blocked")?;
        let reason = self
            .reason
            .as_deref()
            .map(str::trim)
            .filter(|reason| !reason.is_empty());
        let comment = match reason {
            Some(reason) => {
                let said = format!("BLOCKED: {reason}");
                Some(comment::comment(work, actor, id, &said)?)
            }
            None => None,
        };
        work.note(id, || Inverse::place(&task).with_comment(comment));
        let end = End {
            summary: reason,
            ..End::default()
        };
        work.close_run_of(id, Outcome::Blocked, &end)?;
        work.put(id, &status, None)?;
        work.conn
            .prepare_cached("UPDATE tasks SET block_reason = ?2 WHERE id = ?1")?
            .execute((id.as_str(), reason.unwrap_or_default()))?;
        work.log(
            id,
            &EventBody::Blocked {
                reason: reason.map(str::to_owned),
            },
        )?;
        Ok(Change::Done)
    }
}

impl CarryOut for UnblockTask {
    /// Unblocks a task: to `ready`, to `todo` where it still waits for a parent, or to `review` where
    /// that is what it was blocked in. Its failures are
    /// reset: a person has looked at it.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        let is_review = task.in_review.is_some();
        let is_waiting = !is_review && !UnmetLinks::of(work.conn, id)?.is_empty();
        let step = Step::Unblock { is_waiting };
        let mut status = super::step(&task, &step, "unblocked")?;
        if is_review {
            status = Status::Review;
        }
        work.note(id, || Inverse::place(&task));
        work.put(id, &status, None)?;
        tasks::forgive(work.conn, id)?;
        tasks::end_rounds(work.conn, id)?;
        if is_waiting {
            tasks::set_waiting(work.conn, id)?;
        }
        work.log(id, &EventBody::Unblocked)?;
        Ok(Change::Done)
    }
}
