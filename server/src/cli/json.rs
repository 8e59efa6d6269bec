//! The JSON that verbs print with `--json`. It is frozen, and it is not the JSON of the HTTP API.

use std::collections::BTreeMap;

use domain::branch::Branch;
use domain::check::Receipt;
use domain::dispatch::{Dispatch, LaneReport, Pause, Running, WhyNot};
use domain::event::Event;
use domain::hold::LaneHold;
use domain::id::{RunId, TaskId};
use domain::landing::{Landing, Method};
use domain::outcome::{StartOn, TaskOutcome};
use domain::run::{Outcome, Run};
use domain::stats::Stats;
use domain::task::{Comment, Task, TaskDetail, WorkspaceKind};
use domain::time::Timestamp;
use kernel::ReadyCount;
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
    #[serde(skip_serializing_if = "TaskOutcome::is_success")]
    outcome: TaskOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    land_method: Option<Method>,
    #[serde(flatten)]
    branch: BranchKeys<'a>,
}

/// The branch of a task, the commit at which its work began and that as which it has landed; left out
/// where there are none.
#[derive(Default, Serialize)]
struct BranchKeys<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    landed: Option<&'a str>,
}

impl<'a> TaskObject<'a> {
    /// The same with its branch.
    pub(super) fn on(mut self, branch: Option<&'a Branch>) -> Self {
        self.branch = BranchKeys {
            branch: branch.map(|branch| branch.name.as_str()),
            base: branch.and_then(|branch| branch.base.as_deref()),
            landed: branch.and_then(|branch| branch.landed_commit.as_deref()),
        };
        self
    }
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
            outcome: task.outcome,
            land_method: task.land_method,
            branch: BranchKeys::default(),
        }
    }
}

/// The JSON output of `show`.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    task: TaskObject<'a>,
    parents: &'a [TaskId],
    children: &'a [TaskId],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    conditions: &'a BTreeMap<TaskId, StartOn>,
    comments: Vec<CommentObject<'a>>,
    events: Vec<EventObject<'a>>,
    why: Option<WhyObject<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    receipts: &'a [Receipt],
    #[serde(skip_serializing_if = "Option::is_none")]
    landing: Option<&'a Landing>,
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

/// The reason why a task is not running, for programs and in a sentence.
#[derive(Serialize)]
pub(super) struct WhyObject<'a> {
    #[serde(flatten)]
    why: &'a WhyNot,
    text: String,
}

impl<'a> From<&'a WhyNot> for WhyObject<'a> {
    fn from(why: &'a WhyNot) -> Self {
        Self {
            why,
            text: why.text(),
        }
    }
}

impl<'a> Shown<'a> {
    pub(super) fn new(detail: &'a TaskDetail, why: Option<&'a WhyNot>) -> Self {
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
            task: TaskObject::from(&detail.task).on(detail.branch.as_ref()),
            parents: &detail.parents,
            children: &detail.children,
            conditions: &detail.conditions,
            comments: detail.comments.iter().map(comment).collect(),
            events: detail.events.iter().map(event).collect(),
            why: why.map(WhyObject::from),
            receipts: &detail.receipts,
            landing: detail.landing.as_ref(),
        }
    }
}

/// One of what `runs` prints.
#[derive(Serialize)]
pub(super) struct RunObject<'a> {
    id: RunId,
    task_id: &'a TaskId,
    lane: Option<&'a str>,
    outcome: Option<Outcome>,
    exit_code: Option<i32>,
    error: Option<&'a str>,
    summary: Option<&'a str>,
    metadata: Option<serde_json::Value>,
    workspace: Option<&'a str>,
    worker_pid: Option<i64>,
    started_at: Timestamp,
    heartbeat_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    log_start: Option<u64>,
    log_end: Option<u64>,
}

impl<'a> From<&'a Run> for RunObject<'a> {
    fn from(run: &'a Run) -> Self {
        let metadata = run.metadata.as_deref();
        Self {
            id: run.id,
            task_id: &run.task_id,
            lane: run.lane.as_deref(),
            outcome: run.outcome,
            exit_code: run.exit_code,
            error: run.error.as_deref(),
            summary: run.summary.as_deref(),
            metadata: metadata.and_then(|json| serde_json::from_str(json).ok()),
            workspace: run.workspace.as_deref(),
            worker_pid: run.worker_pid,
            started_at: run.started_at,
            heartbeat_at: run.heartbeat_at,
            ended_at: run.ended_at,
            log_start: run.log_start,
            log_end: run.log_end,
        }
    }
}

/// The JSON output of `stats`: the original's keys, and the dispatcher's status.
#[derive(Serialize)]
pub(super) struct StatsObject<'a> {
    #[serde(flatten)]
    stats: &'a Stats,
    dispatcher: DispatcherObject<'a>,
}

#[derive(Serialize)]
struct DispatcherObject<'a> {
    is_running: bool,
    claimer: Option<&'a str>,
    last_tick: Option<Timestamp>,
    next_tick: Option<Timestamp>,
    running: u32,
    cap: Option<u32>,
    cap_reason: Option<&'a str>,
    bad_ticks: Option<u32>,
    problem: Option<&'a str>,
    paused: &'a [Pause],
    holds: &'a [LaneHold],
    running_by_lane: &'a [Running],
    ready: Vec<ReadyObject<'a>>,
    lanes: &'a [LaneReport],
}

#[derive(Serialize)]
struct ReadyObject<'a> {
    assignee: Option<&'a str>,
    ready: u32,
    resting: u32,
}

impl<'a> StatsObject<'a> {
    pub(super) fn new(stats: &'a Stats, dispatch: &'a Dispatch, counts: &'a [ReadyCount]) -> Self {
        // The last words of a dispatcher that is gone say nothing of now.
        let report = dispatch.living();
        let ready = |count: &'a ReadyCount| ReadyObject {
            assignee: count.assignee.as_deref(),
            ready: count.ready,
            resting: count.resting,
        };
        Self {
            stats,
            dispatcher: DispatcherObject {
                is_running: report.is_some(),
                claimer: report.map(|report| report.claimer.as_str()),
                last_tick: report.and_then(|report| report.last_tick),
                next_tick: report.and_then(|report| report.next_tick),
                running: dispatch.count(),
                cap: report.map(|report| report.cap),
                cap_reason: report.map(|report| report.cap_reason.as_str()),
                bad_ticks: report.map(|report| report.bad_ticks),
                problem: report.and_then(|report| report.problem.as_deref()),
                paused: &dispatch.paused,
                holds: &dispatch.holds,
                running_by_lane: &dispatch.running,
                ready: counts.iter().map(ready).collect(),
                lanes: report.map_or(&[], |report| &report.lanes),
            },
        }
    }
}
