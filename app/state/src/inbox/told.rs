//! What the server says of the inbox. The rest of it is on the board, and newer there.

use domain::id::{DeliveryId, TaskId};
use domain::inbox::{Concern, Need};
use domain::notify::Address;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What needs a person and is not on the board. It is made of plain fields: a page reads it, and
/// `Concern` as JSON would cost it tens of kilobytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What was proposed.
    pub proposals: Vec<Proposal>,
    /// What reached nobody.
    pub letters: Vec<Letter>,
}

/// What a worker printed last that ended without a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its task.
    pub task: TaskId,
    /// Since when that is blocked: another time, another proposal.
    pub since: Timestamp,
    /// What it printed.
    pub result: String,
}

/// News that did not reach a place, the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its number.
    pub delivery: DeliveryId,
    /// The task that it tells of.
    pub task: TaskId,
    /// What that is to do.
    pub title: String,
    /// Who works on it.
    pub assignee: Option<String>,
    /// Since when it waits for a person.
    pub since: Timestamp,
    /// Who was to be told.
    pub to: Address,
    /// What was to be said.
    pub text: String,
    /// Why it failed.
    pub error: String,
    /// How many its place was not told.
    pub count: u32,
}

impl Told {
    /// What a page cannot know by itself of these.
    pub fn of(concerns: Vec<Concern>) -> Self {
        let mut told = Self::default();
        for concern in concerns {
            let Concern {
                task,
                title,
                assignee,
                since,
                need,
            } = concern;
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
                Need::Answer { .. } | Need::GaveUp { .. } => {}
            }
        }
        told
    }

    /// What the worker of this blocked task proposed.
    pub(super) fn proposed(&self, concern: &Concern) -> Option<String> {
        let proposals = self.proposals.iter();
        let mut own = proposals.filter(|it| it.task == concern.task && it.since == concern.since);
        own.next().map(|it| it.result.clone())
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
