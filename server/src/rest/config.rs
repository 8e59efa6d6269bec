//! `GET /config`: how the original's own page shows the board, and ours too.

use app::ssr::config::Config;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::wire;
use crate::AppState;

/// How the board is to be shown.
#[utoipa::path(
    get, path = "/config", tag = "board",
    responses((status = 200, body = wire::answer::Config), super::openapi::Refusals),
)]
pub(super) async fn config(State(state): State<AppState>) -> Response {
    let config = Config::read(&state.services.home).await;
    Json(wire::answer::Config::new(config)).into_response()
}
