//! The reasons for which a task is not running.

use serde::{Deserialize, Serialize};

use super::{Dispatch, Facts, Report};
use crate::hold::{Cause, Lets};
use crate::id::TaskId;
use crate::landing::Landing;
use crate::outcome::DeadEnd;
use crate::review::PERSON;
use crate::status::Status;
use crate::text::{MOST_NAMED, lines, names_of};
use crate::time::{Seconds, Timestamp};

/// The reason for which a task is not running: the first thing that would have to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum WhyNot {
    /// It is an idea, in `triage`.
    #[error("it is only an idea; move it to ready to have it done")]
    Idea,
    /// A person put it into `todo`.
    #[error("somebody put it aside; move it to ready to have it done")]
    PutAside,
    /// It waits for its parents.
    #[error("it waits for {}{}", names(.parents), .because.as_ref().map_or_else(String::new, Because::text))]
    WaitsForParents {
        /// The parents that are not finished; empty where only their number is known.
        parents: Vec<TaskId>,
        /// The task at the end of the chain, where it is known and not running.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<Because>,
    },
    /// It can never start: a parent ended with another outcome than it asks for.
    #[error("{}", never(.dead_ends))]
    DeadEnd {
        /// The links that can no longer be met; empty where only their presence is known.
        dead_ends: Vec<DeadEnd>,
    },
    /// Its work is done and waits for a verdict of a person.
    #[error(
        "its work is done and waits for a person: `kanban approve`, or `kanban request-changes`"
    )]
    AwaitsVerdict,
    /// It waits for a person's answer.
    #[error("{}", .question.as_deref().unwrap_or("it is blocked; unblock it to let it go on"))]
    Blocked {
        /// The question, or what is missing.
        question: Option<String>,
    },
    /// It failed or was deferred too often.
    #[error("it gave up; the last attempt ended with: {error}")]
    GaveUp {
        /// The number of attempts that failed in a row.
        failures: u32,
        /// The error of the last one.
        error: String,
    },
    /// It has no assignee.
    #[error("it is assigned to nobody")]
    NoAssignee,
    /// No dispatcher is running.
    #[error("no dispatcher is running; start one with `kanban serve` or `kanban daemon`")]
    DispatcherOff,
    /// Another process holds the dispatch lock: another program, or a dispatcher that hangs.
    #[error("it is left to {by}, which holds the dispatch lock of this board")]
    Elsewhere {
        /// The process.
        by: String,
    },
    /// The dispatcher or its lane is paused.
    #[error("{} is paused", .lane.as_ref().map_or_else(|| "the dispatcher".to_owned(), |lane| format!("lane {lane}")))]
    Paused {
        /// The lane; `None` is the whole dispatcher.
        lane: Option<String>,
    },
    /// Its lane or its pool is held.
    #[error("{}", held(.name, *.cause, *.until, *.remaining, *.waiting, .detail.as_deref()))]
    Held {
        /// The lane or the pool.
        name: String,
        /// The cause.
        cause: Cause,
        /// The moment of the probe; `None` waits for a person.
        until: Option<Timestamp>,
        /// The time left until then; zero while the probe has not lasted yet.
        remaining: Seconds,
        /// The number of ready tasks that wait for it.
        waiting: u32,
        /// The words of the worker, or of the person.
        detail: Option<String>,
    },
    /// It is outside of the hours of its lane.
    #[error("lane {lane} starts nothing at this hour, and again in {remaining}")]
    OutOfHours {
        /// The lane.
        lane: String,
        /// The beginning of its hours.
        until: Timestamp,
        /// The time left until then.
        remaining: Seconds,
    },
    /// A fault of the machine keeps everything from starting.
    #[error("nothing can be started on this machine: {problem}")]
    MachineFault {
        /// The fault, in a sentence.
        problem: String,
    },
    /// No lane serves its assignee.
    #[error("there is no lane for {assignee}; name one in kanban.toml, or assign it to another")]
    NoLane {
        /// The assignee.
        assignee: String,
    },
    /// Its work waits for a reviewer who is neither a person nor a lane.
    #[error(
        "its work is done and {reviewer} is to judge it, but no lane has this name; name one in \
         kanban.toml, or another reviewer: `kanban edit TASK --review person`"
    )]
    NoReviewer {
        /// The reviewer.
        reviewer: String,
    },
    /// Its lane cannot start anything.
    #[error("lane {lane} cannot start anything: {problem}")]
    LaneBroken {
        /// The lane.
        lane: String,
        /// The error, in a sentence.
        problem: String,
    },
    /// It is in back-off after an attempt, or snoozed.
    #[error("it starts in {remaining} at the earliest")]
    Resting {
        /// The end of the back-off.
        until: Timestamp,
        /// The time left until then.
        remaining: Seconds,
    },
    /// The dispatcher can neither watch its last run nor end it.
    #[error("its last run cannot be recovered: {error}")]
    Stuck {
        /// The error, in a sentence.
        error: String,
    },
    /// Its last run was closed, and the processes of that have not ended yet.
    #[error("the processes of its last run have not ended yet")]
    Leaving,
    /// All slots of the board or of its lane are busy.
    #[error("{running} of {limit} slots busy{}", .lane.as_ref().map_or_else(String::new, |lane| format!(" in lane {lane}")))]
    AtCapacity {
        /// The lane; `None` is the whole board.
        lane: Option<String>,
        /// The number of slots in use.
        running: u32,
        /// The cap.
        limit: u32,
    },
    /// Nothing is in its way: the next tick claims it.
    #[error("it will start in a moment")]
    NotClaimedYet,
    /// It is finished.
    #[error("it is {status}")]
    Finished {
        /// `done` or `archived`.
        status: Status,
    },
    /// Another program gave it a status that we do not know.
    #[error("it has the status {status}, which only the program that gave it understands")]
    Foreign {
        /// The status.
        status: Status,
    },
}

/// The task at the end of a chain of tasks that wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// The chain, from a parent of the task that was asked about to this one.
    pub chain: Vec<TaskId>,
    /// Its status.
    pub status: Status,
    /// The reason for which it is not running.
    pub why: Box<WhyNot>,
}

impl Because {
    /// The first links of the chain and its last one, so that both ends are named.
    fn text(&self) -> String {
        let mut text = String::new();
        let left_out = self.chain.len().saturating_sub(MOST_NAMED + 2);
        for (at, pair) in self.chain.windows(2).enumerate() {
            let [child, parent] = pair else { continue };
            if left_out == 0 || at < MOST_NAMED || at == MOST_NAMED + left_out {
                text.push_str(&["; ", child.as_str(), " waits for ", parent.as_str()].concat());
            } else if at == MOST_NAMED {
                text.push_str(&["; … and ", &left_out.to_string(), " more"].concat());
            }
        }
        if let Some(last) = self.chain.last() {
            let (status, why) = (self.status.to_string(), self.why.to_string());
            text.push_str(&["; ", last.as_str(), " (", &status, "): ", &why].concat());
        }
        text
    }
}

/// Returns the reason for which a task is not running; `None` for one that is, unless its run is
/// stuck.
pub fn why_not(facts: &Facts<'_>, dispatch: &Dispatch) -> Option<WhyNot> {
    let why = match facts.status {
        Status::Running => return why_unrecoverable(facts, dispatch.living()?),
        Status::Triage => WhyNot::Idea,
        Status::Todo | Status::Ready if facts.waiting && facts.is_dead_end => WhyNot::DeadEnd {
            dead_ends: facts.dead_ends.to_vec(),
        },
        Status::Todo | Status::Ready if facts.waiting => WhyNot::WaitsForParents {
            parents: facts.unfinished_parents.to_vec(),
            because: None,
        },
        Status::Todo => WhyNot::PutAside,
        Status::Review if facts.reviewer.is_none_or(|reviewer| reviewer == PERSON) => {
            WhyNot::AwaitsVerdict
        }
        Status::Review => match why_not_started(facts.reviewer, facts, dispatch) {
            WhyNot::NoLane { assignee } => WhyNot::NoReviewer { reviewer: assignee },
            why => why,
        },
        Status::Ready => why_not_started(facts.assignee, facts, dispatch),
        Status::Blocked => why_blocked(facts),
        Status::Done | Status::Archived => WhyNot::Finished {
            status: facts.status.clone(),
        },
        Status::Other(_) => WhyNot::Foreign {
            status: facts.status.clone(),
        },
    };
    Some(why)
}

impl WhyNot {
    /// Returns the same without what is left of a time, which is another one each second.
    #[must_use]
    pub fn at_no_time(mut self) -> Self {
        if let Self::Held { remaining, .. }
        | Self::OutOfHours { remaining, .. }
        | Self::Resting { remaining, .. } = &mut self
        {
            *remaining = Seconds::default();
        }
        self
    }

    /// Returns the reason in words for people, without anything hidden: it may quote what others wrote.
    pub fn text(&self) -> String {
        lines(&self.to_string()).into_owned()
    }
}

fn why_blocked(facts: &Facts<'_>) -> WhyNot {
    match (facts.block_reason, facts.last_error) {
        (None, Some(error)) => WhyNot::GaveUp {
            failures: facts.failures,
            error: error.to_owned(),
        },
        (question, _) => WhyNot::Blocked {
            question: question.filter(|text| !text.is_empty()).map(str::to_owned),
        },
    }
}

/// Returns the reason for which a landing does not begin, where it is the same for all of them. One whose
/// result is known is at its last step, and goes on all the same.
pub fn why_no_landing(landing: &Landing, dispatch: &Dispatch) -> Option<WhyNot> {
    let has_begun = landing.result.is_some();
    at_work(dispatch).err().filter(|_| !has_begun)
}

/// Returns the report of a dispatcher that starts something, or the reason why none does.
fn at_work(dispatch: &Dispatch) -> Result<&Report, WhyNot> {
    let Some(report) = dispatch.living() else {
        return Err(match dispatch.elsewhere() {
            Some(by) => WhyNot::Elsewhere { by: by.to_owned() },
            None => WhyNot::DispatcherOff,
        });
    };
    if dispatch.is_paused(None) {
        return Err(WhyNot::Paused { lane: None });
    }
    match report.fault.clone() {
        Some(problem) => Err(WhyNot::MachineFault { problem }),
        None => Ok(report),
    }
}

fn why_not_started(assignee: Option<&str>, facts: &Facts<'_>, dispatch: &Dispatch) -> WhyNot {
    let Some(assignee) = assignee else {
        return WhyNot::NoAssignee;
    };
    let report = match at_work(dispatch) {
        Ok(report) => report,
        Err(why) => return why,
    };
    let Some(lane) = report.lane_of(assignee) else {
        let assignee = assignee.to_owned();
        return WhyNot::NoLane { assignee };
    };
    let name = || lane.name.clone();
    if let Some(problem) = &lane.problem {
        let (lane, problem) = (name(), problem.clone());
        return WhyNot::LaneBroken { lane, problem };
    }
    if dispatch.is_paused(Some(&lane.name)) {
        return WhyNot::Paused { lane: Some(name()) };
    }
    if let Some(hold) = dispatch.hold_of(lane)
        && hold.lets(dispatch.now) == Lets::None
    {
        let left = hold
            .until
            .map_or(0, |until| until.seconds_since(dispatch.now));
        return WhyNot::Held {
            name: hold.name.clone(),
            cause: hold.cause,
            until: hold.until,
            remaining: Seconds(left.max(0)),
            waiting: hold.waiting,
            detail: hold.reason.clone(),
        };
    }
    if let Some(until) = lane.opens_at.filter(|until| *until > dispatch.now) {
        let (lane, remaining) = (name(), Seconds(until.seconds_since(dispatch.now)));
        return WhyNot::OutOfHours {
            lane,
            until,
            remaining,
        };
    }
    if let Some(until) = facts.not_before.filter(|until| *until > dispatch.now) {
        let remaining = Seconds(until.seconds_since(dispatch.now));
        return WhyNot::Resting { until, remaining };
    }
    if let Some(unrecoverable) = why_unrecoverable(facts, report) {
        return unrecoverable;
    }
    let is_exiting = |id: &TaskId| report.exiting_runs.iter().any(|slot| slot.task == *id);
    if facts.id.is_some_and(is_exiting) {
        return WhyNot::Leaving;
    }
    let (running, limit) = (dispatch.count(), report.cap);
    if running >= limit {
        let lane = None;
        return WhyNot::AtCapacity {
            lane,
            running,
            limit,
        };
    }
    let running = dispatch.count_in(&lane.name);
    match lane.cap {
        Some(limit) if running >= limit => WhyNot::AtCapacity {
            lane: Some(name()),
            running,
            limit,
        },
        _ => WhyNot::NotClaimedYet,
    }
}

fn why_unrecoverable(facts: &Facts<'_>, report: &Report) -> Option<WhyNot> {
    let run = report
        .unrecoverable_runs
        .iter()
        .find(|it| facts.id == Some(&it.slot.task))?;
    let error = run.error.clone();
    Some(WhyNot::Stuck { error })
}

/// The sentence about a hold: until when, why, who waits, and what a person can do.
fn held(
    name: &str,
    cause: Cause,
    until: Option<Timestamp>,
    remaining: Seconds,
    waiting: u32,
    detail: Option<&str>,
) -> String {
    let time = match until {
        None => " until it is released".to_owned(),
        Some(_) if remaining.0 == 0 => ", and one task goes first".to_owned(),
        Some(_) => [" for ", &remaining.to_string()].concat(),
    };
    let waits = match waiting {
        0 => String::new(),
        1 => "; 1 waits".to_owned(),
        count => ["; ", &count.to_string(), " wait"].concat(),
    };
    let detail = detail.map_or_else(String::new, |detail| [" (", detail, ")"].concat());
    let remedy = match cause {
        Cause::Unauthorized => ["; log in, then `kanban release ", name, "`"].concat(),
        Cause::Failing => ["; mend it, then `kanban release ", name, "`"].concat(),
        _ => String::new(),
    };
    [
        name,
        " is held",
        &time,
        ": ",
        cause.words(),
        &detail,
        &waits,
        &remedy,
    ]
    .concat()
}

/// The sentence about links that can no longer be met: the first of them, and their number.
fn never(dead_ends: &[DeadEnd]) -> String {
    match dead_ends {
        [] => "it can never start: a parent ended with another outcome than it asks for".to_owned(),
        [only] => format!("it can never start: {only}"),
        [first, others @ ..] => format!(
            "it can never start: {first}; {} more of its parents ended otherwise as well",
            others.len()
        ),
    }
}

fn names(parents: &[TaskId]) -> String {
    match parents {
        [] => "tasks that are not finished".to_owned(),
        parents => names_of(parents),
    }
}

#[cfg(test)]
mod tests;
