//! Files of a task, which this board does not keep: the lists are empty, and none is taken.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::input::{Named, NumberParameter, TaskParameter};
use super::wire;
use crate::AppState;
use crate::http_error::{self, HttpError};

/// Lists the attachments of a task: none.
#[utoipa::path(
    get, path = "/tasks/{id}/attachments", tag = "tasks", params(TaskParameter),
    responses((status = 200, body = wire::answer::Attachments), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn of_task(
    State(state): State<AppState>,
    Named(named): Named<TaskParameter>,
) -> Result<Response, HttpError> {
    state.kernel().task_alone(&named.task()?).await?;
    Ok(Json(wire::answer::Attachments::default()).into_response())
}

/// Takes a file: not offered.
pub(super) async fn not_taken() -> Response {
    let detail = "attachments are not kept here; put the file into the task's workspace, or name \
                  its path in a comment";
    http_error::detail(StatusCode::METHOD_NOT_ALLOWED, detail)
}

/// Gives or removes a file, of which there is none.
pub(super) async fn none(Named(named): Named<NumberParameter>) -> Result<Response, HttpError> {
    let number = named.number()?;
    let detail = format!("attachment {number} not found; attachments are not kept here");
    Ok(http_error::detail(StatusCode::NOT_FOUND, detail))
}
