//! `GET /stats`: the board in numbers.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::stats::Stats;

use crate::AppState;
use crate::http_error::HttpError;

/// The board in numbers.
#[utoipa::path(
    get, path = "/stats", tag = "board",
    responses((status = 200, body = Stats), super::openapi::Refusals),
)]
pub(super) async fn stats(State(state): State<AppState>) -> Result<Response, HttpError> {
    let stats = state.kernel().stats().await?;
    Ok(Json(stats).into_response())
}
