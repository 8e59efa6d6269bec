//! The audit log: actor, origin, action and task of every act that may start a program.

use serde::{Deserialize, Serialize};

use crate::id::TaskId;
use crate::time::Timestamp;

/// An entry of the audit log: an act that may start a program or change settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The time of the act.
    pub created_at: Timestamp,
    /// The name of the actor.
    pub actor: String,
    /// The address it came from; `None` is the command line.
    pub origin: Option<String>,
    /// The name of the verb, or the text of a [`Audit`](crate::command::Audit).
    pub action: String,
    /// The task acted upon, if any.
    pub task: Option<TaskId>,
    /// The assignee, the lane, or whatever else tells this act from another.
    pub detail: Option<String>,
}
