//! The server's part of the inbox. The rest of it is on the board, and newer there.

use std::collections::BTreeMap;

use domain::id::{DeliveryId, EventId, RunId, TaskId};
use domain::inbox::{Concern, Need};
use domain::landing::Method;
use domain::notify::Address;
use domain::outcome::DeadEnd;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The concerns that are not on the board. Plain fields: as JSON, `Concern` would cost a page tens
/// of kilobytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerEntries {
    /// The proposed results.
    pub proposals: Vec<Proposal>,
    /// The number of tasks behind each task that has any. It is written as text, because a page
    /// reads such a map already.
    pub behind: BTreeMap<TaskId, String>,
    /// The dead letters.
    pub letters: Vec<Letter>,
    /// The work that waits for a verdict.
    pub works: Vec<Work>,
    /// The links that can no longer be met, parent by parent.
    pub dead_ends: Vec<DeadEnd>,
    /// The landings that wait.
    pub landings: Vec<Waiting>,
}

/// A landing in whose way something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its task.
    pub task: TaskId,
    /// The time at which it was asked for.
    pub since: Timestamp,
    /// The branch that the work is to land on.
    pub onto: Option<String>,
    /// The method.
    pub method: Option<Method>,
    /// True if the task's own branch is to be deleted.
    pub delete_branch: bool,
    /// The reason why it waits.
    pub problem: String,
    /// The event that asks for it.
    pub request: EventId,
}

/// Work that is done and waits for a verdict of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Its task.
    pub task: TaskId,
    /// The run that did it.
    pub run: Option<RunId>,
    /// The commit at which its branch is.
    pub commit: Option<String>,
    /// The result.
    pub result: Option<String>,
}

/// The last output of a worker that exited without a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its task.
    pub task: TaskId,
    /// The time at which that was blocked: another time, another proposal.
    pub since: Timestamp,
    /// The output.
    pub result: String,
}

/// News that did not reach a place, the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its number.
    pub delivery: DeliveryId,
    /// The task that it tells of.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// The task's assignee.
    pub assignee: Option<String>,
    /// The start of its wait for a person.
    pub since: Timestamp,
    /// The recipient.
    pub to: Address,
    /// The message.
    pub text: String,
    /// The error.
    pub error: String,
    /// The number of messages its place did not get.
    pub count: u32,
}

impl ServerEntries {
    /// Keeps of these what a page cannot derive from the board.
    pub fn of(concerns: Vec<Concern>) -> Self {
        let mut told = Self::default();
        for concern in concerns {
            let Concern {
                task,
                title,
                assignee,
                since,
                behind,
                need,
            } = concern;
            if behind > 0 {
                told.behind.insert(task.clone(), behind.to_string());
            }
            match need {
                Need::GaveUp {
                    proposed: Some(result),
                    ..
                } => told.proposals.push(Proposal {
                    task,
                    since,
                    result,
                }),
                Need::Undelivered {
                    delivery,
                    to,
                    text,
                    error,
                    count,
                } => told.letters.push(Letter {
                    delivery,
                    task,
                    title,
                    assignee,
                    since,
                    to,
                    text,
                    error,
                    count,
                }),
                // Holds come with the dispatcher's state.
                Need::Answer { .. } | Need::GaveUp { .. } | Need::Held { .. } => {}
                Need::Review {
                    run,
                    commit,
                    result,
                } => told.works.push(Work {
                    task,
                    run,
                    commit,
                    result,
                }),
                Need::DeadEnd { dead_ends } => told.dead_ends.extend(dead_ends),
                Need::Landing {
                    onto,
                    method,
                    delete_branch,
                    problem,
                    request,
                } => told.landings.push(Waiting {
                    task,
                    since,
                    onto,
                    method,
                    delete_branch,
                    problem,
                    request,
                }),
            }
        }
        told
    }

    /// The number of tasks that wait behind this one.
    pub(super) fn behind(&self, task: &TaskId) -> u32 {
        let count = self.behind.get(task).and_then(|count| count.parse().ok());
        count.unwrap_or_default()
    }

    /// Returns true if it has the work of a task that waits for a verdict.
    pub(super) fn has_work_of(&self, task: &TaskId) -> bool {
        self.works.iter().any(|work| work.task == *task)
    }

    /// Adds to the need of a task what the board does not show of it.
    pub(super) fn complete(&self, concern: &mut Concern) {
        let proposed = self.proposed(concern);
        let task = &concern.task;
        match &mut concern.need {
            Need::GaveUp { proposed: told, .. } => *told = proposed,
            Need::Review {
                run,
                commit,
                result,
            } => {
                if let Some(work) = self.works.iter().find(|work| work.task == *task).cloned() {
                    (*run, *commit, *result) = (work.run, work.commit, work.result);
                }
            }
            _ => {}
        }
    }

    /// The result that the worker of this blocked task proposed.
    pub(super) fn proposed(&self, concern: &Concern) -> Option<String> {
        let proposals = self.proposals.iter();
        let mut own = proposals.filter(|it| it.task == concern.task && it.since == concern.since);
        own.next().map(|it| it.result.clone())
    }
}

impl Waiting {
    /// The same as something that needs a person.
    pub(super) fn need(&self) -> Need {
        Need::Landing {
            onto: self.onto.clone(),
            method: self.method,
            delete_branch: self.delete_branch,
            problem: self.problem.clone(),
            request: self.request,
        }
    }
}

impl Letter {
    /// The same as something that needs a person.
    pub(super) fn concern(&self) -> Concern {
        Concern {
            task: self.task.clone(),
            title: self.title.clone(),
            assignee: self.assignee.clone(),
            since: self.since,
            behind: 0,
            need: Need::Undelivered {
                delivery: self.delivery,
                to: self.to.clone(),
                text: self.text.clone(),
                error: self.error.clone(),
                count: self.count,
            },
        }
    }
}
