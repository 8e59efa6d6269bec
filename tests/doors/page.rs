//! How the page asks: by its server functions, which take forms.

use domain::command::{Command, NewTask};
use reqwest::Method;
use serde_json::Value;

use super::Refusal;
use crate::harness::Board;

/// A field of a form, and what was filled in.
type Field = (&'static str, String);

/// Gives the command; `None` where this door does not offer it.
pub(super) async fn give(
    board: &Board,
    command: &Command,
) -> anyhow::Result<Option<Option<Refusal>>> {
    let Some((function, form)) = form(command) else {
        return Ok(None);
    };
    let request = board.request(Method::POST, &format!("/fn/{function}"))?;
    let response = request.form(&form).send().await?;
    if response.status().is_success() {
        return Ok(Some(None));
    }
    let answer: Value = serde_json::from_str(&response.text().await?)?;
    Ok(Some(Some(Refusal {
        kind: Some(serde_json::from_value(answer["kind"].clone())?),
        sentence: answer["message"].as_str().unwrap_or_default().to_owned(),
    })))
}

fn form(command: &Command) -> Option<(&'static str, Vec<Field>)> {
    match command {
        Command::CreateTask(new) => Some(("create_task", fields(new))),
        Command::MoveTask { task, to } => Some((
            "move_task",
            vec![("task", task.to_string()), ("to", to.to_string())],
        )),
        Command::CommentOnTask { task, body } => Some((
            "comment",
            vec![("task", task.to_string()), ("body", body.clone())],
        )),
        // The page offers more each time; what it does not offer yet stands here.
        Command::ClaimTask { .. }
        | Command::Heartbeat { .. }
        | Command::CompleteTask { .. }
        | Command::BlockTask { .. }
        | Command::UnblockTask { .. }
        | Command::AssignTask { .. }
        | Command::EditTask { .. }
        | Command::SetPriority { .. }
        | Command::ArchiveTask { .. }
        | Command::LinkTasks { .. }
        | Command::UnlinkTasks { .. }
        | Command::Undo { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::Subscribe { .. }
        | Command::Unsubscribe { .. }
        | Command::CancelRun { .. }
        | Command::RenewLease { .. }
        | Command::PromoteWaiting
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
        | Command::AttachSupervisor { .. }
        | Command::RecordSpawn { .. }
        | Command::RecordExit { .. }
        | Command::FailRun { .. }
        | Command::DeferRun { .. }
        | Command::InterruptRun { .. }
        | Command::AdoptRun { .. }
        | Command::RecordWorkspace(_)
        | Command::ForgetWorkspace { .. }
        | Command::PublishDispatcher(_)
        | Command::IndexTexts
        | Command::Audit { .. } => None,
    }
}

fn fields(new: &NewTask) -> Vec<Field> {
    let filled = |field: &Option<String>| field.clone().unwrap_or_default();
    vec![
        ("form[title]", new.title.clone()),
        ("form[body]", filled(&new.body)),
        ("form[assignee]", filled(&new.assignee)),
        ("form[tenant]", filled(&new.tenant)),
        ("form[priority]", new.priority.to_string()),
        ("form[parents]", new.parents.join(" ")),
    ]
}
