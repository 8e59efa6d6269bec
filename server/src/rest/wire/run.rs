//! Attempts at a task, as outsiders read them.

use domain::id::{RunId, TaskId};
use domain::run::{self, Outcome};
use domain::time::Timestamp;
use kernel::ActiveWorker;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::TaskObject;

/// One attempt alone.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct OneRun<'a> {
    run: Run<'a>,
}

impl<'a> OneRun<'a> {
    pub(in crate::rest) fn new(run: &'a run::Run) -> Self {
        Self { run: Run::new(run) }
    }
}

/// The workers that run now.
#[derive(Serialize, ToSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "the dashboards of hermes read these keys"
)]
pub(in crate::rest) struct Workers<'a> {
    workers: Vec<Worker<'a>>,
    count: usize,
    checked_at: Timestamp,
}

/// A worker and the task that it works on.
#[derive(Serialize, ToSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "the dashboards of hermes read these keys"
)]
struct Worker<'a> {
    run_id: RunId,
    task_id: &'a TaskId,
    task_title: &'a str,
    task_status: &'static str,
    task_assignee: Option<&'a str>,
    /// The lane.
    profile: Option<&'a str>,
    worker_pid: Option<i64>,
    started_at: Timestamp,
    claim_lock: Option<&'a str>,
    claim_expires: Timestamp,
    last_heartbeat_at: Option<Timestamp>,
}

impl<'a> Workers<'a> {
    pub(in crate::rest) fn new(workers: &'a [ActiveWorker], now: Timestamp) -> Self {
        let worker = |worker: &'a ActiveWorker| Worker {
            run_id: worker.run.id,
            task_id: &worker.run.task_id,
            task_title: &worker.title,
            task_status: "running",
            task_assignee: worker.assignee.as_deref(),
            profile: worker.run.lane.as_deref(),
            worker_pid: worker.run.worker_pid,
            started_at: worker.run.started_at,
            claim_lock: worker.claim_lock.as_deref(),
            claim_expires: worker.lease_expires,
            last_heartbeat_at: worker.run.heartbeat_at,
        };
        Self {
            workers: workers.iter().map(worker).collect(),
            count: workers.len(),
            checked_at: now,
        }
    }
}

/// The attempts at a task.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Runs<'a> {
    runs: Vec<Run<'a>>,
}

/// One attempt: with the keys of the original where it has them, and our own.
#[derive(Serialize, ToSchema)]
pub(super) struct Run<'a> {
    id: RunId,
    task_id: &'a TaskId,
    /// The lane that started the worker; `null` when somebody claimed the task by hand.
    lane: Option<&'a str>,
    /// The same, as the original calls it.
    profile: Option<&'a str>,
    /// Its status in the original's words: `running`, `done`, `blocked`, `crashed` and so on.
    status: &'static str,
    worker_pid: Option<i64>,
    started_at: Timestamp,
    heartbeat_at: Option<Timestamp>,
    /// The same, as the original calls it.
    last_heartbeat_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    /// Its outcome: `completed`, `blocked`, `exit` and so on.
    outcome: Option<&'static str>,
    exit_code: Option<i32>,
    error: Option<&'a str>,
    summary: Option<&'a str>,
    metadata: Option<Value>,
    workspace: Option<&'a str>,
    /// The offset of its output in the task's log, in bytes.
    log_start: Option<u64>,
    log_end: Option<u64>,
}

impl<'a> Runs<'a> {
    pub(in crate::rest) fn new(runs: &'a [run::Run]) -> Self {
        Self {
            runs: runs.iter().map(Run::new).collect(),
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(run: &'a run::Run) -> Self {
        let metadata = run.metadata.as_deref();
        Self {
            id: run.id,
            task_id: &run.task_id,
            lane: run.lane.as_deref(),
            profile: run.lane.as_deref(),
            status: status(run.outcome),
            worker_pid: run.worker_pid,
            started_at: run.started_at,
            heartbeat_at: run.heartbeat_at,
            last_heartbeat_at: run.heartbeat_at,
            ended_at: run.ended_at,
            outcome: run.outcome.map(Outcome::as_str),
            exit_code: run.exit_code,
            error: run.error.as_deref(),
            summary: run.summary.as_deref(),
            metadata: metadata.and_then(|json| serde_json::from_str(json).ok()),
            workspace: run.workspace.as_deref(),
            log_start: run.log_start,
            log_end: run.log_end,
        }
    }
}

/// The status of a run, in the words of the original's column `task_runs.status`.
fn status(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "running",
        Some(Outcome::Completed) => "done",
        Some(outcome) => outcome.hermes_name(),
    }
}

/// A claim that was granted.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Claimed<'a> {
    run: RunId,
    /// A bearer token that may change this task and no other, until the run ends.
    token: &'a str,
    task: TaskObject<'a>,
}

impl<'a> Claimed<'a> {
    pub(in crate::rest) fn new(claimed: &'a domain::command::Claimed, now: Timestamp) -> Self {
        Self {
            run: claimed.run,
            token: claimed.token.as_str(),
            task: TaskObject::new(&claimed.task, now),
        }
    }
}

/// The lease of a claim.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Lease {
    pub(in crate::rest) lease_expires: Timestamp,
}
