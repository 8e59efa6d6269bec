//! `?board=`: which board a request is about. A server has one, which the original calls `default`;
//! a request about another one is refused before it reaches a handler.

use axum::extract::{Query, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use crate::http_error;

/// The name of the board of a home folder, as in the original.
pub(super) const DEFAULT: &str = "default";

/// Refuses a request that names a board which is not here.
pub(super) async fn only_ours(request: Request, next: Next) -> Response {
    match named(&request).as_deref().map(absent) {
        Some(response) => response,
        None => next.run(request).await,
    }
}

/// The answer to a request about a board that is not here.
pub(super) fn absent(board: &str) -> Response {
    let detail = format!("board {board:?} does not exist; this server has one board, {DEFAULT:?}");
    http_error::detail(StatusCode::NOT_FOUND, detail)
}

/// Returns true for the name of the board of this server. Names are compared as the original does.
pub(super) fn is_ours(board: &str) -> bool {
    board.trim().eq_ignore_ascii_case(DEFAULT)
}

/// The first board that the query names and that is not ours.
fn named(request: &Request) -> Option<String> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let mut boards = pairs.ok()?.0.into_iter().filter(|(key, _)| key == "board");
    let absent = boards.find(|(_, board)| !board.trim().is_empty() && !is_ours(board));
    absent.map(|(_, board)| board)
}
