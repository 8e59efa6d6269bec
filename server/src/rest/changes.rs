//! `/tasks/{id}/changes`: what a task has changed in its repository.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use domain::changes::Changes;
use serde::Serialize;
use utoipa::ToSchema;

use super::input::{Named, TaskParameter};
use crate::AppState;
use crate::changes::of;
use crate::http_error::HttpError;

/// The answer of `GET /tasks/{id}/changes`.
#[derive(Serialize, ToSchema)]
pub(super) struct TaskChanges {
    changes: Changes,
}

/// Everything that a task has changed since its work began.
#[utoipa::path(
    get, path = "/tasks/{id}/changes", tag = "tasks", params(TaskParameter),
    description = "The commits and changed files of a task's branch, with patches: up to 300 files and \
                   1 MiB. Asked of git each time.",
    responses((status = 200, body = TaskChanges), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn changes(
    State(state): State<AppState>,
    Named(named): Named<TaskParameter>,
) -> Result<Response, HttpError> {
    let changes = of(&state, &named.task()?).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(TaskChanges { changes })).into_response())
}
