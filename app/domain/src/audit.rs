//! Who started what, from where.

use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::id::TaskId;
use crate::status::Status;
use crate::time::Timestamp;

/// An act that may start a program, or that changes settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub created_at: Timestamp,
    /// Who.
    pub actor: String,
    /// From which address; `None` is the command line.
    pub origin: Option<String>,
    /// What was done, by the name of the verb, or what a [`Command::Audit`] says.
    pub action: String,
    /// To which task.
    pub task: Option<TaskId>,
    /// The assignee, the lane, or whatever else tells this act from another.
    pub detail: Option<String>,
}

/// What a command is called in the audit, and its detail; `None` for one that starts nothing: neither
/// the task itself, nor one that waits for it, nor what is written in it.
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
