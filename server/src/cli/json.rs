//! The JSON that verbs print with `--json`. It is frozen, and it is not the JSON of the HTTP API.

use domain::event::Event;
use domain::id::TaskId;
use domain::task::{Comment, Task, TaskDetail, WorkspaceKind};
use domain::time::Timestamp;
use serde::Serialize;

/// The task object.
#[derive(Serialize)]
pub(super) struct TaskObject<'a> {
    id: &'a TaskId,
    title: &'a str,
    body: Option<&'a str>,
    assignee: Option<&'a str>,
    status: &'a str,
    priority: i64,
    tenant: Option<&'a str>,
    workspace_kind: WorkspaceKind,
    workspace_path: Option<&'a str>,
    created_by: Option<&'a str>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    result: Option<&'a str>,
}

impl<'a> From<&'a Task> for TaskObject<'a> {
    fn from(task: &'a Task) -> Self {
        Self {
            id: &task.id,
            title: &task.title,
            body: task.body.as_deref(),
            assignee: task.assignee.as_deref(),
            status: task.status.as_str(),
            priority: task.priority,
            tenant: task.tenant.as_deref(),
            workspace_kind: task.workspace_kind,
            workspace_path: task.workspace_path.as_deref(),
            created_by: task.created_by.as_deref(),
            created_at: task.created_at,
            started_at: task.started_at,
            completed_at: task.completed_at,
            result: task.result.as_deref(),
        }
    }
}

/// What `show` prints.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    task: TaskObject<'a>,
    parents: &'a [TaskId],
    children: &'a [TaskId],
    comments: Vec<CommentObject<'a>>,
    events: Vec<EventObject<'a>>,
}

#[derive(Serialize)]
struct CommentObject<'a> {
    author: &'a str,
    body: &'a str,
    created_at: Timestamp,
}

#[derive(Serialize)]
struct EventObject<'a> {
    kind: &'a str,
    payload: Option<&'a serde_json::Value>,
    created_at: Timestamp,
}

impl<'a> From<&'a TaskDetail> for Shown<'a> {
    fn from(detail: &'a TaskDetail) -> Self {
        let comment = |comment: &'a Comment| CommentObject {
            author: &comment.author,
            body: &comment.body,
            created_at: comment.created_at,
        };
        let event = |event: &'a Event| EventObject {
            kind: &event.kind,
            payload: event.payload.as_ref(),
            created_at: event.created_at,
        };
        Self {
            task: (&detail.task).into(),
            parents: &detail.parents,
            children: &detail.children,
            comments: detail.comments.iter().map(comment).collect(),
            events: detail.events.iter().map(event).collect(),
        }
    }
}
