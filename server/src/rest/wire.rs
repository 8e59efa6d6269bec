//! The JSON that outsiders read, key by key. It is frozen: clients of the original parse it. What a
//! task is inside the program may change without changing this.

pub(super) mod answer;
pub(super) mod board;
pub(super) mod diagnostic;
pub(super) mod dispatch;
pub(super) mod notify;
pub(super) mod run;

use std::collections::BTreeMap;

use domain::branch::Branch;
use domain::check::Receipt;
use domain::event::Event;
use domain::id::{EventId, TaskId};
use domain::landing::{Landing, Method};
use domain::outcome::{StartOn, TaskOutcome};
use domain::review::Review;
use domain::run::Outcome;
use domain::task::{Comment, Task, TaskDetail, WorkspaceKind};
use domain::time::{Seconds, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use run::Run;

/// The task object.
#[derive(Serialize, ToSchema)]
struct TaskObject<'a> {
    id: &'a TaskId,
    title: &'a str,
    body: Option<&'a str>,
    assignee: Option<&'a str>,
    status: &'a str,
    priority: i64,
    created_by: Option<&'a str>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    workspace_kind: WorkspaceKind,
    workspace_path: Option<&'a str>,
    claim_lock: Option<&'a str>,
    claim_expires: Option<Timestamp>,
    tenant: Option<&'a str>,
    result: Option<&'a str>,
    /// Its outcome; left out where that is success.
    #[serde(skip_serializing_if = "TaskOutcome::is_success")]
    outcome: TaskOutcome,
    idempotency_key: Option<&'a str>,
    spawn_failures: u32,
    worker_pid: Option<i64>,
    last_spawn_error: Option<&'a str>,
    age: Age,
    /// The time limit of an attempt in seconds; left out where that of the lane applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_runtime_seconds: Option<Seconds>,
    /// The number of failures in a row that blocks it; left out where the board's limit applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_retries: Option<u32>,
    /// The time by which it is to be finished; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    /// The names of the skills that its workers need; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skills: Vec<String>,
    /// The script that has to exit with 0 before it counts as done; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'a str>,
    /// The number of red checks in a row that blocks it; left out where its lane's limit applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    rework_limit: Option<u32>,
    /// The one who has to approve its work; left out where that is up to its lane.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<&'a str>,
    /// The method by which its work lands; left out where that is up to its lane.
    #[serde(skip_serializing_if = "Option::is_none")]
    land_method: Option<Method>,
    /// The review that its work waits for, or is in; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_review: Option<&'a Review>,
}

impl<'a> TaskObject<'a> {
    fn new(task: &'a Task, now: Timestamp) -> Self {
        Self {
            id: &task.id,
            title: &task.title,
            body: task.body.as_deref(),
            assignee: task.assignee.as_deref(),
            status: task.status.as_str(),
            priority: task.priority,
            created_by: task.created_by.as_deref(),
            created_at: task.created_at,
            started_at: task.started_at,
            completed_at: task.completed_at,
            workspace_kind: task.workspace_kind,
            workspace_path: task.workspace_path.as_deref(),
            claim_lock: task.claim_lock.as_deref(),
            claim_expires: task.claim_expires,
            tenant: task.tenant.as_deref(),
            result: task.result.as_deref(),
            outcome: task.outcome,
            idempotency_key: task.idempotency_key.as_deref(),
            spawn_failures: task.failures,
            worker_pid: task.worker_pid,
            last_spawn_error: task.last_error.as_deref(),
            age: Age::new(task, now),
            max_runtime_seconds: task.max_runtime,
            max_retries: task.failure_limit,
            due_at: task.due_at,
            skills: task.skills(),
            check: task.check.as_deref(),
            rework_limit: task.rework_limit,
            review: task.review.as_deref(),
            land_method: task.land_method,
            in_review: task.in_review.as_ref(),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "clients read these keys")]
struct Age {
    created_age_seconds: i64,
    started_age_seconds: Option<i64>,
    time_to_complete_seconds: Option<i64>,
}

impl Age {
    fn new(task: &Task, now: Timestamp) -> Self {
        let begun = task.started_at.unwrap_or(task.created_at);
        Self {
            created_age_seconds: now.seconds_since(task.created_at),
            started_age_seconds: task.started_at.map(|started| now.seconds_since(started)),
            time_to_complete_seconds: task.completed_at.map(|end| end.seconds_since(begun)),
        }
    }
}

/// The answer of `POST /tasks`.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedTask<'a> {
    task: TaskObject<'a>,
    /// Only where the original says nothing at all: a repeated request found the task of the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<bool>,
}

impl<'a> CreatedTask<'a> {
    pub(super) fn new(task: &'a Task, is_new: bool, now: Timestamp) -> Self {
        Self {
            task: TaskObject::new(task, now),
            created: (!is_new).then_some(false),
        }
    }
}

/// The task alone.
#[derive(Serialize, ToSchema)]
pub(super) struct OneTask<'a> {
    task: TaskObject<'a>,
}

impl<'a> OneTask<'a> {
    pub(super) fn new(task: &'a Task, now: Timestamp) -> Self {
        Self {
            task: TaskObject::new(task, now),
        }
    }
}

/// The answer of `GET /tasks/{id}`.
#[derive(Serialize, ToSchema)]
pub(super) struct Detail<'a> {
    task: DetailedTask<'a>,
    comments: &'a [Comment],
    events: &'a [Event],
    links: Links<'a>,
    /// The attempts, oldest first.
    runs: Vec<Run<'a>>,
    /// The receipts of its checks, oldest first; left out where there are none.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    receipts: &'a [Receipt],
    /// The branch of its worktree; left out where it has had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a Branch>,
    /// The landing of its work that was asked for and has not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    landing: Option<&'a Landing>,
    /// Always empty.
    #[schema(value_type = Vec<Object>)]
    attachments: [(); 0],
}

#[derive(Serialize, ToSchema)]
struct DetailedTask<'a> {
    #[serde(flatten)]
    task: TaskObject<'a>,
    /// The summary of the last completed run.
    latest_summary: Option<&'a str>,
    /// The diagnostics of the task; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<diagnostic::Diagnostic>,
}

#[derive(Serialize, ToSchema)]
struct Links<'a> {
    parents: &'a [TaskId],
    children: &'a [TaskId],
    /// The outcomes of parents on which it starts, of those that are not success.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    conditions: &'a BTreeMap<TaskId, StartOn>,
}

impl<'a> Detail<'a> {
    pub(super) fn new(detail: &'a TaskDetail, now: Timestamp) -> Self {
        let completed = detail.runs.iter().rev();
        let mut completed = completed.filter(|run| run.outcome == Some(Outcome::Completed));
        Self {
            task: DetailedTask {
                task: TaskObject::new(&detail.task, now),
                latest_summary: completed.find_map(|run| run.summary.as_deref()),
                diagnostics: diagnostic::of(&detail.task, now),
            },
            comments: &detail.comments,
            events: &detail.events,
            links: Links {
                parents: &detail.parents,
                children: &detail.children,
                conditions: &detail.conditions,
            },
            runs: detail.runs.iter().map(Run::new).collect(),
            receipts: &detail.receipts,
            branch: detail.branch.as_ref(),
            landing: detail.landing.as_ref(),
            attachments: [],
        }
    }
}

/// A frame of the socket, for clients that asked for nothing more.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventFrame<'a> {
    events: &'a [Event],
    cursor: EventId,
}

impl<'a> EventFrame<'a> {
    pub(crate) fn new(events: &'a [Event], cursor: EventId) -> Self {
        Self { events, cursor }
    }
}

#[cfg(test)]
pub(super) mod fixture;
#[cfg(test)]
mod tests;
