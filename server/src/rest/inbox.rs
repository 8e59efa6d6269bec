//! The route of the inbox.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::wire;
use crate::AppState;
use crate::http_error::HttpError;

/// Lists the tasks and deliveries that need a person.
#[utoipa::path(
    get, path = "/inbox", tag = "inbox",
    description = "Lists the tasks and deliveries that need a person, the oldest first: \
                   questions, tasks that gave up, news that reached nobody. A question is answered \
                   by a comment and the status `ready`; a proposed result is taken by the status \
                   `done` with that `result`.",
    responses((status = 200, body = wire::notify::Inbox<'_>), super::openapi::Refusals),
)]
pub(super) async fn inbox(State(state): State<AppState>) -> Result<Response, HttpError> {
    // It names the places where people are told things, which are no worker's business.
    let concerns = state.kernel().inbox().await?;
    Ok(Json(wire::notify::Inbox::new(&concerns)).into_response())
}
