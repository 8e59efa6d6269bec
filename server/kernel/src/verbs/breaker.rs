//! The circuit breaker of a lane: attempts of different tasks that fail alike and early are its own
//! failures, and not its tasks'.

use std::collections::BTreeMap;

use domain::backoff;
use domain::command::{Breaker, Failure, HoldUntil, Met};
use domain::event::EventBody;
use domain::hold::{Cause, LaneHold};
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};

use super::{Work, hold, promotion};
use crate::error::Error;
use crate::row::{self, Columns, columns};
use crate::runs::{self, OpenRun};
use crate::{lane_holds, tasks};

/// The number of the board's last runs among which like ones are looked for.
const LOOKED_AT: i64 = 200;

/// The characters of an error by which it is compared.
const COMPARED: usize = 200;

/// A run that failed early.
struct Failed {
    run: RunId,
    task: TaskId,
    outcome: Option<Outcome>,
    code: Option<i32>,
    error: Option<String>,
}

columns! {
    Failed { run: "id", task: "task_id", outcome, code: "exit_code", error }
}

/// Opens the breaker of a lane, where this failure makes it enough of them: holds the lane, closes the
/// run without counting it, and takes the like failures back from their tasks. Returns false where the
/// failure is the task's.
pub(super) fn opens(
    work: &mut Work<'_>,
    open: &OpenRun,
    failure: &Failure,
    breaker: &Breaker,
) -> Result<bool, Error> {
    let Some(lane) = &open.lane else {
        return Ok(false);
    };
    if !can_be_alike(failure.outcome) {
        return Ok(false);
    }
    let held = lane_holds::met_of(work.conn, lane)?;
    let held = held.filter(|hold| hold.cause == Cause::Failing);
    let is_probe = |hold: &LaneHold| hold.probe.is_some_and(|probe| probe.run == open.id);
    let is_same = |hold: &LaneHold| {
        let reason = hold.reason.as_deref().unwrap_or_default();
        same_words(reason) == same_words(&failure.error)
    };
    let is_early = is_early(work, open.id, breaker.early)?;
    // A probe that fails in the same words, however late, has not shown that it is over. One that is no
    // probe may have started before the breaker opened.
    let is_met = held.is_some_and(|hold| match (is_probe(&hold), is_early) {
        (true, true) => true,
        (true, false) | (false, true) => is_same(&hold),
        (false, false) => false,
    });
    if !is_early && !is_met {
        return Ok(false);
    }
    let likeness = likeness(failure.outcome, failure.code, &failure.error);
    let alike: Vec<Failed> = early_failures(work, lane, open.id, breaker)?
        .into_iter()
        .filter(|failed| {
            let error = failed.error.as_deref().unwrap_or_default();
            let outcome = failed.outcome.unwrap_or(Outcome::Exit);
            self::likeness(outcome, failed.code, error) == likeness
        })
        .collect();
    let shown_over = hold::failure_shown_over(work, lane)?;
    if shown_over.is_some_and(|error| same_words(&error) == same_words(&failure.error)) {
        // Others have worked since.
        return Ok(false);
    }
    let mut tasks: BTreeMap<TaskId, u32> = BTreeMap::new();
    for failed in alike.iter().filter(|failed| failed.task != open.task) {
        *tasks.entry(failed.task.clone()).or_default() += 1;
    }
    let is_enough = u32::try_from(tasks.len() + 1).unwrap_or(u32::MAX) >= breaker.failures;
    if !is_enough && !is_met {
        return Ok(false);
    }
    let met = Met {
        cause: Cause::Failing,
        until: HoldUntil::Growing,
    };
    let task = work.task(&open.task)?;
    hold::put_off(work, open, &task, &met, &failure.error)?;
    let own = alike
        .iter()
        .filter(|failed| failed.task == open.task)
        .count();
    let own = u32::try_from(own).unwrap_or(u32::MAX);
    tasks.insert(open.task.clone(), own);
    for (task, count) in tasks {
        take_back(work, &task, count, &alike)?;
    }
    for failed in &alike {
        // So that none is taken back twice.
        let sql = "UPDATE runs SET outcome = 'deferred' WHERE id = ?1";
        runs::change(work.conn, failed.run, sql, [failed.run.0])?;
    }
    Ok(true)
}

/// Returns true for the ends by which a program that cannot do anything shows itself. One that cannot be
/// started holds its lane by that.
fn can_be_alike(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Exit | Outcome::Signal | Outcome::Protocol)
}

/// Returns true for a run whose worker has not worked for longer than that.
fn is_early(work: &Work<'_>, run: RunId, early: Seconds) -> Result<bool, Error> {
    let sql = "SELECT coalesce(spawned_at, started_at) FROM runs WHERE id = ?1";
    let began: Timestamp = row::one(work.conn, sql, [run.0])?;
    Ok(work.end_of(run).seconds_since(began) <= early.0)
}

/// Returns the latest runs of a lane that failed early.
fn early_failures(
    work: &Work<'_>,
    lane: &str,
    open: RunId,
    breaker: &Breaker,
) -> Result<Vec<Failed>, Error> {
    let sql = format!(
        "SELECT {} FROM runs WHERE id > ?1 AND id <> ?2 AND lane = ?3 AND ended_at >= ?4 \
             AND ended_at - coalesce(spawned_at, started_at) <= ?5 \
             AND outcome IN ('exit', 'signal', 'protocol')",
        Failed::columns()
    );
    let newest: i64 = row::one(work.conn, "SELECT coalesce(max(id), 0) FROM runs", ())?;
    let since = work.end_of(open) + Seconds(-breaker.within.0);
    let params = (newest - LOOKED_AT, open.0, lane, since.0, breaker.early.0);
    row::all(work.conn, &sql, params)
}

/// The kind of a failure, without the numbers and names that tell tasks apart.
fn likeness(outcome: Outcome, code: Option<i32>, error: &str) -> (Outcome, Option<i32>, String) {
    (outcome, code, same_words(error))
}

fn same_words(error: &str) -> String {
    let words = error.split_whitespace();
    let same = words.filter(|word| !word.contains(|it: char| it.is_ascii_digit()));
    let text: Vec<&str> = same.collect();
    text.join(" ").chars().take(COMPARED).collect()
}

/// Takes failures back from a task that waits for its next attempt, or was given up for them.
fn take_back(work: &mut Work<'_>, id: &TaskId, count: u32, alike: &[Failed]) -> Result<(), Error> {
    let task = work.task(id)?;
    let given_up = task.status == Status::Blocked && task.block_reason.is_none();
    let is_at_rest = given_up || task.status == Status::Ready;
    if !is_at_rest && task.status != Status::Running {
        return Ok(());
    }
    let failures = task.failures.saturating_sub(count);
    let error = task.last_error.as_deref().filter(|_| failures > 0);
    tasks::set_failures(work.conn, id, failures, error)?;
    if !is_at_rest {
        return Ok(());
    }
    // Somebody may have snoozed it meanwhile, for longer than it rests.
    let snoozed = task
        .not_before
        .filter(|at| *at > work.now + backoff::LONGEST);
    let Some(last) = alike.iter().rfind(|failed| failed.task == *id) else {
        return Ok(());
    };
    let deferred = EventBody::Deferred {
        run: last.run,
        until: None,
        reason: last.error.clone().unwrap_or_default(),
    };
    work.put(id, &Status::Ready, snoozed)?;
    work.log(id, &deferred)?;
    promotion::hold_back(work, id)
}
