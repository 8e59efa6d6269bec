//! Applies the table of [`domain::authority`] to a command: grants that depend on the task or the
//! run of the command are decided here.

use std::borrow::Cow;

use domain::actor::{Actor, Authority};
use domain::authority::{Act, Grant};
use domain::command::{BoardVerb, Command, CreateTask, SHELL, Subscribe, Unsubscribe};
use domain::error::Error as Refusal;
use domain::status::Status;

use super::{Work, said};
use crate::error::Error;
use crate::receipts;
use crate::runs::{self, OpenRun};

/// Checks the grant of an act. Returns the actor as it is recorded: a run cannot choose its name.
pub(super) fn check<'a>(
    work: &Work<'_>,
    actor: &'a Actor,
    command: &Command,
) -> Result<Cow<'a, Actor>, Error> {
    let Authority::Run(token) = &actor.authority else {
        check_grant(work, actor, None, command)?;
        return Ok(Cow::Borrowed(actor));
    };
    let own = runs::open_run_with_token(work.conn, token)?.ok_or(Refusal::StaleRun)?;
    check_grant(work, actor, Some(&own), command)?;
    if own.is_checking && is_last_word(command) && !receipts::has_passed(work.conn, own.id)? {
        return Err(Refusal::Checking(own.task.clone()).into());
    }
    Ok(Cow::Owned(Actor {
        name: own.name().to_owned(),
        ..actor.clone()
    }))
}

/// Returns true for what ends a run. While its check runs, nothing that the check starts may say it.
const fn is_last_word(command: &Command) -> bool {
    matches!(
        command,
        Command::Board(
            BoardVerb::CompleteTask(_) | BoardVerb::BlockTask(_) | BoardVerb::DeferTask(_)
        )
    )
}

/// Refuses an act that is granted for no task or run of the actor.
pub(crate) fn check_act(actor: &Actor, act: Act) -> Result<(), Refusal> {
    match actor.authority.grant(act) {
        Grant::Never => Err(actor.authority.refusal(act)),
        _ => Ok(()),
    }
}

fn check_grant(
    work: &Work<'_>,
    actor: &Actor,
    own: Option<&OpenRun>,
    command: &Command,
) -> Result<(), Error> {
    let act = command.act();
    check_act(actor, act)?;
    match actor.authority.grant(act) {
        Grant::Always => Ok(()),
        Grant::OwnTask => match (own, command.task()) {
            (Some(own), Some(task)) if own.task == *task => Ok(()),
            (_, Some(task)) => Err(Refusal::NotYourTask(task.clone()).into()),
            _ => Err(actor.authority.refusal(act).into()),
        },
        Grant::OwnRun => match own {
            Some(own) if command.run() == Some(own.id) => Ok(()),
            _ => Err(Refusal::StaleRun.into()),
        },
        Grant::Harmless => match own {
            Some(own) => check_run(own, command),
            None => check_chat(work, actor, command),
        },
        Grant::Never => Err(actor.authority.refusal(act).into()),
    }
}

/// Refuses a task for `shell` from a worker of another lane. `shell` runs the task's text: a worker
/// of that lane can run anything anyway; an agent must not get round its own limits by writing a
/// task.
fn check_run(own: &OpenRun, command: &Command) -> Result<(), Error> {
    match command {
        Command::Board(BoardVerb::CreateTask(new))
            if !is_for_shell(new) || own.lane.as_deref() == Some(SHELL) =>
        {
            Ok(())
        }
        _ => Err(Refusal::NotForShell.into()),
    }
}

/// Refuses a chat to write or start anything that the lane `shell` runs, and to name a worker's
/// folder on this machine.
fn check_chat(work: &Work<'_>, actor: &Actor, command: &Command) -> Result<(), Error> {
    let Command::Board(verb) = command else {
        return Err(actor.authority.refusal(command.act()).into());
    };
    let is_shell = match verb {
        BoardVerb::CreateTask(new) => {
            if said(new.workspace_path.as_deref()).is_some() {
                return Err(Refusal::FolderFromChat.into());
            }
            is_for_shell(new)
        }
        BoardVerb::AssignTask(assign) => assign.assignee.as_deref() == Some(SHELL),
        // There it waits for a person, whatever its parents come to.
        BoardVerb::MoveTask(put) if put.to == Status::Triage => false,
        BoardVerb::LinkTasks(link) => match link.child.parse() {
            Ok(child) => work.task(&child)?.assignee.as_deref() == Some(SHELL),
            Err(_) => false,
        },
        BoardVerb::EditTask(_)
        | BoardVerb::MoveTask(_)
        | BoardVerb::ReclaimTask(_)
        | BoardVerb::UnlinkTasks(_) => match command.task() {
            Some(task) => work.task(task)?.assignee.as_deref() == Some(SHELL),
            None => false,
        },
        BoardVerb::Subscribe(Subscribe { to, .. })
        | BoardVerb::Unsubscribe(Unsubscribe { to, .. }) => {
            let chat = to.chat();
            if actor.origin.as_ref().is_some_and(|origin| *origin != chat) {
                return Err(Refusal::OtherChat.into());
            }
            false
        }
        BoardVerb::BlockTask(block) => {
            if work.task(&block.task)?.status == Status::Running {
                return Err(actor.authority.refusal(Act::Cancel).into());
            }
            false
        }
        BoardVerb::PromoteWaiting(_) => false,
        _ => return Err(actor.authority.refusal(command.act()).into()),
    };
    if is_shell {
        return Err(Refusal::ShellFromChat.into());
    }
    Ok(())
}

fn is_for_shell(new: &CreateTask) -> bool {
    new.assignee.as_deref() == Some(SHELL)
}
