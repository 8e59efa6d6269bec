//! The door of the page: its server functions, which take forms.

use domain::command::{Command, NewTask};
use domain::id::TaskId;
use domain::notify::Address;
use reqwest::Method;
use serde_json::Value;

use super::{Given, Refusal};
use crate::harness::{Board, text};

/// A field of a form, and what was filled in.
type Field = (&'static str, String);

pub(super) async fn give(board: &Board, command: &Command) -> anyhow::Result<Given> {
    let Some((function, form)) = form(command) else {
        return Ok(Given::NotOffered);
    };
    let request = board.request(Method::POST, &format!("/fn/{function}"))?;
    let response = request.form(&form).send().await?;
    if response.status().is_success() {
        return Ok(Given::Done);
    }
    let answer: Value = serde_json::from_str(&response.text().await?)?;
    Ok(Given::Refused(Refusal {
        kind: Some(serde_json::from_value(
            answer.get("kind").cloned().unwrap_or_default(),
        )?),
        sentence: text(&answer, "/message").unwrap_or_default().to_owned(),
    }))
}

fn form(command: &Command) -> Option<(&'static str, Vec<Field>)> {
    match command {
        Command::CreateTask(new) => Some(("create_task", fields(new))),
        Command::MoveTask { task, to } => Some((
            "move_task",
            vec![
                ("task", task.to_string()),
                ("to", to.to_string()),
                ("end_run", true.to_string()),
            ],
        )),
        Command::CommentOnTask { task, body } => Some((
            "comment",
            vec![("task", task.to_string()), ("body", body.clone())],
        )),
        Command::UnblockTask { task } => Some((
            "answer",
            vec![("task", task.to_string()), ("text", String::new())],
        )),
        Command::CompleteTask {
            task,
            result: Some(result),
            ..
        } => Some((
            "accept_result",
            vec![("task", task.to_string()), ("result", result.clone())],
        )),
        Command::Subscribe { task, to } => Some(("subscribe", told(task, to))),
        Command::Unsubscribe { task, to } => Some(("unsubscribe", told(task, to))),
        Command::RetryDelivery { delivery } => {
            Some(("retry_delivery", vec![("delivery", delivery.to_string())]))
        }
        Command::DropDelivery { delivery } => {
            Some(("drop_delivery", vec![("delivery", delivery.to_string())]))
        }
        // The page offers more each time; what it does not offer yet stands here.
        Command::ClaimTask { .. }
        | Command::Heartbeat { .. }
        | Command::CompleteTask { .. }
        | Command::BlockTask { .. }
        | Command::AssignTask { .. }
        | Command::EditTask { .. }
        | Command::SetPriority { .. }
        | Command::LimitTask { .. }
        | Command::ArchiveTask { .. }
        | Command::LinkTasks { .. }
        | Command::UnlinkTasks { .. }
        | Command::Undo { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::CancelRun { .. }
        | Command::RenewLease { .. }
        | Command::PromoteWaiting
        | Command::SubscribeBoard { .. }
        | Command::UnsubscribeBoard { .. }
        | Command::SetQuietHours { .. }
        | Command::RecordDelivered { .. }
        | Command::RecordUndelivered { .. }
        | Command::TakeMessage { .. }
        | Command::ForgetEvents { .. }
        | Command::ReleaseStaleClaims
        | Command::ReleaseCrashed { .. }
        | Command::AttachSupervisor { .. }
        | Command::RecordSpawn { .. }
        | Command::PlaceRun { .. }
        | Command::RecordExit { .. }
        | Command::FailRun { .. }
        | Command::DeferRun { .. }
        | Command::ReclaimTask { .. }
        | Command::InterruptRun { .. }
        | Command::FollowClock { .. }
        | Command::AdoptRun { .. }
        | Command::RecordWorkspace(_)
        | Command::ForgetWorkspace { .. }
        | Command::MoveWorkspaces { .. }
        | Command::DispatchFrom { .. }
        | Command::PublishDispatcher(_)
        | Command::IndexTexts
        | Command::KeepAnswer { .. }
        | Command::Audit { .. } => None,
    }
}

fn told(task: &TaskId, to: &Address) -> Vec<Field> {
    vec![
        ("task", task.to_string()),
        ("to[platform]", to.platform.clone()),
        ("to[chat_id]", to.chat_id.clone()),
        ("to[thread_id]", to.thread_id.clone()),
    ]
}

fn fields(new: &NewTask) -> Vec<Field> {
    vec![
        ("form[title]", new.title.clone()),
        ("form[body]", new.body.clone().unwrap_or_default()),
        ("form[assignee]", new.assignee.clone().unwrap_or_default()),
        ("form[tenant]", new.tenant.clone().unwrap_or_default()),
        ("form[priority]", new.priority.to_string()),
        ("form[parents]", new.parents.join(" ")),
    ]
}
