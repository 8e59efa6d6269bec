//! Reviews: work that is done waits for a verdict of a person or of a second lane.

use domain::actor::Actor;
use domain::check::{CheckEnd, GitFacts, REVIEW, Verdict};
use domain::command::{ApproveTask, Change, RequestChanges};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{ReceiptId, RunId, TaskId};
use domain::outcome::TaskOutcome;
use domain::review::{PERSON, ROUNDS, Review};
use domain::run::Outcome;
use domain::status::Status;
use domain::task::Task;
use domain::transition::Step;

use super::undo::Inverse;
use super::{CarryOut, Work, landing, promotion};
use crate::error::Error;
use crate::row;
use crate::runs::{self, End, LastWork, OpenRun};
use crate::{branches, receipts, tasks};

impl CarryOut for ApproveTask {
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let task = work.task(&self.task)?;
        let (review, git) = judged(work, actor, &task, self.run, self.commit.as_deref())?;
        if actor.name == review.worked_by {
            let (task, name) = (task.id, review.worked_by);
            return Err(Refusal::OwnWork { task, name }.into());
        }
        let status = super::step(&task, &Step::Approve, "approved")?;
        let note = self.note.as_deref().unwrap_or_default();
        work.note(&task.id, || Inverse::place(&task));
        let receipt = settle(work, actor, &task, &review, git, (Verdict::Approved, note))?;
        let (id, result, outcome) = (&task.id, task.result.as_deref(), task.outcome);
        tasks::finish(work.conn, work.now, id, &status, result, outcome, true)?;
        work.log(
            id,
            &EventBody::Approved {
                run: review.run,
                receipt,
                by: actor.name.clone(),
            },
        )?;
        work.log(
            id,
            &EventBody::Completed {
                result_len: result.map_or(0, |text| text.chars().count()),
                outcome,
                unchecked: false,
            },
        )?;
        promotion::promote_children(work, id)?;
        if outcome.is_success() {
            landing::begin_by_itself(work, &task)?;
        }
        Ok(Change::Done)
    }
}

impl CarryOut for RequestChanges {
    /// Lets the task be worked on again; after too many rounds a person has to look.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let task = work.task(&self.task)?;
        let (id, reason) = (&task.id, &self.reason);
        let (review, git) = judged(work, actor, &task, self.run, self.commit.as_deref())?;
        let status = super::step(&task, &Step::Reject, "sent back")?;
        work.note(id, || Inverse::place(&task));
        let receipt = settle(
            work,
            actor,
            &task,
            &review,
            git,
            (Verdict::ChangesRequested, reason),
        )?;
        let rounds = count_round(work, id)?;
        let requested = EventBody::ChangesRequested {
            run: review.run,
            receipt,
            by: actor.name.clone(),
            reason: reason.clone(),
            rounds,
        };
        tasks::set_result(work.conn, id, task.completed_at, None, TaskOutcome::Success)?;
        work.put(id, &status, None)?;
        work.log(id, &requested)?;
        if rounds < ROUNDS {
            promotion::hold_back(work, id)?;
            return Ok(Change::Done);
        }
        let reason = format!("changes were asked for {rounds} times, the last: {reason}");
        work.put(id, &Status::Blocked, None)?;
        tasks::set_block_reason(work.conn, id, &reason)?;
        let reason = Some(reason);
        work.log(id, &EventBody::Blocked { reason })?;
        Ok(Change::Done)
    }
}

/// Returns the review that a verdict is about. The worker of a run judges only what that run is to
/// review, and nobody what is not there any more. The commit is the one at which its branch is.
fn judged(
    work: &Work<'_>,
    actor: &Actor,
    task: &Task,
    run: Option<RunId>,
    commit: Option<&str>,
) -> Result<(Review, GitFacts), Error> {
    let Some(review) = task.in_review.clone().filter(|_| match task.status {
        Status::Review | Status::Running => true,
        // Its reviewer had a question, or could not be started.
        Status::Blocked => !actor.authority.is_worker(),
        _ => false,
    }) else {
        let (task, status) = (task.id.clone(), task.status.clone());
        return Err(Refusal::NotInReview { task, status }.into());
    };
    if actor.authority.is_worker() {
        let open = runs::open_run_of(work.conn, &task.id)?;
        if !open.is_some_and(|open| open.is_review) {
            return Err(Refusal::NotYourReview(task.id.clone()).into());
        }
    }
    let branch = branches::of_task(work.conn, &task.id)?;
    let git = branch.map_or_else(GitFacts::default, |branch| GitFacts {
        commit: branch.tip,
        ..GitFacts::default()
    });
    let has_moved = commit.is_some() && commit != git.commit.as_deref();
    if run.is_some() && run != review.run || has_moved {
        return Err(Refusal::MovedOn(task.id.clone()).into());
    }
    Ok((review, git))
}

/// Closes the run that reviews, and writes the receipt of its verdict.
fn settle(
    work: &mut Work<'_>,
    actor: &Actor,
    task: &Task,
    review: &Review,
    git: GitFacts,
    (verdict, words): (Verdict, &str),
) -> Result<ReceiptId, Error> {
    let summary = Some(words).filter(|words| !words.is_empty());
    let end = End {
        summary,
        ..End::default()
    };
    work.close_run_of(&task.id, Outcome::Completed, &end)?;
    let check = CheckEnd {
        command: REVIEW.to_owned(),
        verdict,
        began_at: task.status_since,
        ended_at: work.now,
        exit_code: None,
        output: words.to_owned(),
        log_start: None,
        log_end: None,
        git,
    };
    receipts::write(work.conn, &task.id, review.run, Some(&actor.name), &check)
}

/// Counts another request for changes, and returns their number in a row.
fn count_round(work: &Work<'_>, task: &TaskId) -> Result<u32, Error> {
    work.conn
        .prepare_cached("UPDATE tasks SET rounds = rounds + 1 WHERE id = ?1")?
        .execute([task.as_str()])?;
    rounds(work, task)
}

/// Returns the number of requests for changes in a row.
fn rounds(work: &Work<'_>, task: &TaskId) -> Result<u32, Error> {
    let sql = "SELECT rounds FROM tasks WHERE id = ?1";
    row::one(work.conn, sql, [task.as_str()])
}

/// Returns the review that the work on a task has to pass once it is done: as its last run says, where a
/// lane worked on it, else as the task does.
pub(super) fn due(
    work: &Work<'_>,
    actor: &Actor,
    task: &Task,
    open: Option<&OpenRun>,
) -> Result<Option<Review>, Error> {
    if let Some(open) = open.filter(|open| open.is_review) {
        let task = open.task.clone();
        let refusal = if actor.authority.is_worker() {
            Refusal::IsReview
        } else {
            Refusal::AwaitsReview
        };
        return Err(refusal(task).into());
    }
    if task.in_review.is_some() {
        return Err(Refusal::AwaitsReview(task.id.clone()).into());
    }
    let last = LastWork::of(work.conn, &task.id)?;
    let of_lane = last.as_ref().and_then(|last| last.review.clone());
    let Some(reviewer) = task.review.clone().or(of_lane) else {
        return Ok(None);
    };
    let worker = open.and_then(|open| open.lane.clone().or_else(|| open.claimed_by.clone()));
    let worker = worker.filter(|_| actor.authority.is_worker());
    let worked_by = worker.unwrap_or_else(|| actor.name.clone());
    Ok(Some(Review {
        reviewer: other_than(&worked_by, &reviewer),
        run: open.map(|open| open.id).or(last.map(|last| last.id)),
        worked_by,
        rounds: rounds(work, &task.id)?,
    }))
}

/// Returns the reviewer, or a person in the place of a lane that would judge its own work.
fn other_than(worked_by: &str, reviewer: &str) -> String {
    if reviewer == worked_by {
        PERSON.to_owned()
    } else {
        reviewer.to_owned()
    }
}

/// Returns the review of a task as it is once somebody else is to judge; `None` where nothing changes.
pub(super) fn handed_over(task: &Task, reviewer: Option<&str>) -> Option<Review> {
    let review = task
        .in_review
        .as_ref()
        .filter(|_| task.status != Status::Running)?;
    let reviewer = other_than(&review.worked_by, reviewer?);
    (reviewer != review.reviewer).then(|| Review {
        reviewer,
        ..review.clone()
    })
}

/// Returns true if the work on a task has to pass a review, or is in one.
pub(super) fn is_asked_for(work: &Work<'_>, task: &Task) -> Result<bool, Error> {
    let of_lane = LastWork::of(work.conn, &task.id)?.and_then(|last| last.review);
    Ok(task.review.is_some() || task.in_review.is_some() || of_lane.is_some())
}

/// Lets a task whose work is done wait for the verdict of its reviewer.
pub(super) fn begin(
    work: &mut Work<'_>,
    task: &Task,
    review: &Review,
    result: Option<&str>,
    outcome: TaskOutcome,
) -> Result<Change, Error> {
    let status = super::step(task, &Step::Submit, "given to review")?;
    tasks::forgive(work.conn, &task.id)?;
    work.put(&task.id, &status, None)?;
    tasks::set_result(work.conn, &task.id, task.completed_at, result, outcome)?;
    tasks::set_review(work.conn, &task.id, Some(review))?;
    work.log(
        &task.id,
        &EventBody::ReviewRequested {
            run: review.run,
            reviewer: review.reviewer.clone(),
            result_len: result.map_or(0, |text| text.chars().count()),
        },
    )?;
    Ok(Change::Done)
}
