//! Checks: a worker reports that it has finished, its supervisor runs the check, and the receipt
//! decides.

use domain::actor::Actor;
use domain::check::{CheckEnd, GitFacts, REVIEW, REWORK_LIMIT, Verdict};
use domain::command::{BeginCheck, Change, CompleteTask, Failure, SettleCheck};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::RunId;
use domain::outcome::TaskOutcome;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::Task;

use super::{CarryOut, Work, attempt};
use crate::error::Error;
use crate::receipts;
use crate::row::{self, Columns as _};
use crate::runs::{self, End, LastWork, OpenRun};

impl CarryOut for BeginCheck {
    /// Notes the beginning of a run's check, once: its supervisor may not have heard the answer.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let run = self.run;
        let open = attempt::open_run(work, run)?;
        if open.is_checking {
            return Ok(Change::Unchanged);
        }
        work.conn
            .prepare_cached("UPDATE runs SET checking_since = ?2 WHERE id = ?1")?
            .execute((run.0, work.now.0))?;
        work.log(&open.task, &EventBody::CheckStarted { run })?;
        Ok(Change::Done)
    }
}

impl CarryOut for SettleCheck {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self { run, check, limit } = self;
        let run = *run;
        let open = attempt::open_run(work, run)?;
        let task = work.task(&open.task)?;
        let receipt = receipts::write(work.conn, &task.id, Some(run), None, check)?;
        if check.verdict == Verdict::Passed {
            work.log(&task.id, &EventBody::CheckPassed { run, receipt })?;
            return Ok(Change::Done);
        }
        let error = format!("its check {}", check.sentence());
        let end = End {
            error: Some(&error),
            ..End::default()
        };
        work.close_run(&task.id, run, Outcome::CheckFailed, &end)?;
        let rework = count_rework(work, &task)?;
        let failed = EventBody::CheckFailed {
            run,
            receipt,
            error: error.clone(),
            rework,
        };
        if rework >= task.rework_limit.or(*limit).unwrap_or(REWORK_LIMIT) {
            work.log(&task.id, &failed)?;
            let failure = Failure {
                outcome: Outcome::CheckFailed,
                code: check.exit_code,
                error,
                proposed: None,
            };
            attempt::give_up(work, &task, task.failures, &failure)?;
        } else {
            attempt::release(work, &task, None, &failed)?;
        }
        Ok(Change::Done)
    }
}

/// Counts another check that did not pass, and returns their number in a row.
fn count_rework(work: &Work<'_>, task: &Task) -> Result<u32, Error> {
    work.conn
        .prepare_cached("UPDATE tasks SET rework = rework + 1 WHERE id = ?1")?
        .execute([task.id.as_str()])?;
    let sql = "SELECT rework FROM tasks WHERE id = ?1";
    row::one(work.conn, sql, [task.id.as_str()])
}

/// Notes what the worker of a run reports, where a check is still to come. Returns false where none is:
/// then the task is done by that.
pub(super) fn reports(
    work: &mut Work<'_>,
    actor: &Actor,
    open: &OpenRun,
    report: &CompleteTask,
) -> Result<bool, Error> {
    if !actor.authority.is_worker() || !open.has_check || receipts::has_passed(work.conn, open.id)?
    {
        return Ok(false);
    }
    if open.lane.is_none() {
        // It was claimed by hand: no supervisor would run the check.
        return Err(Refusal::HasCheck(open.task.clone()).into());
    }
    let sql = "UPDATE runs SET reported_at = ?2, reported_result = ?3, summary = ?4, metadata = ?5, \
                   reported_outcome = ?6 \
               WHERE id = ?1";
    let (run, summary) = (open.id, report.summary.as_deref());
    let result = report.result.as_deref().or(summary);
    let outcome = report.outcome.map(TaskOutcome::as_str);
    let params = (
        run.0,
        work.now.0,
        result,
        summary,
        &report.metadata,
        outcome,
    );
    runs::change(work.conn, run, sql, params)?;
    work.run = Some((open.task.clone(), run));
    let result_len = result.map_or(0, |text| text.chars().count());
    work.log(&open.task, &EventBody::Reported { run, result_len })?;
    Ok(true)
}

/// The report of the worker of an open run: its result, summary, metadata and outcome.
#[derive(Default)]
pub(super) struct Report {
    pub(super) result: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) metadata: Option<String>,
    pub(super) outcome: Option<TaskOutcome>,
}

row::columns! {
    Report { result: "reported_result", summary, metadata, outcome: "reported_outcome" }
}

/// Returns what the worker of an open run has reported before its check.
pub(super) fn reported(work: &Work<'_>, open: &OpenRun) -> Result<Report, Error> {
    let columns = Report::columns();
    let sql = format!("SELECT {columns} FROM runs WHERE id = ?1 AND reported_at IS NOT NULL");
    Ok(row::find(work.conn, &sql, [open.id.0])?.unwrap_or_default())
}

/// Refuses another check for a task that is worked on: its run has the one with which it began.
pub(super) fn may_change(task: &Task, new: Option<&str>) -> Result<(), Error> {
    if task.status == Status::Running && task.check.as_deref() != new {
        let (task, status) = (task.id.clone(), task.status.clone());
        let verb = "given another check";
        return Err(Refusal::WrongStatus { task, status, verb }.into());
    }
    Ok(())
}

/// Writes down that another program has finished the task of a run without its check.
pub(super) fn passed_over(work: &Work<'_>, run: RunId) -> Result<(), Error> {
    let open = runs::open_run_with_id(work.conn, run)?;
    let Some(open) = open.filter(|open| open.has_check || open.is_review) else {
        return Ok(());
    };
    if !receipts::has_passed(work.conn, run)? {
        let skipped = if open.is_review {
            Verdict::Unreviewed
        } else {
            Verdict::Unchecked
        };
        let check = without(work, skipped, "");
        let by = Some("another program");
        receipts::write(work.conn, &open.task, Some(run), by, &check)?;
    }
    Ok(())
}

/// The receipt of an end that this script, or a review, did not come before.
fn without(work: &Work<'_>, skipped: Verdict, script: &str) -> CheckEnd {
    let command = match skipped {
        Verdict::Unreviewed => REVIEW,
        _ => script,
    };
    CheckEnd {
        command: command.to_owned(),
        verdict: skipped,
        began_at: work.now,
        ended_at: work.now,
        exit_code: None,
        output: String::new(),
        log_start: None,
        log_end: None,
        git: GitFacts::default(),
    }
}

/// Refuses to finish a task by hand that has a check, or writes the receipt of whoever does it without.
/// Returns true where one was written.
pub(super) fn waive(
    work: &mut Work<'_>,
    actor: &Actor,
    task: &Task,
    open: Option<&OpenRun>,
    unchecked: bool,
) -> Result<bool, Error> {
    // Work in review has passed its check.
    if actor.authority.is_worker() || task.in_review.is_some() {
        return Ok(false);
    }
    let has_check = task.check.is_some() || open.is_some_and(|open| open.has_check);
    if !has_check && !LastWork::of(work.conn, &task.id)?.is_some_and(|last| last.has_check) {
        return Ok(false);
    }
    if !unchecked {
        return Err(Refusal::HasCheck(task.id.clone()).into());
    }
    write_waiver(work, actor, task, open, Verdict::Unchecked)?;
    Ok(true)
}

/// Writes the receipt of whoever finishes a task without its check, or its review.
pub(super) fn write_waiver(
    work: &Work<'_>,
    actor: &Actor,
    task: &Task,
    open: Option<&OpenRun>,
    skipped: Verdict,
) -> Result<(), Error> {
    let script = task.check.as_deref().unwrap_or_default();
    let check = without(work, skipped, script);
    let run = open.map(|open| open.id);
    receipts::write(work.conn, &task.id, run, Some(&actor.name), &check).map(drop)
}
