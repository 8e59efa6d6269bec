//! The audit log: actor, origin, action and task of every act that may start a program.

use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::id::TaskId;
use crate::status::Status;
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
    /// The name of the verb, or the text of a [`Command::Audit`].
    pub action: String,
    /// The task acted upon, if any.
    pub task: Option<TaskId>,
    /// The assignee, the lane, or whatever else tells this act from another.
    pub detail: Option<String>,
}

/// The audit action of a command and its detail; `None` for one that starts nothing: neither the
/// task itself, nor one that depends on it, nor text written in it.
pub fn action(command: &Command) -> Option<(&str, Option<String>)> {
    match command {
        Command::CreateTask(new) if !new.triage => {
            let assignee = new.assignee.clone()?;
            Some(("create", Some(assignee)))
        }
        Command::AssignTask {
            assignee: Some(assignee),
            ..
        } => Some(("assign", Some(assignee.clone()))),
        Command::MoveTask {
            to: Status::Ready, ..
        } => Some(("move", Some(Status::Ready.to_string()))),
        Command::ReclaimTask { reason, .. } => Some(("reclaim", reason.clone())),
        Command::UnblockTask { .. } => Some(("unblock", None)),
        Command::EditTask { .. } => Some(("edit", None)),
        Command::CompleteTask { .. } => Some(("complete", None)),
        Command::ArchiveTask { .. } => Some(("archive", None)),
        Command::UnlinkTasks { parent, .. } => Some(("unlink", Some(parent.to_string()))),
        Command::Undo { event } => Some(("undo", Some(event.to_string()))),
        Command::Pause { lane } => Some(("pause", lane.clone())),
        Command::Resume { lane } => Some(("resume", lane.clone())),
        Command::Subscribe { to, .. } | Command::SubscribeBoard { to, .. } => {
            Some(("subscribe", Some(format!("{}:{}", to.platform, to.chat_id))))
        }
        Command::Audit { action } => Some((action, None)),
        _ => None,
    }
}
