//! `/tasks/{id}/log`: what the workers of a task wrote.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dispatcher::logs;

use super::input::{Bounds, Named, Parameters};
use super::wire;
use crate::AppState;
use crate::http_error::HttpError;

/// The bounds on the part of a log, in bytes, as in the original.
const TAIL: Bounds = Bounds {
    least: 1,
    most: 2_000_000,
};

/// What the workers of a task wrote, or the end of it.
#[utoipa::path(
    get, path = "/tasks/{id}/log", tag = "tasks",
    params(super::openapi::TaskParameter, wire::body::LogQuery),
    responses((status = 200, body = wire::answer::Log<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn log(
    State(state): State<AppState>,
    named: Named,
    Parameters(mut query): Parameters,
) -> Result<Response, HttpError> {
    let tail = query.bounded("tail", TAIL);
    query.finish()?;
    let task = state.kernel().task_alone(&named.task()?).await?;
    let tail = tail.and_then(|bytes| u64::try_from(bytes).ok());
    let log = logs::read(&state.services.home, &task.id, tail)
        .await
        .map_err(HttpError::Log)?;
    Ok(Json(wire::answer::Log::new(&task.id, &log)).into_response())
}
