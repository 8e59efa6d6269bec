//! `GET /board`: the whole board, column by column.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use kernel::BoardFilter;

use super::input::Parameters;
use super::wire;
use crate::AppState;
use crate::http_error::HttpError;

pub(super) async fn board(
    State(state): State<AppState>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, HttpError> {
    let mut query = Parameters::of(query);
    let tenant = query.text("tenant");
    let include_archived = query.flag("include_archived");
    query.finish()?;
    let rows = state
        .kernel()
        .board_rows(BoardFilter {
            tenant,
            include_archived,
        })
        .await?;
    Ok(Json(wire::Board::new(&rows, include_archived)).into_response())
}
