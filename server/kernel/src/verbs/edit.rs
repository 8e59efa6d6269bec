//! The verbs that change a task where it is: its texts, due time, priority, limits and snooze. A change
//! to the same value writes no event.

use domain::actor::Actor;
use domain::command::{Change, EditTask, LimitTask, SetPriority, SnoozeTask};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::landing::Method;
use domain::status::Status;

use super::undo::Inverse;
use super::{CarryOut, Work, check, review, said};
use crate::error::Error;
use crate::tasks;

impl CarryOut for EditTask {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        let new_title = self.title.as_deref().map_or(task.title.as_str(), str::trim);
        if new_title.is_empty() {
            return Err(Refusal::BlankTitle.into());
        }
        let new_body = self.body.as_deref().or(task.body.as_deref());
        let new_due = match self.due_at {
            None => task.due_at,
            due => due.filter(|due| due.0 > 0),
        };
        let new_check = match &self.check {
            None => task.check.as_deref(),
            check => said(check.as_deref()),
        };
        let new_review = match &self.review {
            None => task.review.as_deref(),
            review => said(review.as_deref()),
        };
        let new_method = match &self.land_method {
            None => task.land_method,
            method => method_of(method.as_deref())?,
        };
        // Only whoever names a reviewer hands the work over.
        let named = self.review.as_ref().and(new_review);
        let handed_over = review::handed_over(&task, named);
        let is_same = new_title == task.title
            && new_body == task.body.as_deref()
            && new_due == task.due_at
            && new_check == task.check.as_deref()
            && new_review == task.review.as_deref()
            && new_method == task.land_method
            && handed_over.is_none();
        if is_same {
            return Ok(Change::Unchanged);
        }
        check::may_change(&task, new_check)?;
        work.note(id, || Inverse::Text {
            title: task.title.clone(),
            body: task.body.clone(),
            due_at: task.due_at,
            check: task.check.clone(),
            review: task.review.clone(),
            land_method: task.land_method,
        });
        tasks::set_text(work.conn, id, new_title, new_body)?;
        tasks::set_due(work.conn, id, new_due)?;
        tasks::set_proof(work.conn, id, new_check, new_review, new_method)?;
        if handed_over.is_some() {
            tasks::set_review(work.conn, id, handed_over.as_ref())?;
        }
        work.log(id, &EventBody::Edited)?;
        Ok(Change::Done)
    }
}

/// Returns the method of landing of this name, which may be blank.
fn method_of(name: Option<&str>) -> Result<Option<Method>, Refusal> {
    said(name).map(|name| name.trim().parse()).transpose()
}

impl CarryOut for SetPriority {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { task: id, priority } = self;
        let priority = *priority;
        let before = work.task(id)?.priority;
        if before == priority {
            return Ok(Change::Unchanged);
        }
        work.note(id, || Inverse::Priority(before));
        tasks::set_priority(work.conn, id, priority)?;
        work.log(id, &EventBody::Priority { priority })?;
        Ok(Change::Done)
    }
}

impl CarryOut for LimitTask {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        let before = (task.max_runtime, task.failure_limit, task.rework_limit);
        let count =
            |new: Option<u32>, old| new.map_or(old, |limit| Some(limit).filter(|it| *it > 0));
        let after = (
            self.max_runtime
                .map_or(before.0, |limit| Some(limit).filter(|it| it.0 > 0)),
            count(self.failure_limit, before.1),
            count(self.rework_limit, before.2),
        );
        if before == after {
            return Ok(Change::Unchanged);
        }
        work.note(id, || Inverse::Limits {
            max_runtime: before.0,
            failure_limit: before.1,
            rework_limit: before.2,
        });
        tasks::set_limits(work.conn, id, after.0, after.1, after.2)?;
        work.log(id, &EventBody::Edited)?;
        Ok(Change::Done)
    }
}

impl CarryOut for SnoozeTask {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        if !matches!(task.status, Status::Triage | Status::Todo | Status::Ready) {
            let (task, status, verb) = (task.id, task.status, "snoozed");
            return Err(Refusal::WrongStatus { task, status, verb }.into());
        }
        let until = self.span.map(|span| work.now + span).or(self.until);
        let until = until.filter(|until| *until > work.now);
        if until == task.not_before {
            return Ok(Change::Unchanged);
        }
        work.note(id, || Inverse::NotBefore(task.not_before));
        tasks::set_not_before(work.conn, id, until)?;
        work.log(id, &EventBody::Snoozed { until })?;
        Ok(Change::Done)
    }
}
