//! `/tasks/{id}/log`: what the workers of a task wrote.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dispatcher::logs;
use utoipa::IntoParams;

use super::input::{Named, Parameters, TaskParameter, lenient};
use super::wire;
use crate::AppState;
use crate::http_error::HttpError;

lenient! {
    /// The part of a log to return.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    pub(super) struct LogQuery {
        /// The last bytes only; nothing is all of it.
        #[param(minimum = 1, maximum = 2_000_000)]
        tail: Option<i64> = bounded(1..=2_000_000),
    }
}

/// The log of a task: the output of its workers, or the end of it.
#[utoipa::path(
    get, path = "/tasks/{id}/log", tag = "tasks",
    params(TaskParameter, LogQuery),
    responses((status = 200, body = wire::answer::Log<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn log(
    State(state): State<AppState>,
    Named(named): Named<TaskParameter>,
    Parameters(LogQuery { tail }): Parameters<LogQuery>,
) -> Result<Response, HttpError> {
    let task = state.kernel().task_alone(&named.task()?).await?;
    let tail = tail.and_then(|bytes| u64::try_from(bytes).ok());
    let log = logs::read(&state.home, &task.id, tail)
        .await
        .map_err(HttpError::Log)?;
    Ok(Json(wire::answer::Log::new(&task.id, &log)).into_response())
}
