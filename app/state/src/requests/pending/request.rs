//! The requests to the server, and its acknowledgement.

use domain::id::{DeliveryId, EventId, TaskId};
use domain::notify::Address;
use domain::time::Seconds;
use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::create::Form;

/// Something that a person asked the board for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// A new task.
    Create(Form),
    /// A task changed.
    Change {
        /// The task.
        task: TaskId,
        /// The task's name, for the notice.
        #[serde(skip)]
        name: String,
        /// The change.
        change: Change,
    },
    /// Something said about a task.
    Comment {
        /// The task.
        task: TaskId,
        /// The text.
        body: String,
    },
    /// The undo of one request, or of several.
    Undo {
        /// The undone act, in words.
        #[serde(skip)]
        text: String,
        /// An event of each request.
        events: Vec<EventId>,
        /// Those of the requests that are taken back after these.
        #[serde(skip)]
        earlier: Vec<EventId>,
    },
    /// The dispatcher, or one of its lanes, told to start nothing more.
    Pause(Option<String>),
    /// The dispatcher, or one of its lanes, told to go on.
    Resume(Option<String>),
    /// A lane or a pool held for a while.
    Hold(String, Seconds),
    /// A held lane or pool released.
    Release(String),
    /// News that reached nobody, tried again.
    RetryDelivery(DeliveryId),
    /// News that reached nobody, told to nobody.
    DropDelivery(DeliveryId),
    /// Somebody told of a task from now on.
    Subscribe(TaskId, Address),
    /// Somebody told of a task no longer.
    Unsubscribe(TaskId, Address),
    /// The sample on an empty board.
    FillSample,
}

/// The server did what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The last event that it wrote; zero when nothing had to change.
    pub event: EventId,
}

impl Saved {
    /// Returns true when anything had to change.
    pub fn has_changed(self) -> bool {
        self.event > EventId(0)
    }
}
