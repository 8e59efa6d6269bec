//! `/t/{id}/log`: all that the workers of a task wrote, as text that a browser shows.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use dispatcher::logs;
use domain::error::Error;
use domain::id::TaskId;
use domain::text::printed;
use tokio::task::spawn_blocking;

use crate::AppState;
use crate::http_error::HttpError;

/// The log of a task, without colours.
pub(crate) async fn log(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    let Ok(id) = id.parse::<TaskId>() else {
        return Err(Error::UnknownTask(id).into());
    };
    let task = state.kernel().task_alone(&id).await?;
    let log = logs::read(&state.home, &task.id, None)
        .await
        .map_err(HttpError::Log)?;
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    // A whole log is more than the executor should be kept busy with.
    let text = spawn_blocking(move || printed(&log.text).into_owned()).await;
    let text = text.map_err(|error| HttpError::Log(error.into()))?;
    Ok((headers, text).into_response())
}
