//! Whether the actor may give the command at all.

mod chat;

use domain::actor::{Actor, Authority};
use domain::command::{Command, SHELL};
use domain::error::Error as Refusal;
use domain::id::RunToken;

use super::Work;
use crate::error::Error;
use crate::runs;

/// Lets a full credential do everything, a worker what concerns its own task, and somebody in a chat
/// what cannot run text.
pub(super) fn check(work: &Work<'_>, actor: &Actor, command: &Command) -> Result<(), Error> {
    match &actor.authority {
        Authority::Full => Ok(()),
        Authority::Run(token) => check_worker(work, token, command),
        Authority::Chat { is_trusted } => chat::check(work, *is_trusted, command),
    }
}

fn check_worker(work: &Work<'_>, token: &RunToken, command: &Command) -> Result<(), Error> {
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
        | Command::Heartbeat { task, .. }
        | Command::RenewLease { task, .. } => {
            if *task == own.task {
                Ok(())
            } else {
                Err(Refusal::NotYourTask(task.clone()).into())
            }
        }
        Command::AttachSupervisor { run, .. }
        | Command::RecordSpawn { run, .. }
        | Command::RecordExit { run, .. } => {
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
        | Command::Undo { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::PromoteWaiting
        | Command::Subscribe { .. }
        | Command::Unsubscribe { .. }
        | Command::SubscribeBoard { .. }
        | Command::UnsubscribeBoard { .. }
        | Command::SetQuietHours { .. }
        | Command::RecordDelivered { .. }
        | Command::RecordUndelivered { .. }
        | Command::RetryDelivery { .. }
        | Command::DropDelivery { .. }
        | Command::TakeMessage { .. }
        | Command::ForgetEvents { .. }
        | Command::ReleaseStaleClaims
        | Command::ReleaseCrashed { .. }
        | Command::CancelRun { .. }
        | Command::ReclaimTask { .. }
        | Command::DeferRun { .. }
        | Command::FailRun { .. }
        | Command::InterruptRun { .. }
        | Command::AdoptRun { .. }
        | Command::PlaceRun { .. }
        | Command::RecordWorkspace(_)
        | Command::ForgetWorkspace { .. }
        | Command::PublishDispatcher(_)
        | Command::IndexTexts
        | Command::Audit { .. } => Err(Refusal::NotForWorkers.into()),
    }
}
