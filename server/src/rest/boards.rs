//! `/boards`: the list of boards that the original's page chooses from. A server has one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::input::{BoardParameter, Named};
use super::{which_board, wire};
use crate::AppState;
use crate::http_error::{self, HttpError};

/// Lists the boards: this one.
#[utoipa::path(
    get, path = "/boards", tag = "board",
    responses((status = 200, body = wire::answer::Boards), super::openapi::Refusals),
)]
pub(super) async fn boards(State(state): State<AppState>) -> Result<Response, HttpError> {
    let stats = state.kernel().stats().await?;
    let db = state.home.db();
    Ok(Json(wire::answer::Boards::new(stats.by_status, &db)).into_response())
}

/// Chooses a board for the command line, of which there is one.
#[utoipa::path(
    post, path = "/boards/{id}/switch", tag = "board", params(BoardParameter),
    responses((status = 200, body = wire::answer::Current), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn switch(Named(board): Named<BoardParameter>) -> Response {
    if which_board::is_ours(&board.id) {
        Json(wire::answer::Current::new()).into_response()
    } else {
        which_board::absent(&board.id)
    }
}

/// Makes, renames or removes a board: not offered.
pub(super) async fn not_offered() -> Response {
    let detail = "boards cannot be made, renamed or removed here: a server has one board; start \
                  another one with `kanban serve --home DIR`";
    http_error::detail(StatusCode::METHOD_NOT_ALLOWED, detail)
}
