//! The plugin API of the original: the same paths, fields, statuses and JSON. It translates between
//! JSON and the kernel and decides nothing.

mod board;
mod input;
mod tasks;
pub(crate) mod wire;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use crate::{AppState, events, http_error};

/// The routes, to be mounted at `/api/plugins/kanban`.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/board", get(board::board))
        .route("/tasks", post(tasks::create))
        .route("/tasks/{id}", get(tasks::task))
        .route("/events", get(events::events))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

async fn not_found() -> Response {
    http_error::detail(StatusCode::NOT_FOUND, "Not Found")
}

async fn method_not_allowed() -> Response {
    http_error::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}
