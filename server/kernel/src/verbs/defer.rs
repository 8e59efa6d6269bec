//! Deferring a task: a dependency of its worker is temporarily unavailable.

use domain::actor::Actor;
use domain::backoff;
use domain::command::{Change, DeferRun, Failure, HoldUntil};
use domain::event::EventBody;
use domain::hold::LONGEST_HOLD;
use domain::run::Outcome;
use domain::time::Seconds;
use rand::RngExt;

use super::{CarryOut, Work, attempt, hold};
use crate::error::Error;
use crate::row;
use crate::runs::End;

impl CarryOut for DeferRun {
    /// Closes a run as deferred. The task backs off, longer each time in a row, and is blocked after
    /// too many deferrals or too long a wait.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { run, reason, met } = self;
        let run = *run;
        let open = attempt::open_run(work, run)?;
        let task = work.task(&open.task)?;
        let met = met.as_ref();
        if let Some(met) = met
            && !hold::is_its_own(work, &open)?
        {
            return hold::put_off(work, &open, &task, met, reason);
        }
        let end = End {
            error: Some(reason),
            ..End::default()
        };
        work.close_run(&task.id, run, Outcome::Deferred, &end)?;
        let sql = "SELECT deferrals, deferred_for FROM tasks WHERE id = ?1";
        let (deferrals, waited): (u32, Seconds) = row::one(work.conn, sql, [task.id.as_str()])?;
        let in_a_row = deferrals.saturating_add(1);
        let rest = backoff::deferral(in_a_row, work.rng.random());
        let waited = waited + rest;
        if deferrals >= backoff::DEFERRALS || waited > backoff::DEFERRED_FOR {
            let failure = Failure {
                outcome: Outcome::Deferred,
                code: None,
                error: reason.to_owned(),
                proposed: None,
            };
            attempt::give_up(work, &task, task.failures, &failure)?;
            return Ok(Change::Done);
        }
        work.conn
            .prepare_cached("UPDATE tasks SET deferrals = ?2, deferred_for = ?3 WHERE id = ?1")?
            .execute((task.id.as_str(), in_a_row, waited.0))?;
        let moment = met.and_then(|met| match met.until {
            HoldUntil::Moment(moment) => Some(moment.min(work.now + LONGEST_HOLD)),
            HoldUntil::Growing | HoldUntil::Released => None,
        });
        let until = moment.unwrap_or_default().max(work.now + rest);
        let deferred = EventBody::Deferred {
            run,
            until: Some(until),
            reason: reason.to_owned(),
        };
        attempt::release(work, &task, Some(until), &deferred)?;
        Ok(Change::Done)
    }
}
