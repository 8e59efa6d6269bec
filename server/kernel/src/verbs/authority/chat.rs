//! What somebody in a chat may do. They were let in by name, but the chat is not ours.

use domain::command::{Command, SHELL};
use domain::error::Error as Refusal;

use crate::error::Error;
use crate::verbs::Work;

/// Nobody in a chat writes what the lane `shell` runs. Who is not trusted may suggest, talk, ask and
/// answer.
pub(super) fn check(work: &Work<'_>, is_trusted: bool, command: &Command) -> Result<(), Error> {
    if writes_for_shell(work, command)? {
        return Err(Refusal::ShellFromChat.into());
    }
    // What is taken back may bring a script back, and what is forgotten is gone.
    if matches!(command, Command::Undo { .. } | Command::ForgetEvents { .. }) {
        return Err(Refusal::NotForChat.into());
    }
    match command {
        _ if is_trusted => Ok(()),
        Command::CreateTask(_)
        | Command::CommentOnTask { .. }
        | Command::BlockTask { .. }
        | Command::UnblockTask { .. }
        | Command::Subscribe { .. }
        | Command::Unsubscribe { .. } => Ok(()),
        _ => Err(Refusal::NotForChat.into()),
    }
}

fn writes_for_shell(work: &Work<'_>, command: &Command) -> Result<bool, Error> {
    let assignee = match command {
        Command::CreateTask(new) => new.assignee.clone(),
        Command::AssignTask { assignee, .. } => assignee.clone(),
        Command::EditTask { task, .. } => work.task(task)?.assignee,
        _ => None,
    };
    Ok(assignee.as_deref() == Some(SHELL))
}
