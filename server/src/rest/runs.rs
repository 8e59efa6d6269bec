//! Attempts at a task: taking it, keeping it, giving it up, and those that were made.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::{self, CancelRun, ClaimTask, LEASE, ReclaimTask};
use domain::error::Error;
use domain::id::{RunId, TaskId};
use domain::time::Seconds;
use utoipa::ToSchema;

use super::input::{Named, NumberParameter, OptionalBody, TaskParameter, lenient};
use super::{tasks, undo, wire};
use crate::AppState;
use crate::auth::Caller;
use crate::bounds::LONGEST_LEASE;
use crate::http_error::HttpError;

lenient! {
    /// The terms of a claim.
    #[derive(ToSchema)]
    #[schema(example = json!({ "claimer": "laptop:4711", "ttl_seconds": 900 }))]
    pub(super) struct Claim {
        /// The length of the lease in seconds, without a heartbeat.
        #[schema(default = 900, minimum = 1, maximum = 86400)]
        ttl_seconds: Option<i64> = bounded(1..=LONGEST_LEASE),
        /// The claimer, for people to read.
        #[schema(value_type = Option<String>, default = "http")]
        claimer: String = text("http"),
    }
}

/// Takes a ready task.
#[utoipa::path(
    post, path = "/tasks/{id}/claim", tag = "runs", params(TaskParameter),
    description = "Takes a ready task, for a person or a worker that no lane starts. The `token` that \
                   it answers with is a bearer token that may change this task and no other, until \
                   the run ends.",
    request_body = Option<Claim>,
    responses((status = 200, body = wire::run::Claimed<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn claim(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
    OptionalBody(asked): OptionalBody<Claim>,
) -> Result<Response, HttpError> {
    let policy = dispatcher::manual_claim(state.kernel(), &state.home).await;
    let claim = ClaimTask {
        task: named.task()?,
        lock: asked.claimer,
        ttl: asked.ttl_seconds.map_or(LEASE, Seconds),
        lane: None,
        policy: policy.map_err(HttpError::Dispatcher)?,
    };
    let receipt = state.kernel().execute(&caller.actor(), claim).await?;
    let claimed = receipt.answer;
    let claim = wire::run::Claimed::new(&claimed, state.kernel().now());
    Ok(Json(claim).into_response())
}

lenient! {
    /// A sign of life.
    #[derive(ToSchema)]
    #[schema(example = json!({ "ttl_seconds": 900 }))]
    pub(super) struct Heartbeat {
        /// The new length of the lease in seconds, from now.
        #[schema(default = 900, minimum = 1, maximum = 86400)]
        ttl_seconds: Option<i64> = bounded(1..=LONGEST_LEASE),
    }
}

/// Shows that a worker makes progress.
#[utoipa::path(
    post, path = "/tasks/{id}/heartbeat", tag = "runs", params(TaskParameter),
    description = "Shows that the worker of a task makes progress, and lengthens its lease.",
    request_body = Option<Heartbeat>,
    responses((status = 200, body = wire::run::Lease), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn heartbeat(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
    OptionalBody(asked): OptionalBody<Heartbeat>,
) -> Result<Response, HttpError> {
    let ttl = asked.ttl_seconds.map_or(LEASE, Seconds);
    let task = named.task()?;
    let heartbeat = command::Heartbeat { task, ttl };
    let receipt = state.kernel().execute(&caller.actor(), heartbeat).await?;
    let lease_expires = receipt.answer.lease_expires;
    Ok(Json(wire::run::Lease { lease_expires }).into_response())
}

/// The attempts at a task.
#[utoipa::path(
    get, path = "/tasks/{id}/runs", tag = "runs", params(TaskParameter),
    description = "The attempts at a task, oldest first.",
    responses((status = 200, body = wire::run::Runs<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn runs(
    State(state): State<AppState>,
    Named(named): Named<TaskParameter>,
) -> Result<Response, HttpError> {
    let detail = state.kernel().task(&named.task()?).await?;
    Ok(Json(wire::run::Runs::new(&detail.runs)).into_response())
}

/// Stops the current run of a task.
#[utoipa::path(
    post, path = "/tasks/{id}/cancel", tag = "runs", params(TaskParameter),
    description = "Stops the current run of a task. The task goes to `todo` and stays there.",
    responses((status = 200, body = wire::OneTask<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn cancel(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
) -> Result<Response, HttpError> {
    let task = named.task()?;
    let cancel = CancelRun { task: task.clone() };
    tasks::change_one(&state, &caller.actor(), vec![cancel.into()], task).await
}

lenient! {
    /// The reason to stop a run.
    #[derive(ToSchema)]
    #[schema(example = json!({ "reason": "it loops" }))]
    pub(super) struct Reclaim {
        /// Kept with the event.
        reason: Option<String> = optional_text(),
    }
}

/// Takes a running task away from its worker.
#[utoipa::path(
    post, path = "/tasks/{id}/reclaim", tag = "runs", params(TaskParameter),
    description = "Stops the current run of a task and makes the task ready for another attempt, with \
                   its failures forgiven.",
    request_body = Option<Reclaim>,
    responses((status = 200, body = wire::answer::Reclaimed<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn reclaim(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
    OptionalBody(asked): OptionalBody<Reclaim>,
) -> Result<Response, HttpError> {
    let task = named.task()?;
    end(&state, &caller, task, None, asked.reason).await
}

/// One attempt.
#[utoipa::path(
    get, path = "/runs/{id}", tag = "runs", params(NumberParameter),
    responses((status = 200, body = wire::run::OneRun<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn run(
    State(state): State<AppState>,
    Named(named): Named<NumberParameter>,
) -> Result<Response, HttpError> {
    let run = state.kernel().run(RunId(named.number()?)).await?;
    Ok(Json(wire::run::OneRun::new(&run)).into_response())
}

/// Stops an attempt.
#[utoipa::path(
    post, path = "/runs/{id}/terminate", tag = "runs", params(NumberParameter),
    description = "Stops an attempt that has not ended, as `reclaim` does with the current one of a \
                   task.",
    request_body = Option<Reclaim>,
    responses((status = 200, body = wire::answer::Reclaimed<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn terminate(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<NumberParameter>,
    OptionalBody(asked): OptionalBody<Reclaim>,
) -> Result<Response, HttpError> {
    let id = RunId(named.number()?);
    let run = state.kernel().run(id).await?;
    if run.ended_at.is_some() {
        return Err(Error::RunNotOpen(id).into());
    }
    end(&state, &caller, run.task_id, Some(id), asked.reason).await
}

async fn end(
    state: &AppState,
    caller: &Caller,
    task: TaskId,
    run: Option<RunId>,
    reason: Option<String>,
) -> Result<Response, HttpError> {
    let reclaim = ReclaimTask {
        task: task.clone(),
        run,
        reason,
    };
    let receipt = state.kernel().execute(&caller.actor(), reclaim).await?;
    let undoable = undo::header(&[vec![receipt]]);
    let reclaimed = wire::answer::Reclaimed::new(&task, run);
    Ok((undoable, Json(reclaimed)).into_response())
}
