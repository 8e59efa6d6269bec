//! Why a task is not running.

use serde::{Deserialize, Serialize};

use super::{Dispatch, Facts, Report};
use crate::id::TaskId;
use crate::status::Status;
use crate::time::{Seconds, Timestamp};

/// Why a task is not running: the first thing that would have to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum WhyNot {
    /// It is an idea yet.
    #[error("it is only an idea; move it to ready to have it done")]
    Idea,
    /// A person put it into `todo`.
    #[error("somebody put it aside; move it to ready to have it done")]
    PutAside,
    /// Other tasks come first.
    #[error("it waits for {}{}", names(.parents), .because.as_ref().map_or_else(String::new, Because::text))]
    WaitsForParents {
        /// Those that are not finished; empty where only their number is known.
        parents: Vec<TaskId>,
        /// What these wait for in the end, where that is known and does not run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<Because>,
    },
    /// It needs an answer.
    #[error("{}", .question.as_deref().unwrap_or("it is blocked; unblock it to let it go on"))]
    Blocked {
        /// The question, or what is missing.
        question: Option<String>,
    },
    /// It failed, or was put off, too often.
    #[error("it gave up; the last attempt ended with: {error}")]
    GaveUp {
        /// How many attempts failed in a row.
        failures: u32,
        /// Why the last one failed.
        error: String,
    },
    /// Nobody was told to do it.
    #[error("it is assigned to nobody")]
    NoAssignee,
    /// No dispatcher is there.
    #[error("no dispatcher is running; start one with `kanban serve` or `kanban daemon`")]
    DispatcherOff,
    /// Another process holds the dispatch lock: another program, or a dispatcher that hangs.
    #[error("it is left to {by}, which holds the dispatch lock of this board")]
    Elsewhere {
        /// The process.
        by: String,
    },
    /// Nothing is started now.
    #[error("{} is paused", .lane.as_ref().map_or_else(|| "the dispatcher".to_owned(), |lane| format!("lane {lane}")))]
    Paused {
        /// The lane; `None` is the whole dispatcher.
        lane: Option<String>,
    },
    /// Nothing can be started on this machine.
    #[error("nothing can be started on this machine: {problem}")]
    MachineFault {
        /// What is wrong with it, in a sentence.
        problem: String,
    },
    /// Nothing starts workers of this name.
    #[error("there is no lane for {assignee}; name one in kanban.toml, or assign it to another")]
    NoLane {
        /// The assignee.
        assignee: String,
    },
    /// Its lane cannot start anything.
    #[error("lane {lane} cannot start anything: {problem}")]
    LaneBroken {
        /// The lane.
        lane: String,
        /// What is wrong, in a sentence.
        problem: String,
    },
    /// It rests after an attempt that failed or could not go on.
    #[error("it rests for another {remaining} before the next attempt")]
    Resting {
        /// Until when.
        until: Timestamp,
        /// How long that is, from now.
        remaining: Seconds,
    },
    /// The dispatcher can neither watch its last run nor bring it to an end.
    #[error("its last run is stuck: {error}")]
    Stuck {
        /// Why.
        error: String,
    },
    /// The run before was closed, and its processes have not ended yet.
    #[error("the processes of its last run have not ended yet")]
    Leaving,
    /// As many runs go on as may.
    #[error("{running} of {limit} runs go on{}", .lane.as_ref().map_or_else(String::new, |lane| format!(" in lane {lane}")))]
    AtCapacity {
        /// The lane; `None` is the whole board.
        lane: Option<String>,
        /// How many go on.
        running: u32,
        /// How many may.
        limit: u32,
    },
    /// Nothing is in its way.
    #[error("it will start in a moment")]
    NotClaimedYet,
    /// There is nothing left to do.
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
    /// Where it stands.
    pub status: Status,
    /// Why it is not running.
    pub why: Box<WhyNot>,
}

impl Because {
    fn text(&self) -> String {
        let mut text = String::new();
        for pair in self.chain.windows(2) {
            if let [child, parent] = pair {
                text.push_str(&["; ", child.as_str(), " waits for ", parent.as_str()].concat());
            }
        }
        if let Some(last) = self.chain.last() {
            let (status, why) = (self.status.to_string(), self.why.to_string());
            text.push_str(&["; ", last.as_str(), " (", &status, "): ", &why].concat());
        }
        text
    }
}

/// Why a task is not running; `None` for one that is, unless its run is stuck.
pub fn why_not(facts: &Facts<'_>, dispatch: &Dispatch) -> Option<WhyNot> {
    let why = match facts.status {
        Status::Running => return why_stuck(facts, dispatch.living()?),
        Status::Triage => WhyNot::Idea,
        Status::Todo | Status::Ready if facts.waiting => WhyNot::WaitsForParents {
            parents: facts.unfinished_parents.to_vec(),
            because: None,
        },
        Status::Todo => WhyNot::PutAside,
        Status::Ready => why_not_started(facts, dispatch),
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

fn why_not_started(facts: &Facts<'_>, dispatch: &Dispatch) -> WhyNot {
    let Some(assignee) = facts.assignee else {
        return WhyNot::NoAssignee;
    };
    let Some(report) = dispatch.living() else {
        return match dispatch.elsewhere() {
            Some(by) => WhyNot::Elsewhere { by: by.to_owned() },
            None => WhyNot::DispatcherOff,
        };
    };
    if dispatch.is_paused(None) {
        return WhyNot::Paused { lane: None };
    }
    if let Some(problem) = report.fault.clone() {
        return WhyNot::MachineFault { problem };
    }
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
    if let Some(until) = facts.not_before.filter(|until| *until > dispatch.now) {
        let remaining = Seconds(until.seconds_since(dispatch.now));
        return WhyNot::Resting { until, remaining };
    }
    if let Some(stuck) = why_stuck(facts, report) {
        return stuck;
    }
    let is_leaving = |id: &TaskId| report.leaving.iter().any(|place| place.task == *id);
    if facts.id.is_some_and(is_leaving) {
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

fn why_stuck(facts: &Facts<'_>, report: &Report) -> Option<WhyNot> {
    let stuck = report
        .stuck
        .iter()
        .find(|it| facts.id == Some(&it.place.task))?;
    let error = stuck.error.clone();
    Some(WhyNot::Stuck { error })
}

fn names(parents: &[TaskId]) -> String {
    match parents {
        [] => "tasks that are not finished".to_owned(),
        parents => names_of(parents),
    }
}

/// How many tasks a sentence names; the others are counted.
const MOST_NAMED: usize = 50;

/// The ids, as many as a sentence can hold.
pub fn names_of(tasks: &[TaskId]) -> String {
    let names: Vec<_> = tasks.iter().take(MOST_NAMED).map(TaskId::as_str).collect();
    let (more, names) = (tasks.len() - names.len(), names.join(", "));
    match more {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
