//! The routes of HTTP that clients of the original know, and those in their style.

use domain::command::{
    ArchiveTask, AssignTask, BlockTask, BoardVerb, CancelRun, ClaimTask, Command, CommentOnTask,
    CompleteTask, DropDelivery, EditTask, Heartbeat, LimitTask, LinkTasks, MoveTask, Pause,
    ReclaimTask, Resume, RetryDelivery, RunVerb, SetPriority, SetQuietHours, Subscribe,
    SubscribeBoard, UnblockTask, Undo, UnlinkTasks, Unsubscribe, UnsubscribeBoard,
};
use domain::notify::Address;
use reqwest::Method;
use serde_json::{Value, json};

use super::Given;
use super::any::given;
use crate::harness::{API, Board};

pub(super) async fn give(board: &Board, command: &Command) -> anyhow::Result<Given> {
    let Some((method, path, body)) = request(command) else {
        return Ok(Given::NotOffered);
    };
    let request = board.request(method, &format!("{API}{path}"))?;
    let response = match body {
        Value::Null => request,
        body => request.json(&body),
    };
    given(response.send().await?, "/detail").await
}

#[expect(clippy::too_many_lines, reason = "one arm a command, and nothing else")]
fn request(command: &Command) -> Option<(Method, String, Value)> {
    let post = |path: String, body| Some((Method::POST, path, body));
    let patch = |task, body| Some((Method::PATCH, format!("/tasks/{task}"), body));
    let verb = match command {
        Command::Board(verb) => verb,
        Command::Run(RunVerb::ClaimTask(ClaimTask { task, .. })) => {
            return post(format!("/tasks/{task}/claim"), Value::Null);
        }
        _ => return None,
    };
    match verb {
        BoardVerb::CreateTask(new) => post("/tasks".to_owned(), json!(new)),
        BoardVerb::Heartbeat(Heartbeat { task, .. }) => {
            post(format!("/tasks/{task}/heartbeat"), Value::Null)
        }
        BoardVerb::CompleteTask(CompleteTask { task, result, .. }) => {
            patch(task, json!({ "status": "done", "result": result }))
        }
        BoardVerb::BlockTask(BlockTask { task, reason }) => {
            patch(task, json!({ "status": "blocked", "block_reason": reason }))
        }
        BoardVerb::UnblockTask(UnblockTask { task }) => patch(task, json!({ "status": "ready" })),
        BoardVerb::CommentOnTask(CommentOnTask { task, body }) => {
            post(format!("/tasks/{task}/comments"), json!({ "body": body }))
        }
        BoardVerb::AssignTask(AssignTask {
            task,
            assignee,
            stop,
            ..
        }) => {
            let nobody = String::new();
            let assignee = assignee.as_ref().unwrap_or(&nobody);
            patch(task, json!({ "assignee": assignee, "stop": stop }))
        }
        BoardVerb::EditTask(EditTask {
            task,
            title,
            body,
            land_method,
            ..
        }) => patch(
            task,
            json!({ "title": title, "body": body, "land_method": land_method }),
        ),
        BoardVerb::SetPriority(SetPriority { task, priority }) => {
            patch(task, json!({ "priority": priority }))
        }
        BoardVerb::LimitTask(LimitTask {
            task,
            max_runtime,
            failure_limit,
            rework_limit,
        }) => patch(
            task,
            json!({ "max_runtime_seconds": max_runtime, "max_retries": failure_limit,
                    "rework_limit": rework_limit }),
        ),
        BoardVerb::ArchiveTask(ArchiveTask { task }) => {
            patch(task, json!({ "status": "archived" }))
        }
        BoardVerb::LinkTasks(LinkTasks { parent, child, on }) => post(
            "/links".to_owned(),
            json!({ "parent_id": parent, "child_id": child, "on": on }),
        ),
        BoardVerb::UnlinkTasks(UnlinkTasks { parent, child }) => Some((
            Method::DELETE,
            format!("/links?parent_id={parent}&child_id={child}"),
            Value::Null,
        )),
        BoardVerb::MoveTask(MoveTask { task, to }) => patch(task, json!({ "status": to })),
        BoardVerb::Undo(Undo { event }) => post("/undo".to_owned(), json!({ "events": [event] })),
        BoardVerb::Pause(Pause { lane }) => post("/pause".to_owned(), json!({ "lane": lane })),
        BoardVerb::Resume(Resume { lane }) => post("/resume".to_owned(), json!({ "lane": lane })),
        BoardVerb::Subscribe(Subscribe { task, to }) => {
            post(format!("/tasks/{task}/subscriptions"), json!(to))
        }
        BoardVerb::Unsubscribe(Unsubscribe { task, to }) => {
            let Address {
                platform, chat_id, ..
            } = to;
            let query = format!("platform={platform}&chat_id={chat_id}");
            let path = format!("/tasks/{task}/subscriptions?{query}");
            Some((Method::DELETE, path, Value::Null))
        }
        BoardVerb::SubscribeBoard(SubscribeBoard { to, filter }) => post(
            "/board/subscriptions".to_owned(),
            both(&json!(to), &json!(filter)),
        ),
        BoardVerb::UnsubscribeBoard(UnsubscribeBoard { subscription }) => {
            let path = format!("/board/subscriptions/{subscription}");
            Some((Method::DELETE, path, Value::Null))
        }
        BoardVerb::SetQuietHours(SetQuietHours { to, hours }) => {
            let body = both(&json!(to), &json!({ "hours": hours }));
            Some((Method::PUT, "/quiet-hours".to_owned(), body))
        }
        BoardVerb::RetryDelivery(RetryDelivery { delivery }) => {
            post(format!("/deliveries/{delivery}/retry"), Value::Null)
        }
        BoardVerb::DropDelivery(DropDelivery { delivery }) => Some((
            Method::DELETE,
            format!("/deliveries/{delivery}"),
            Value::Null,
        )),
        BoardVerb::CancelRun(CancelRun { task }) => {
            post(format!("/tasks/{task}/cancel"), Value::Null)
        }
        BoardVerb::ReclaimTask(ReclaimTask {
            run: Some(run),
            reason,
            ..
        }) => post(
            format!("/runs/{run}/terminate"),
            json!({ "reason": reason }),
        ),
        BoardVerb::ReclaimTask(ReclaimTask { task, reason, .. }) => post(
            format!("/tasks/{task}/reclaim"),
            json!({ "reason": reason }),
        ),
        // The rest are offered as they are declared.
        _ => None,
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
