//! What is true of the board at this moment and that no event tells of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dispatch::{Dispatch, WhyNot};
use crate::id::{DeliveryId, TaskId};

/// The key `status` of a frame. It is sent when it changes, once a second at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// How the dispatcher does, what is paused, what goes on. What a card does not say of itself,
    /// [`crate::dispatch::why_not`] takes from here.
    pub dispatch: Dispatch,
    /// Why the ready tasks of an assignee are not running, by assignee: what is in the way of one of
    /// them, unless it rests, is in the way of all.
    pub why: BTreeMap<String, WhyNot>,
    /// The last line that the worker of each running task wrote.
    pub output: BTreeMap<TaskId, String>,
    /// What reached nobody and waits for a person, and the task that it tells of.
    pub undelivered: BTreeMap<DeliveryId, TaskId>,
}
