//! `GET /search`: finding tasks by their texts.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use kernel::SearchQuery;

use super::input::{Bounds, Parameters};
use super::wire;
use crate::AppState;
use crate::http_error::HttpError;

/// The bounds on the number of hits.
const LIMIT: Bounds = Bounds {
    least: 1,
    most: 200,
};

/// The default number of hits.
const DEFAULT_LIMIT: u32 = 50;

/// The bounds on the offset into the hits.
const OFFSET: Bounds = Bounds {
    least: 0,
    most: 1_000_000,
};

/// Finds tasks by their texts.
#[utoipa::path(
    get, path = "/search", tag = "board", params(wire::body::SearchQuery),
    description = "The tasks whose title, body, result or comments hold all of these words, best \
                   first. A word matches the beginnings of words.",
    responses((status = 200, body = wire::answer::Found<'_>), super::openapi::Refusals),
)]
pub(super) async fn search(
    State(state): State<AppState>,
    Parameters(mut query): Parameters,
) -> Result<Response, HttpError> {
    let text = query.required_text("q");
    let include_archived = query.flag("include_archived");
    let limit = query.bounded("limit", LIMIT);
    let offset = query.bounded("offset", OFFSET);
    query.finish()?;
    let number = |asked: Option<i64>, default| {
        asked
            .and_then(|asked| u32::try_from(asked).ok())
            .unwrap_or(default)
    };
    let found = state
        .kernel()
        .search(SearchQuery {
            text,
            include_archived,
            offset: number(offset, 0),
            limit: number(limit, DEFAULT_LIMIT),
        })
        .await?;
    Ok(Json(wire::answer::Found::new(&found)).into_response())
}
