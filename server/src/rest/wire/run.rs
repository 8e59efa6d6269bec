//! Attempts at a task, as outsiders read them.

use domain::id::{RunId, TaskId};
use domain::run;
use domain::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::TaskObject;

/// The attempts at a task.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Runs<'a> {
    runs: Vec<Run<'a>>,
}

/// One attempt.
#[derive(Serialize, ToSchema)]
struct Run<'a> {
    #[schema(value_type = i64)]
    id: RunId,
    #[schema(value_type = String)]
    task_id: &'a TaskId,
    /// The lane that started the worker; `null` when somebody claimed the task by hand.
    lane: Option<&'a str>,
    worker_pid: Option<i64>,
    #[schema(value_type = i64)]
    started_at: Timestamp,
    #[schema(value_type = Option<i64>)]
    heartbeat_at: Option<Timestamp>,
    #[schema(value_type = Option<i64>)]
    ended_at: Option<Timestamp>,
    /// How it ended: `completed`, `blocked`, `exit` and so on.
    outcome: Option<&'static str>,
    exit_code: Option<i32>,
    error: Option<&'a str>,
    summary: Option<&'a str>,
    metadata: Option<Value>,
    workspace: Option<&'a str>,
    /// Where its output begins in the task's log, in bytes.
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
    fn new(run: &'a run::Run) -> Self {
        let metadata = run.metadata.as_deref();
        Self {
            id: run.id,
            task_id: &run.task_id,
            lane: run.lane.as_deref(),
            worker_pid: run.worker_pid,
            started_at: run.started_at,
            heartbeat_at: run.heartbeat_at,
            ended_at: run.ended_at,
            outcome: run.outcome.map(run::Outcome::as_str),
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

/// A claim that was granted.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Claimed<'a> {
    #[schema(value_type = i64)]
    run: RunId,
    /// A bearer token that may change this task and no other, until the run ends.
    token: &'a str,
    task: TaskObject<'a>,
}

impl<'a> Claimed<'a> {
    pub(in crate::rest) fn new(claimed: &'a run::Claimed, now: Timestamp) -> Self {
        Self {
            run: claimed.run,
            token: claimed.token.as_str(),
            task: TaskObject::new(&claimed.task, now),
        }
    }
}

/// How long a claim lasts now.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Lease {
    #[schema(value_type = i64)]
    pub(in crate::rest) lease_expires: Timestamp,
}
