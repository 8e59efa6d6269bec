//! Holds of lanes and pools: how they begin, what they let start, and how they end.

use domain::actor::Actor;
use domain::backoff;
use domain::command::{Change, DeferRun, DeferTask, HoldLane, HoldUntil, Met, ReleaseLane};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::hold::{Cause, LONGEST_HOLD, LaneHold, Lets, REMEMBERED};
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use domain::task::Task;
use domain::time::{Seconds, Timestamp};

use super::{CarryOut, Work, attempt};
use crate::error::Error;
use crate::runs::{self, End};
use crate::{lane_holds, row};

impl CarryOut for HoldLane {
    /// Holds a lane or a pool until a moment. Open runs go on, and claims by hand are still granted.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let Self {
            lane,
            until,
            span,
            reason,
        } = self;
        if lane.is_empty() {
            return Err(Refusal::BlankLane.into());
        }
        let until = span.map_or(*until, |span| Some(work.now + span));
        let until = to_come(work, until)?;
        let hold = New {
            cause: Cause::ByHand,
            reason: super::said(reason.as_deref()),
            by: Some(&actor.name),
            task: None,
            until: Some(until),
            grows: false,
            times: 1,
        };
        write(work, lane, &hold)?;
        Ok(Change::Done)
    }
}

impl CarryOut for ReleaseLane {
    /// Lets the probe of a hold go now. One by hand is over.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let holds = lane_holds::active_of(work.conn, &self.lane)?;
        for hold in &holds {
            match hold.cause {
                Cause::ByHand => end(work, hold, None)?,
                _ => set_until(work, &hold.name, Some(work.now))?,
            }
        }
        Ok(if holds.is_empty() {
            Change::Unchanged
        } else {
            Change::Done
        })
    }
}

impl CarryOut for DeferTask {
    /// Closes the run of a worker as deferred, and holds its pool until the moment that it names.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let Self {
            task,
            until,
            span,
            reason,
        } = self;
        let open = runs::open_run_of(work.conn, task)?;
        let open = open.filter(|open| open.lane.is_some());
        let Some(open) = open else {
            return Err(Refusal::NoWorker(task.clone()).into());
        };
        let until = to_come(work, span.map_or(*until, |span| Some(work.now + span)))?;
        let reason = super::said(reason.as_deref()).unwrap_or("its worker asks to wait");
        let defer = DeferRun {
            run: open.id,
            reason: reason.to_owned(),
            met: Some(Met {
                cause: Cause::RateLimited,
                until: HoldUntil::Moment(until),
            }),
        };
        defer.carry_out(work, actor)
    }
}

/// Returns a moment that is to come, within ten years: what is later is no moment, but a mistake.
fn to_come(work: &Work<'_>, until: Option<Timestamp>) -> Result<Timestamp, Error> {
    let years = Seconds(10 * 366 * 86_400);
    let until = until.filter(|until| *until > work.now && *until < work.now + years);
    Ok(until.ok_or(Refusal::HoldWithoutEnd)?)
}

/// A hold to be written.
struct New<'a> {
    cause: Cause,
    reason: Option<&'a str>,
    by: Option<&'a str>,
    task: Option<&'a TaskId>,
    until: Option<Timestamp>,
    grows: bool,
    times: u32,
}

fn write(work: &Work<'_>, name: &str, hold: &New<'_>) -> Result<(), Error> {
    work.conn
        .prepare_cached(
            "INSERT INTO lane_holds (name, cause, reason, by, task_id, since, until, grows, times, \
                 by_hand) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT (name, by_hand) DO UPDATE SET cause = excluded.cause, reason = excluded.reason, \
                 by = excluded.by, task_id = excluded.task_id, until = excluded.until, \
                 grows = excluded.grows, times = excluded.times, probe = NULL, ended_at = NULL, \
                 ended_by = NULL, since = CASE WHEN ended_at IS NULL THEN since ELSE excluded.since END",
        )?
        .execute((
            name,
            hold.cause.as_str(),
            hold.reason,
            hold.by,
            hold.task.map(TaskId::as_str),
            work.now.0,
            hold.until.map(|until| until.0),
            hold.grows,
            hold.times,
            hold.cause == Cause::ByHand,
        ))?;
    Ok(())
}

fn set_until(work: &Work<'_>, name: &str, until: Option<Timestamp>) -> Result<(), Error> {
    work.conn
        .prepare_cached("UPDATE lane_holds SET until = ?2 WHERE name = ?1 AND NOT by_hand")?
        .execute((name, until.map(|until| until.0)))?;
    Ok(())
}

/// Ends a hold; with the task whose run has shown that it is over.
fn end(work: &Work<'_>, hold: &LaneHold, by: Option<&TaskId>) -> Result<(), Error> {
    let sql = "UPDATE lane_holds SET ended_at = ?3, probe = NULL, ended_by = ?4 \
               WHERE name = ?1 AND by_hand = ?2";
    let by_hand = hold.cause == Cause::ByHand;
    let by = by.map(TaskId::as_str);
    work.conn
        .prepare_cached(sql)?
        .execute((&hold.name, by_hand, work.now.0, by))?;
    Ok(())
}

/// Holds the pool of a run, or its lane where that is in none or fails by itself, for what the run has
/// met, and returns the moment of the probe. Where it is held already, the later moment counts; a probe that meets the same
/// again makes the hold longer.
fn meet(
    work: &mut Work<'_>,
    run: &runs::OpenRun,
    met: &Met,
    reason: &str,
) -> Result<Option<Timestamp>, Error> {
    let pool = run.pool.as_ref().filter(|_| met.cause != Cause::Failing);
    let Some(name) = pool.or(run.lane.as_ref()).cloned() else {
        return Ok(None);
    };
    let held = lane_holds::met_of(work.conn, &name)?;
    let is_probe = |held: &LaneHold| held.probe.is_some_and(|probe| probe.run == run.id);
    let is_news =
        met.until == HoldUntil::Released && held.as_ref().is_some_and(|held| held.until.is_some());
    if let Some(held) = held.as_ref().filter(|held| !is_news && !is_probe(held)) {
        // One of those that had started before it began.
        let until = match met.until {
            HoldUntil::Moment(moment) => held.until.map(|until| until.max(at_most(work, moment))),
            HoldUntil::Released => None,
            HoldUntil::Growing => held.until,
        };
        set_until(work, &name, until)?;
        return Ok(until);
    }
    let times = match &held {
        Some(_) => times(work, &name)?.saturating_add(1),
        None => remembered(work, &name)?.saturating_add(1),
    };
    let until = match met.until {
        // One that has proved wrong grows like one that nobody named.
        HoldUntil::Moment(moment) if times > 1 => {
            let least = work.now + backoff::hold(times - 1);
            Some(at_most(work, moment).max(least))
        }
        HoldUntil::Moment(moment) => Some(at_most(work, moment)),
        HoldUntil::Growing => Some(work.now + backoff::hold(times)),
        HoldUntil::Released => None,
    };
    let hold = New {
        cause: met.cause,
        reason: Some(reason),
        by: None,
        task: Some(&run.task),
        until,
        grows: met.until == HoldUntil::Growing,
        times,
    };
    write(work, &name, &hold)?;
    if held.is_none() || is_news {
        let event = EventBody::LaneHeld {
            lane: name,
            cause: met.cause,
            until,
            reason: reason.to_owned(),
        };
        work.log(&run.task, &event)?;
    }
    Ok(until)
}

/// Returns true for the run of a task that met the last hold of its pool, which the run of another
/// task has just shown to be over: what it meets now is its own trouble.
pub(super) fn is_its_own(work: &Work<'_>, run: &runs::OpenRun) -> Result<bool, Error> {
    let name = run.pool.as_ref().or(run.lane.as_ref());
    let sql = "SELECT 1 FROM lane_holds AS hold \
               WHERE name = ?1 AND NOT by_hand AND hold.ended_at > ?3 AND ended_by <> ?2 \
                 AND EXISTS (SELECT 1 FROM runs AS run WHERE run.task_id = ?2 \
                     AND run.outcome = 'deferred' AND run.ended_at >= hold.since \
                     AND run.started_at <= hold.ended_at)";
    let since = work.now + Seconds(-REMEMBERED.0);
    let mut statement = work.conn.prepare_cached(sql)?;
    Ok(statement.exists((name, run.task.as_str(), since.0))?)
}

/// Closes a run that has met a limit of its lane. Its task keeps its attempts, and starts again once the
/// hold lets it.
pub(super) fn put_off(
    work: &mut Work<'_>,
    run: &runs::OpenRun,
    task: &Task,
    met: &Met,
    reason: &str,
) -> Result<Change, Error> {
    let until = meet(work, run, met, reason)?;
    let end = End {
        error: Some(reason),
        ..End::default()
    };
    work.close_run(&task.id, run.id, Outcome::Deferred, &end)?;
    let deferred = EventBody::Deferred {
        run: run.id,
        until,
        reason: reason.to_owned(),
    };
    attempt::release(work, task, None, &deferred)?;
    Ok(Change::Done)
}

fn at_most(work: &Work<'_>, moment: Timestamp) -> Timestamp {
    moment.min(work.now + LONGEST_HOLD)
}

fn times(work: &Work<'_>, name: &str) -> Result<u32, Error> {
    row::one(
        work.conn,
        "SELECT times FROM lane_holds WHERE name = ?1 AND NOT by_hand",
        [name],
    )
}

/// Returns the number of holds in a row of which the last has just ended.
fn remembered(work: &Work<'_>, name: &str) -> Result<u32, Error> {
    let sql = "SELECT times FROM lane_holds WHERE name = ?1 AND NOT by_hand AND ended_at > ?2";
    let since = work.now + Seconds(-REMEMBERED.0);
    Ok(row::find(work.conn, sql, (name, since.0))?.unwrap_or_default())
}

/// The holds that a claim in a lane meets.
#[derive(Default)]
pub(super) struct Allowed {
    /// Those whose probe its run is.
    probed: Vec<String>,
    /// Those that are over.
    over: Vec<LaneHold>,
}

/// Checks the holds of a lane and its pool.
///
/// # Errors
/// Refuses while one of them lets nothing start.
pub(super) fn check(work: &Work<'_>, lane: &str, pool: Option<&str>) -> Result<Allowed, Error> {
    let mut allowed = Allowed::default();
    for name in [Some(lane), pool].into_iter().flatten() {
        for hold in lane_holds::active_of(work.conn, name)? {
            match hold.lets(work.now) {
                Lets::None => {
                    let lane = hold.name;
                    let (cause, until) = (hold.cause, hold.until);
                    return Err(Refusal::Held { lane, cause, until }.into());
                }
                Lets::Probe => allowed.probed.push(hold.name),
                Lets::All => allowed.over.push(hold),
            }
        }
    }
    Ok(allowed)
}

impl Allowed {
    /// Lets the run be the probe of the holds that wait for one, and ends those that are over.
    pub(super) fn claimed(
        self,
        work: &mut Work<'_>,
        run: RunId,
        task: &TaskId,
    ) -> Result<(), Error> {
        for name in self.probed {
            work.conn
                .prepare_cached("UPDATE lane_holds SET probe = ?2 WHERE name = ?1 AND NOT by_hand")?
                .execute((name, run.0))?;
        }
        for hold in self.over {
            let sql = "SELECT task_id FROM runs WHERE id = ?1";
            let probe = hold.probe.map(|probe| probe.run.0);
            let probe: Option<TaskId> = row::find(work.conn, sql, [probe])?;
            release(work, hold, task, probe.as_ref())?;
        }
        Ok(())
    }
}

/// Ends a hold, and tells of it unless a person knew when it would.
fn release(
    work: &mut Work<'_>,
    hold: LaneHold,
    task: &TaskId,
    probe: Option<&TaskId>,
) -> Result<(), Error> {
    end(work, &hold, probe)?;
    if hold.cause == Cause::ByHand {
        return Ok(());
    }
    work.log(task, &EventBody::LaneReleased { lane: hold.name })
}

/// Ends the holds whose probe has ended for another reason than theirs. One that proves nothing makes
/// room for another.
pub(super) fn run_ended(
    work: &mut Work<'_>,
    task: &TaskId,
    run: RunId,
    outcome: Outcome,
) -> Result<(), Error> {
    let sql = "SELECT name FROM lane_holds WHERE probe = ?1 AND ended_at IS NULL";
    let names: Vec<String> = row::all(work.conn, sql, [run.0])?;
    for name in names {
        let Some(hold) = lane_holds::met_of(work.conn, &name)? else {
            continue;
        };
        if proves_nothing(outcome) {
            work.conn
                .prepare_cached(
                    "UPDATE lane_holds SET probe = NULL WHERE name = ?1 AND NOT by_hand",
                )?
                .execute([name])?;
        } else {
            release(work, hold, task, Some(task))?;
        }
    }
    Ok(())
}

/// Returns the reason of the last hold for failures of this lane, which the run of a task has just shown to
/// be over.
pub(super) fn failure_shown_over(work: &Work<'_>, lane: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT reason FROM lane_holds \
               WHERE name = ?1 AND cause = 'failing' AND ended_at > ?2 AND reason IS NOT NULL";
    let since = work.now + Seconds(-REMEMBERED.0);
    row::find(work.conn, sql, (lane, since.0))
}

/// Returns true for the end of a run that says nothing of its lane.
fn proves_nothing(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Deferred
        | Outcome::Interrupted
        | Outcome::Cancelled
        | Outcome::Reclaimed
        | Outcome::SpawnFailed => true,
        Outcome::Completed
        | Outcome::Blocked
        | Outcome::Exit
        | Outcome::Signal
        | Outcome::Oom
        | Outcome::TimedOut
        | Outcome::HeartbeatLost
        | Outcome::Protocol
        | Outcome::CheckFailed
        | Outcome::Crashed => false,
    }
}
