//! `GET /config`: how the original's own page shows the board, and ours too.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::AppState;
use crate::dashboard_config::Config;

/// The settings of the page.
#[utoipa::path(
    get, path = "/config", tag = "board",
    responses((status = 200, body = Config), super::openapi::Refusals),
)]
pub(super) async fn config(State(state): State<AppState>) -> Response {
    let config = Config::read(&state.home).await;
    Json(config).into_response()
}
