//! The door of HTTP.

use anyhow::Context as _;
use domain::command::Command;
use domain::error::ErrorKind;
use domain::notify::Address;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Given, Refusal};
use crate::harness::{API, Board, text};

pub(super) async fn give(board: &Board, command: &Command) -> anyhow::Result<Given> {
    let Some((method, path, body)) = request(command) else {
        return Ok(Given::NotOffered);
    };
    let request = board.request(method, &format!("{API}{path}"))?;
    let response = match body {
        Value::Null => request,
        body => request.json(&body),
    };
    let response = response.send().await?;
    let status = response.status().as_u16();
    if status == 200 {
        return Ok(Given::Done);
    }
    let answer: Value = response.json().await?;
    let kind = KINDS.iter().find(|kind| kind.http_status() == status);
    Ok(Given::Refused(Refusal {
        kind: Some(*kind.with_context(|| format!("{status}: {answer}"))?),
        sentence: text(&answer, "/detail").unwrap_or_default().to_owned(),
    }))
}

/// The kinds that a well-formed request of somebody who may make it can meet.
const KINDS: [ErrorKind; 4] = [
    ErrorKind::Invalid,
    ErrorKind::NotFound,
    ErrorKind::Refused,
    ErrorKind::Forbidden,
];

#[expect(clippy::too_many_lines, reason = "one arm a command, and nothing else")]
fn request(command: &Command) -> Option<(Method, String, Value)> {
    let post = |path: String, body| Some((Method::POST, path, body));
    let patch = |task, body| Some((Method::PATCH, format!("/tasks/{task}"), body));
    match command {
        Command::CreateTask(new) => post("/tasks".to_owned(), json!(new)),
        Command::ClaimTask { task, .. } => post(format!("/tasks/{task}/claim"), Value::Null),
        Command::Heartbeat { task, .. } => post(format!("/tasks/{task}/heartbeat"), Value::Null),
        Command::CompleteTask { task, result, .. } => {
            patch(task, json!({ "status": "done", "result": result }))
        }
        Command::BlockTask { task, reason } => {
            patch(task, json!({ "status": "blocked", "block_reason": reason }))
        }
        Command::UnblockTask { task } => patch(task, json!({ "status": "ready" })),
        Command::CommentOnTask { task, body } => {
            post(format!("/tasks/{task}/comments"), json!({ "body": body }))
        }
        Command::AssignTask {
            task,
            assignee,
            stop,
        } => {
            let nobody = String::new();
            let assignee = assignee.as_ref().unwrap_or(&nobody);
            patch(task, json!({ "assignee": assignee, "stop": stop }))
        }
        Command::EditTask { task, title, body } => {
            patch(task, json!({ "title": title, "body": body }))
        }
        Command::SetPriority { task, priority } => patch(task, json!({ "priority": priority })),
        Command::LimitTask {
            task,
            max_runtime,
            failure_limit,
        } => patch(
            task,
            json!({ "max_runtime_seconds": max_runtime, "max_retries": failure_limit }),
        ),
        Command::ArchiveTask { task } => patch(task, json!({ "status": "archived" })),
        Command::LinkTasks { parent, child } => post(
            "/links".to_owned(),
            json!({ "parent_id": parent, "child_id": child }),
        ),
        Command::UnlinkTasks { parent, child } => Some((
            Method::DELETE,
            format!("/links?parent_id={parent}&child_id={child}"),
            Value::Null,
        )),
        Command::MoveTask { task, to } => patch(task, json!({ "status": to })),
        Command::Undo { event } => post("/undo".to_owned(), json!({ "events": [event] })),
        Command::Pause { lane } => post("/pause".to_owned(), json!({ "lane": lane })),
        Command::Resume { lane } => post("/resume".to_owned(), json!({ "lane": lane })),
        Command::Subscribe { task, to } => post(format!("/tasks/{task}/subscriptions"), json!(to)),
        Command::Unsubscribe { task, to } => {
            let Address {
                platform, chat_id, ..
            } = to;
            let query = format!("platform={platform}&chat_id={chat_id}");
            let path = format!("/tasks/{task}/subscriptions?{query}");
            Some((Method::DELETE, path, Value::Null))
        }
        Command::SubscribeBoard { to, filter } => post(
            "/board/subscriptions".to_owned(),
            both(&json!(to), &json!(filter)),
        ),
        Command::UnsubscribeBoard { subscription } => {
            let path = format!("/board/subscriptions/{subscription}");
            Some((Method::DELETE, path, Value::Null))
        }
        Command::SetQuietHours { to, hours } => {
            let body = both(&json!(to), &json!({ "hours": hours }));
            Some((Method::PUT, "/quiet-hours".to_owned(), body))
        }
        Command::RetryDelivery { delivery } => {
            post(format!("/deliveries/{delivery}/retry"), Value::Null)
        }
        Command::DropDelivery { delivery } => Some((
            Method::DELETE,
            format!("/deliveries/{delivery}"),
            Value::Null,
        )),
        Command::CancelRun { task } => post(format!("/tasks/{task}/cancel"), Value::Null),
        Command::ReclaimTask {
            run: Some(run),
            reason,
            ..
        } => post(
            format!("/runs/{run}/terminate"),
            json!({ "reason": reason }),
        ),
        Command::ReclaimTask { task, reason, .. } => post(
            format!("/tasks/{task}/reclaim"),
            json!({ "reason": reason }),
        ),
        // For the dispatcher, the notifier, the shims and the clean-up alone.
        Command::RenewLease { .. }
        | Command::PromoteWaiting
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

/// The members of both objects.
fn both(one: &Value, other: &Value) -> Value {
    let members = [one, other].into_iter().filter_map(Value::as_object);
    Value::Object(
        members
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}
