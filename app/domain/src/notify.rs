//! Who is told what becomes of a task.

use serde::{Deserialize, Serialize};

use crate::id::{EventId, TaskId};
use crate::time::Timestamp;

/// A place where somebody is told. Two threads of one chat are two places.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The channel: `telegram`, `slack`, `webhook`.
    pub platform: String,
    /// The chat within it.
    pub chat_id: String,
    /// The thread within the chat; empty where there is none.
    #[serde(default)]
    pub thread_id: String,
    /// Who asked for it.
    #[serde(default)]
    pub user_id: Option<String>,
}

/// A row of table `kanban_notify_subs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The task that it is about.
    pub task_id: TaskId,
    /// Who is told.
    #[serde(flatten)]
    pub to: Address,
    /// Since when.
    pub created_at: Timestamp,
    /// The last event that they need not be told of.
    pub last_event_id: EventId,
}
