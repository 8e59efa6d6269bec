//! Landing: what is finished goes into the branch that it came from, or back to work.

use domain::actor::Actor;
use domain::branch::Branch;
use domain::check::{CheckEnd, GitFacts, Verdict};
use domain::command::{Change, LandTask, NoteLanding, SettleLanding};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{ReceiptId, TaskId};
use domain::landing::{BY_LANE, Landing, LandingEnd, SENT_BACK_LIMIT};
use domain::outcome::TaskOutcome;
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;
use domain::transition::Step;

use super::undo::Inverse;
use super::{CarryOut, Work, promotion};
use crate::error::Error;
use crate::row;
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
        let onto = self.onto.clone().or_else(|| branch.onto.clone());
        let onto = onto.ok_or_else(|| Refusal::NoTarget(task.id.clone()))?;
        if !self.delete_branch && has_landed(work, &task.id, &branch, &onto)? {
            return Ok(Change::Unchanged);
        }
        if !landings::take_back(work.conn, &task.id)? {
            return Err(Refusal::IsLanding(task.id).into());
        }
        work.note(&task.id, || Inverse::NotLanding);
        let landing = Landing {
            onto: Some(onto),
            method: self.method,
            delete_branch: self.delete_branch,
            ..asked(work, &actor.name)
        };
        ask(work, &task.id, &landing)?;
        Ok(Change::Done)
    }
}

/// A landing that somebody asks for now.
fn asked(work: &Work<'_>, by: &str) -> Landing {
    Landing {
        onto: None,
        method: None,
        delete_branch: false,
        by: by.to_owned(),
        asked_at: work.now,
        problem: None,
        result: None,
    }
}

fn ask(work: &mut Work<'_>, task: &TaskId, landing: &Landing) -> Result<(), Error> {
    landings::write(work.conn, task, landing)?;
    let (onto, by) = (landing.onto.clone(), landing.by.clone());
    work.log(task, &EventBody::LandingRequested { onto, by })
}

/// Returns true where the branch holds what its last receipt says has landed there.
fn has_landed(work: &Work<'_>, task: &TaskId, branch: &Branch, onto: &str) -> Result<bool, Error> {
    let last = receipts::last_of(work.conn, task)?.map(|last| last.check);
    let last = last.filter(|last| last.verdict == Verdict::Landed);
    Ok(branch.landed_onto.as_deref() == Some(onto)
        && last.is_some_and(|last| last.git.commit == branch.tip))
}

/// Lets the work of a task land that was just finished, where the lane of its last run says so.
pub(super) fn begin_by_itself(work: &mut Work<'_>, task: &Task) -> Result<(), Error> {
    let sql = "SELECT lands FROM runs WHERE task_id = ?1 AND lane IS NOT NULL AND NOT is_review \
               ORDER BY id DESC LIMIT 1";
    let lands: Option<bool> = row::find(work.conn, sql, [task.id.as_str()])?;
    let Some(branch) = branches::of_task(work.conn, &task.id)?.filter(|_| lands == Some(true))
    else {
        return Ok(());
    };
    let problem = match branch.onto {
        Some(_) => None,
        None => Some(Refusal::NoTarget(task.id.clone()).to_string()),
    };
    let landing = Landing {
        onto: branch.onto,
        problem,
        ..asked(work, BY_LANE)
    };
    ask(work, &task.id, &landing)
}

impl CarryOut for NoteLanding {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self {
            task,
            result,
            check,
        } = self;
        if !landings::note_result(work.conn, task, result, check.as_deref())? {
            return Err(Refusal::NoLanding(task.clone()).into());
        }
        Ok(Change::Done)
    }
}

impl CarryOut for SettleLanding {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let landing = landings::of_task(work.conn, &self.task)?;
        match (&self.end, landing) {
            (
                LandingEnd::Landed {
                    commit,
                    before,
                    result,
                    kept,
                },
                landing,
            ) => {
                // True whatever became of the task meanwhile.
                let git = GitFacts {
                    commit: Some(commit.clone()),
                    base: before.clone(),
                    commit_after: Some(result.clone()),
                    ..GitFacts::default()
                };
                landed(work, self, landing.as_ref(), git, kept.as_deref())?;
            }
            (_, None) => return Err(Refusal::NoLanding(self.task.clone()).into()),
            (LandingEnd::SentBack { check, limit }, Some(landing)) => {
                let task = work.task(&self.task)?;
                let by = Some(&*landing.by);
                let receipt = receipts::write(work.conn, &task.id, None, by, check)?;
                let limit = limit.unwrap_or(SENT_BACK_LIMIT);
                send_back(work, &task, (&self.onto, receipt, check), limit)?;
            }
            (LandingEnd::Waits { problem, until }, Some(_)) => {
                let was = landings::wait(work.conn, &self.task, problem, *until)?;
                if was.as_ref() != Some(problem) {
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
    if let Some(check) = landings::check_of(work.conn, task)? {
        receipts::write(work.conn, task, None, by, &check)?;
    }
    let commit = git.commit_after.clone().unwrap_or_default();
    branches::note_landed(work.conn, task, onto, &git)?;
    let asked_at = landing.map(|landing| landing.asked_at);
    let check = receipt_of(work, onto, asked_at, git);
    let receipt = receipts::write(work.conn, task, None, by, &check)?;
    landings::end(work.conn, task)?;
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

/// Lets a task be worked on again whose work could not land; after too many times a person has to look.
fn send_back(
    work: &mut Work<'_>,
    task: &Task,
    (onto, receipt, check): (&str, ReceiptId, &CheckEnd),
    limit: u32,
) -> Result<(), Error> {
    let id = &task.id;
    let status = super::step(task, &Step::Reject, "sent back")?;
    let sent_back = branches::count_sent_back(work.conn, id)?;
    let error = match check.verdict {
        Verdict::Conflict => check.output.trim_end().to_owned(),
        _ => format!("on top of {onto} its check {}", check.sentence()),
    };
    tasks::set_result(work.conn, id, task.completed_at, None, TaskOutcome::Success)?;
    work.put(id, &status, None)?;
    let failed = EventBody::LandingFailed {
        onto: onto.to_owned(),
        receipt,
        error: error.clone(),
        sent_back,
    };
    work.log(id, &failed)?;
    promotion::demote_children(work, id)?;
    if sent_back < limit {
        return promotion::hold_back(work, id);
    }
    branches::end_sent_back(work.conn, id)?;
    let reason = format!("its work could not land {sent_back} times, the last: {error}");
    work.put(id, &Status::Blocked, None)?;
    tasks::set_block_reason(work.conn, id, &reason)?;
    let reason = Some(reason);
    work.log(id, &EventBody::Blocked { reason })
}
