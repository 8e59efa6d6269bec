//! Whether the actor may give the command at all.

use domain::actor::{Actor, Authority};
use domain::command::Command;
use domain::error::Error as Refusal;
use domain::id::{RunId, RunToken, TaskId};
use rusqlite::OptionalExtension;

use super::Work;
use crate::error::Error;
use crate::row;

/// Lets a full credential do everything, and a worker what concerns its own task.
pub(super) fn check(work: &Work<'_>, actor: &Actor, command: &Command) -> Result<(), Error> {
    let Authority::Run(token) = &actor.authority else {
        return Ok(());
    };
    let (own_run, own_task) = current_run(work, token)?.ok_or(Refusal::StaleRun)?;
    match command {
        Command::CreateTask(_) | Command::CommentOnTask { .. } => Ok(()),
        Command::CompleteTask { task, .. }
        | Command::BlockTask { task, .. }
        | Command::RenewLease { task, .. } => {
            if *task == own_task {
                Ok(())
            } else {
                Err(Refusal::NotYourTask(task.clone()).into())
            }
        }
        Command::AttachSupervisor { run, .. } | Command::RecordSpawn { run, .. } => {
            if *run == own_run {
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

fn current_run(work: &Work<'_>, token: &RunToken) -> Result<Option<(RunId, TaskId)>, Error> {
    Ok(work
        .conn
        .prepare_cached("SELECT id, task_id FROM runs WHERE token = ?1 AND ended_at IS NULL")?
        .query_one([token.as_str()], |row| {
            Ok((RunId(row.get(0)?), row::task_id(row, 1)?))
        })
        .optional()?)
}
