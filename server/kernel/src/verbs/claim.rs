//! Claiming a task.

use std::collections::BTreeMap;

use domain::actor::Actor;
use domain::command::ClaimTask;
use domain::command::Claimed;
use domain::dispatch::Slot;
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{RunId, RunToken};
use domain::run::Outcome;
use domain::status::Status;
use domain::task::Task;
use domain::time::Seconds;
use domain::transition::Step;
use rand::RngExt;

use super::hold::{self, Allowed};
use super::{CarryOut, UnmetLinks, Work, pause};
use crate::error::Error;
use crate::runs::{self, End, Start};

impl CarryOut for ClaimTask {
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Box<Claimed>, Error> {
        let id = &self.task;
        let task = work.task(id)?;
        super::step(&task, &Step::Claim, "claimed")?;
        let is_review = task.status == Status::Review;
        check_reviewer(&task, self)?;
        if !is_review {
            UnmetLinks::of(work.conn, id)?.refuse(id)?;
        }
        // Another program may have made the task ready, and nobody has looked since.
        work.close_run_of(id, Outcome::Reclaimed, &End::default())?;
        let allowed = check_policy(work, &task, self)?;

        let token = RunToken::from_bits(work.rng.random());
        let expires = work.now + self.ttl;
        let start = Start {
            task: id,
            lane: self.lane.as_deref(),
            pool: self.policy.pool.as_deref(),
            has_check: !is_review && (self.policy.has_check || task.check.is_some()),
            lands: self.policy.lands && !is_review,
            is_review,
            review: task.review.as_deref().or(self.policy.review.as_deref()),
            claimed_by: self.lane.is_none().then_some(&*actor.name),
            token: &token,
            lock: &self.lock,
            lease_expires: expires,
        };
        let run = work.open_run(&start)?;
        work.log(
            id,
            &EventBody::Claimed {
                lock: self.lock.clone(),
                expires,
            },
        )?;
        allowed.claimed(work, run, id)?;
        Ok(Box::new(Claimed {
            run,
            token,
            task: work.task(id)?,
        }))
    }
}

/// Refuses to claim work that waits for a verdict of somebody else.
fn check_reviewer(task: &Task, claim: &ClaimTask) -> Result<(), Error> {
    let Some(review) = task.in_review.as_ref() else {
        return Ok(());
    };
    // A lane may serve others than the one that it is called by.
    let reviewer = claim.policy.reviewer.as_deref().or(claim.lane.as_deref());
    let is_it = claim.lane.is_some() && reviewer == Some(&*review.reviewer);
    if !is_it || review.is_for_person() {
        return Err(Refusal::AwaitsReview(task.id.clone()).into());
    }
    Ok(())
}

fn check_policy(work: &Work<'_>, task: &Task, claim: &ClaimTask) -> Result<Allowed, Error> {
    let mut allowed = Allowed::default();
    if claim.policy.respects_rest
        && let Some(until) = task.not_before.filter(|until| *until > work.now)
    {
        let remaining = Seconds(until.seconds_since(work.now));
        return Err(Refusal::Resting {
            task: task.id.clone(),
            remaining,
        }
        .into());
    }
    if claim.policy.respects_pause {
        check_pause(work, None)?;
        if let Some(lane) = claim.lane.as_deref() {
            check_pause(work, Some(lane))?;
            allowed = hold::check(work, lane, claim.policy.pool.as_deref())?;
        }
    }
    let exiting_runs = exiting_runs(work, &claim.policy.unfinished_runs)?;
    if exiting_runs.iter().any(|slot| slot.task == task.id) {
        let task = task.id.clone();
        return Err(Refusal::Leaving { task }.into());
    }
    if let Some(limit) = claim.policy.global_cap {
        check_cap(runs::count_open(work.conn)?, exiting_runs.len(), limit)?;
    }
    if let (Some(limit), Some(lane)) = (claim.policy.lane_cap, claim.lane.as_deref()) {
        let in_lane = exiting_runs
            .iter()
            .filter(|it| it.lane.as_deref() == Some(lane));
        let open = runs::count_open_in(work.conn, lane)?;
        check_cap(open, in_lane.count(), limit)?;
    }
    Ok(allowed)
}

/// Returns the slots of those runs that are closed. Only here it is certain which these are.
fn exiting_runs<'a>(
    work: &Work<'_>,
    unfinished_runs: &'a BTreeMap<RunId, Slot>,
) -> Result<Vec<&'a Slot>, Error> {
    let mut exiting_runs = Vec::new();
    for (run, slot) in unfinished_runs {
        if runs::open_run_with_id(work.conn, *run)?.is_none() {
            exiting_runs.push(slot);
        }
    }
    Ok(exiting_runs)
}

fn check_pause(work: &Work<'_>, lane: Option<&str>) -> Result<(), Error> {
    if pause::is_paused(work.conn, lane)? {
        let lane = lane.map(str::to_owned);
        return Err(Refusal::Paused { lane }.into());
    }
    Ok(())
}

fn check_cap(open: u32, exiting_runs: usize, limit: u32) -> Result<(), Error> {
    let running = open.saturating_add(u32::try_from(exiting_runs).unwrap_or(u32::MAX));
    if running < limit {
        Ok(())
    } else {
        Err(Refusal::AtCapacity { running, limit }.into())
    }
}
