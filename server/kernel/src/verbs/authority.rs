//! Whether the actor may give the command at all.

use domain::actor::{Actor, Authority};
use domain::command::{Command, SHELL};
use domain::error::Error as Refusal;

use super::Work;
use crate::error::Error;
use crate::runs;

/// Lets a full credential do everything, and a worker what concerns its own task.
pub(super) fn check(work: &Work<'_>, actor: &Actor, command: &Command) -> Result<(), Error> {
    let Authority::Run(token) = &actor.authority else {
        return Ok(());
    };
    let own = runs::open_run_with_token(work.conn, token)?.ok_or(Refusal::StaleRun)?;
    match command {
        // What `shell` runs is the task's text. A worker of that lane can run what it likes anyway;
        // an agent must not get round its own limits by writing a task.
        Command::CreateTask(new) if new.assignee.as_deref() == Some(SHELL) => {
            let is_shell = own.lane.as_deref() == Some(SHELL);
            if is_shell {
                Ok(())
            } else {
                Err(Refusal::NotForShell.into())
            }
        }
        Command::CreateTask(_) | Command::CommentOnTask { .. } => Ok(()),
        Command::CompleteTask { task, .. }
        | Command::BlockTask { task, .. }
        | Command::RenewLease { task, .. } => {
            if *task == own.task {
                Ok(())
            } else {
                Err(Refusal::NotYourTask(task.clone()).into())
            }
        }
        Command::AttachSupervisor { run, .. } | Command::RecordSpawn { run, .. } => {
            if *run == own.id {
                Ok(())
            } else {
                Err(Refusal::StaleRun.into())
            }
        }
        Command::ClaimTask { .. }
        | Command::UnblockTask { .. }
        | Command::MoveTask { .. }
        | Command::AssignTask { .. }
        | Command::EditTask { .. }
        | Command::SetPriority { .. }
        | Command::ArchiveTask { .. }
        | Command::LinkTasks { .. }
        | Command::UnlinkTasks { .. }
        | Command::PromoteWaiting
        | Command::Subscribe { .. }
        | Command::Unsubscribe { .. }
        | Command::ForgetEvents { .. }
        | Command::ReleaseStaleClaims
        | Command::CancelRun { .. }
        | Command::DeferRun { .. }
        | Command::FailRun { .. }
        | Command::InterruptRun { .. }
        | Command::AdoptRun { .. } => Err(Refusal::NotForWorkers.into()),
    }
}
