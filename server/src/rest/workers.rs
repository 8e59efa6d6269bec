//! The routes of running workers, and of assignees.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::wire;
use crate::AppState;
use crate::http_error::HttpError;

/// Lists the workers that run now.
#[utoipa::path(
    get, path = "/workers/active", tag = "runs",
    description = "Lists the workers that run now, the oldest first.",
    responses((status = 200, body = wire::run::Workers<'_>), super::openapi::Refusals),
)]
pub(super) async fn active(State(state): State<AppState>) -> Result<Response, HttpError> {
    let workers = state.kernel().active_workers().await?;
    let workers = wire::run::Workers::new(&workers, state.kernel().now());
    Ok(Json(workers).into_response())
}

/// Lists the names that tasks can be given to.
#[utoipa::path(
    get, path = "/assignees", tag = "board",
    description = "Lists the lanes and every assignee of a task that is not archived, with their \
                   tasks by status. `on_disk` is true for a lane.",
    responses((status = 200, body = wire::answer::Assignees), super::openapi::Refusals),
)]
pub(super) async fn assignees(State(state): State<AppState>) -> Result<Response, HttpError> {
    let stats = state.kernel().stats().await?;
    let dispatch = state.kernel().dispatch().await?;
    let assignees = wire::answer::Assignees::new(stats.by_assignee, &dispatch);
    Ok(Json(assignees).into_response())
}
