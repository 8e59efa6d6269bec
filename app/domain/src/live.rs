//! The live state of the board that no event tells of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dispatch::{Dispatch, WhyNot};
use crate::id::{DeliveryId, TaskId};

/// The key `status` of a frame. It is sent when it changes, once a second at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The state of the dispatcher, the pauses and the open runs. With a card it is all that
    /// [`crate::dispatch::why_not`] needs.
    pub dispatch: Dispatch,
    /// The reason for which the ready tasks of an assignee are not running, by assignee. It holds
    /// for all of them that are not in back-off.
    pub why: BTreeMap<String, WhyNot>,
    /// The last line that the worker of each running task wrote.
    pub output: BTreeMap<TaskId, String>,
    /// The deliveries that were given up and need a person, and the task of each.
    pub undelivered: BTreeMap<DeliveryId, TaskId>,
}
