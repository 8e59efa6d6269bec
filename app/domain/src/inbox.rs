//! What needs a person: everything on the board that goes on only when somebody has looked at it.

use serde::{Deserialize, Serialize};

use crate::id::{DeliveryId, TaskId};
use crate::notify::Address;
use crate::time::Timestamp;

/// One thing that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    /// The task that it is about.
    pub task: TaskId,
    /// What that is to do.
    pub title: String,
    /// Who works on it.
    pub assignee: Option<String>,
    /// Since when it waits for a person.
    pub since: Timestamp,
    /// What is needed.
    #[serde(flatten)]
    pub need: Need,
}

/// What a person is needed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// A task is blocked: it wants an answer.
    Answer {
        /// The question, or what is missing.
        question: Option<String>,
    },
    /// A task failed, or was put off, too often: it wants somebody to look into it.
    GaveUp {
        /// How many attempts failed in a row.
        failures: u32,
        /// Why the last one failed.
        error: String,
        /// The last output of a worker that reported nothing: perhaps it is the result.
        proposed: Option<String>,
    },
    /// Somebody could not be told: it wants another attempt, or to be dropped.
    Undelivered {
        /// What could not be delivered.
        delivery: DeliveryId,
        /// To whom.
        to: Address,
        /// What was to be said.
        text: String,
        /// Why it failed.
        error: String,
    },
}
