//! Attempts at a task: taking it, keeping it, giving it up, and those that were made.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::{Command, LEASE};
use domain::error::Error;
use domain::id::{RunId, TaskId};
use domain::time::Seconds;

use super::input::{Bounds, Fields, Named};
use super::{tasks, undo, wire};
use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::limits::LONGEST_LEASE;
use crate::{AppState, answer};

/// The bounds on a lease without a heartbeat, in seconds.
const TTL: Bounds = Bounds {
    least: 1,
    most: LONGEST_LEASE,
};

/// Takes a ready task.
#[utoipa::path(
    post, path = "/tasks/{id}/claim", tag = "runs", params(super::openapi::TaskParameter),
    description = "Takes a ready task, for a person or a worker that no lane starts. The `token` that \
                   it answers with is a bearer token that may change this task and no other, until \
                   the run ends.",
    request_body = Option<wire::body::Claim>,
    responses((status = 200, body = wire::run::Claimed<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn claim(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
    fields: Option<Fields>,
) -> Result<Response, HttpError> {
    let mut fields = fields.unwrap_or_default();
    let ttl = fields.bounded("ttl_seconds", TTL);
    let lock = fields.text("claimer", "http");
    fields.finish()?;
    let policy = dispatcher::by_hand(state.kernel(), &state.services.home).await;
    let claim = Command::ClaimTask {
        task: named.task()?,
        lock,
        ttl: ttl.map_or(LEASE, Seconds),
        lane: None,
        policy: policy.map_err(HttpError::Dispatcher)?,
    };
    let receipt = state.kernel().execute(&caller.actor(), claim).await?;
    let claimed = answer::claimed(receipt)?;
    let claim = wire::run::Claimed::new(&claimed, state.kernel().now());
    Ok(Json(claim).into_response())
}

/// Shows that a worker makes progress.
#[utoipa::path(
    post, path = "/tasks/{id}/heartbeat", tag = "runs", params(super::openapi::TaskParameter),
    description = "Shows that the worker of a task makes progress, and lengthens its lease.",
    request_body = Option<wire::body::Heartbeat>,
    responses((status = 200, body = wire::run::Lease), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn heartbeat(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
    fields: Option<Fields>,
) -> Result<Response, HttpError> {
    let mut fields = fields.unwrap_or_default();
    let ttl = fields.bounded("ttl_seconds", TTL).map_or(LEASE, Seconds);
    fields.finish()?;
    let task = named.task()?;
    let heartbeat = Command::Heartbeat { task, ttl };
    let receipt = state.kernel().execute(&caller.actor(), heartbeat).await?;
    let lease_expires = answer::renewed(&receipt)?;
    Ok(Json(wire::run::Lease { lease_expires }).into_response())
}

/// The attempts at a task.
#[utoipa::path(
    get, path = "/tasks/{id}/runs", tag = "runs", params(super::openapi::TaskParameter),
    description = "The attempts at a task, oldest first.",
    responses((status = 200, body = wire::run::Runs<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn runs(
    State(state): State<AppState>,
    named: Named,
) -> Result<Response, HttpError> {
    let detail = state.kernel().task(&named.task()?).await?;
    Ok(Json(wire::run::Runs::new(&detail.runs)).into_response())
}

/// Stops the current run of a task.
#[utoipa::path(
    post, path = "/tasks/{id}/cancel", tag = "runs", params(super::openapi::TaskParameter),
    description = "Stops the current run of a task. The task goes to `todo` and stays there.",
    responses((status = 200, body = wire::OneTask<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn cancel(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
) -> Result<Response, HttpError> {
    let task = named.task()?;
    let cancel = Command::CancelRun { task: task.clone() };
    tasks::change_one(&state, &caller.actor(), vec![cancel], task).await
}

/// Takes a running task away from its worker.
#[utoipa::path(
    post, path = "/tasks/{id}/reclaim", tag = "runs", params(super::openapi::TaskParameter),
    description = "Stops the current run of a task and makes the task ready for another attempt, with \
                   its failures forgiven.",
    request_body = Option<wire::body::Reclaim>,
    responses((status = 200, body = wire::answer::Reclaimed<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn reclaim(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
    fields: Option<Fields>,
) -> Result<Response, HttpError> {
    let reason = reason(fields)?;
    let task = named.task()?;
    end(&state, &caller, task, None, reason).await
}

/// One attempt.
#[utoipa::path(
    get, path = "/runs/{id}", tag = "runs", params(super::openapi::NumberParameter),
    responses((status = 200, body = wire::run::OneRun<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn run(
    State(state): State<AppState>,
    named: Named,
) -> Result<Response, HttpError> {
    let run = state.kernel().run(RunId(named.number()?)).await?;
    Ok(Json(wire::run::OneRun::new(&run)).into_response())
}

/// Stops an attempt.
#[utoipa::path(
    post, path = "/runs/{id}/terminate", tag = "runs", params(super::openapi::NumberParameter),
    description = "Stops an attempt that has not ended, as `reclaim` does with the current one of a \
                   task.",
    request_body = Option<wire::body::Reclaim>,
    responses((status = 200, body = wire::answer::Reclaimed<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn terminate(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
    fields: Option<Fields>,
) -> Result<Response, HttpError> {
    let reason = reason(fields)?;
    let id = RunId(named.number()?);
    let run = state.kernel().run(id).await?;
    if run.ended_at.is_some() {
        return Err(Error::RunNotOpen(id).into());
    }
    end(&state, &caller, run.task_id, Some(id), reason).await
}

fn reason(fields: Option<Fields>) -> Result<Option<String>, HttpError> {
    let mut fields = fields.unwrap_or_default();
    let reason = fields.optional_text("reason");
    fields.finish()?;
    Ok(reason)
}

async fn end(
    state: &AppState,
    caller: &Caller,
    task: TaskId,
    run: Option<RunId>,
    reason: Option<String>,
) -> Result<Response, HttpError> {
    let reclaim = Command::ReclaimTask {
        task: task.clone(),
        run,
        reason,
    };
    let receipt = state.kernel().execute(&caller.actor(), reclaim).await?;
    let undoable = undo::header(&[vec![receipt]]);
    let reclaimed = wire::answer::Reclaimed::new(&task, run);
    Ok((undoable, Json(reclaimed)).into_response())
}
