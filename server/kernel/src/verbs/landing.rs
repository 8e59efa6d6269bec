//! Landing: what is finished goes into the branch that it came from, or back to work.

use domain::actor::Actor;
use domain::branch::Branch;
use domain::check::{CheckEnd, GitFacts, Verdict};
use domain::command::{Change, LandTask, NoteLanding, SettleLanding};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{EventId, ReceiptId, TaskId};
use domain::landing::{BY_LANE, Landing, LandingEnd, SENT_BACK_LIMIT, check_target};
use domain::outcome::TaskOutcome;
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;
use domain::transition::Step;

use super::undo::{Act, Inverse};
use super::{CarryOut, Work, promotion};
use crate::error::Error;
use crate::runs::LastWork;
use crate::{branches, landings, receipts, tasks};

impl CarryOut for LandTask {
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let task = work.task(&self.task)?;
        if task.status != Status::Done {
            let (task, status, verb) = (task.id, task.status, "landed");
            return Err(Refusal::WrongStatus { task, status, verb }.into());
        }
        let branch = branches::of_task(work.conn, &task.id)?;
        let branch = branch.ok_or_else(|| Refusal::NoBranch(task.id.clone()))?;
        let onto = match &self.onto {
            Some(onto) => onto.clone(),
            None => target(&task.id, &branch)?,
        };
        let last = receipts::last_of(work.conn, &task.id)?.map(|last| last.check);
        let is_there = branch.landed_onto.as_ref() == Some(&onto);
        if !self.delete_branch && is_there && branch.has_landed(last.as_ref()) {
            return Ok(Change::Unchanged);
        }
        let former = take_back(work, &task.id)?;
        work.note(&task.id, || Inverse::Landing(former));
        ask(work, &task.id, &actor.name, |asked| Landing {
            onto: Some(onto),
            method: self.method,
            delete_branch: self.delete_branch,
            ..asked
        })?;
        Ok(Change::Done)
    }
}

/// Returns the branch that the work came from, where it may land there.
fn target(task: &TaskId, branch: &Branch) -> Result<String, Refusal> {
    let onto = branch.onto.clone();
    let onto = onto.ok_or_else(|| Refusal::NoTarget(task.clone()))?;
    check_target(&onto)?;
    Ok(onto)
}

/// Ends the landing of a task that has not come so far that it goes on, and returns it.
pub(super) fn take_back(work: &Work<'_>, task: &TaskId) -> Result<Option<Landing>, Error> {
    let landing = landings::of_task(work.conn, task)?;
    if landing.as_ref().is_some_and(|it| it.result.is_some()) {
        return Err(Refusal::IsLanding(task.clone()).into());
    }
    landings::end(work.conn, task)?;
    Ok(landing)
}

/// Writes the landing that somebody asks for now, as `of` makes it, and returns the event that asks for it.
fn ask(
    work: &mut Work<'_>,
    task: &TaskId,
    by: &str,
    of: impl FnOnce(Landing) -> Landing,
) -> Result<EventId, Error> {
    let mut landing = of(Landing {
        onto: None,
        method: None,
        delete_branch: false,
        by: by.to_owned(),
        asked_at: work.now,
        problem: None,
        request: EventId(0),
        result: None,
        commit: None,
    });
    let (onto, by) = (landing.onto.clone(), landing.by.clone());
    work.log(task, &EventBody::LandingRequested { onto, by })?;
    landing.request = work.events.last().copied().unwrap_or_default();
    landings::write(work.conn, task, &landing)?;
    Ok(landing.request)
}

/// Lets the work of a task land that was just finished, where the lane of its last run says so.
pub(super) fn begin_by_itself(work: &mut Work<'_>, task: &Task) -> Result<(), Error> {
    let last = LastWork::of(work.conn, &task.id)?;
    let lands = last.is_some_and(|last| last.lands);
    let Some(branch) = branches::of_task(work.conn, &task.id)?.filter(|_| lands) else {
        return Ok(());
    };
    let target = target(&task.id, &branch);
    let asked = ask(work, &task.id, BY_LANE, |asked| match target {
        Ok(onto) => Landing {
            onto: Some(onto),
            ..asked
        },
        Err(problem) => Landing {
            problem: Some(problem.to_string()),
            ..asked
        },
    })?;
    // A person may take it back, and nothing else with it.
    let mut act = Act::by(&Actor::dispatcher());
    act.note(&task.id, Inverse::Landing(None));
    act.keep(work, &[asked])
}

/// Returns the landing of a task, if that is still the one of this request.
fn asked_for(work: &Work<'_>, task: &TaskId, request: EventId) -> Result<Option<Landing>, Error> {
    let landing = landings::of_task(work.conn, task)?;
    Ok(landing.filter(|landing| landing.request == request))
}

impl CarryOut for NoteLanding {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        asked_for(work, &self.task, self.request)?
            .ok_or_else(|| Refusal::NoLanding(self.task.clone()))?;
        let task = work.task(&self.task)?;
        let checked = self.check.as_ref().map(|check| &check.command);
        if task.check.is_some() && task.check.as_ref() != checked {
            // It was given another one meanwhile.
            return Err(Refusal::NoLanding(task.id).into());
        }
        landings::note_result(work.conn, self)?;
        Ok(Change::Done)
    }
}

impl CarryOut for SettleLanding {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let found = asked_for(work, &self.task, self.request)?;
        let landing = found.as_ref();
        let landing = landing.ok_or_else(|| Refusal::NoLanding(self.task.clone()));
        match &self.end {
            // True whatever became of the task meanwhile.
            LandingEnd::Landed {
                commit,
                before,
                result,
                kept,
            } => {
                let git = GitFacts {
                    commit: Some(commit.clone()),
                    base: before.clone(),
                    commit_after: Some(result.clone()),
                    ..GitFacts::default()
                };
                landed(work, self, landing.ok(), git, kept.as_deref())?;
            }
            LandingEnd::Nothing { reason } => {
                landing?;
                landings::end(work.conn, &self.task)?;
                let reason = reason.clone();
                work.log(&self.task, &EventBody::LandingEnded { reason })?;
            }
            LandingEnd::SentBack { check, limit } => {
                let task = work.task(&self.task)?;
                let by = Some(&*landing?.by);
                let receipt = receipts::write(work.conn, &task.id, None, by, check)?;
                let sent_back = SentBack {
                    onto: &self.onto,
                    receipt,
                    check,
                    limit: limit.unwrap_or(SENT_BACK_LIMIT),
                };
                sent_back.carry_out(work, &task)?;
            }
            LandingEnd::Waits { problem, until } => {
                let known = landing?.problem.as_ref();
                landings::wait(work.conn, &self.task, problem, *until)?;
                if known != Some(problem) {
                    let problem = problem.clone();
                    work.log(&self.task, &EventBody::LandingWaits { problem })?;
                }
            }
        }
        Ok(Change::Done)
    }
}

/// Writes down that the work is on its target, with the receipt of the check that let it land.
fn landed(
    work: &mut Work<'_>,
    settle: &SettleLanding,
    landing: Option<&Landing>,
    git: GitFacts,
    kept: Option<&str>,
) -> Result<(), Error> {
    let SettleLanding { task, onto, .. } = settle;
    let by = landing.map(|landing| &*landing.by);
    if landing.is_some()
        && let Some(check) = landings::check_of(work.conn, task)?
    {
        receipts::write(work.conn, task, None, by, &check)?;
    }
    let commit = git.commit_after.clone().unwrap_or_default();
    branches::note_landed(work.conn, task, onto, &git)?;
    let asked_at = landing.map(|landing| landing.asked_at);
    let check = receipt_of(work, onto, asked_at, git);
    let receipt = receipts::write(work.conn, task, None, by, &check)?;
    if landing.is_some() {
        landings::end(work.conn, task)?;
    }
    let landed = EventBody::Landed {
        onto: onto.clone(),
        commit,
        receipt,
        kept: kept.map(ToOwned::to_owned),
    };
    work.log(task, &landed)
}

fn receipt_of(work: &Work<'_>, onto: &str, asked_at: Option<Timestamp>, git: GitFacts) -> CheckEnd {
    CheckEnd {
        command: format!("land on {onto}"),
        verdict: Verdict::Landed,
        began_at: asked_at.unwrap_or(work.now),
        ended_at: work.now,
        exit_code: None,
        output: String::new(),
        log_start: None,
        log_end: None,
        git,
    }
}

/// Work that could not land.
struct SentBack<'a> {
    onto: &'a str,
    receipt: ReceiptId,
    check: &'a CheckEnd,
    /// The number of times in a row that blocks the task.
    limit: u32,
}

impl SentBack<'_> {
    /// Lets its task be worked on again; after too many times a person has to look.
    fn carry_out(&self, work: &mut Work<'_>, task: &Task) -> Result<(), Error> {
        let id = &task.id;
        let status = super::step(task, &Step::Reject, "sent back")?;
        let sent_back = branches::count_sent_back(work.conn, id)?;
        let error = match self.check.verdict {
            Verdict::Conflict => self.check.output.trim_end().to_owned(),
            _ => format!(
                "on top of {} its check {}",
                self.onto,
                self.check.sentence()
            ),
        };
        tasks::set_result(work.conn, id, task.completed_at, None, TaskOutcome::Success)?;
        work.put(id, &status, None)?;
        let failed = EventBody::LandingFailed {
            onto: self.onto.to_owned(),
            receipt: self.receipt,
            error: error.clone(),
            sent_back,
        };
        work.log(id, &failed)?;
        promotion::demote_children(work, id)?;
        if sent_back < self.limit {
            return promotion::hold_back(work, id);
        }
        branches::end_sent_back(work.conn, id)?;
        let reason = format!("its work could not land {sent_back} times, the last: {error}");
        work.put(id, &Status::Blocked, None)?;
        tasks::set_block_reason(work.conn, id, &reason)?;
        let reason = Some(reason);
        work.log(id, &EventBody::Blocked { reason })
    }
}
