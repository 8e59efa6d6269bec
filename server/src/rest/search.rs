//! `GET /search`: finding tasks by their texts.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::search::Found;
use utoipa::IntoParams;

use super::input::{Parameters, lenient};
use crate::AppState;
use crate::http_error::HttpError;

/// The default number of hits.
const DEFAULT_LIMIT: u32 = 50;

lenient! {
    /// The words and bounds of a search.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    pub(super) struct SearchQuery {
        /// Words.
        q: String = required_text(),
        /// True to search archived tasks too.
        #[param(value_type = Option<bool>)]
        include_archived: bool = flag(),
        /// The most hits to return.
        #[param(default = 50, minimum = 1, maximum = 200)]
        limit: Option<i64> = bounded(1..=200),
        /// The number of hits to skip.
        #[param(default = 0, minimum = 0, maximum = 1_000_000)]
        offset: Option<i64> = bounded(0..=1_000_000),
    }
}

/// Finds tasks by their texts.
#[utoipa::path(
    get, path = "/search", tag = "board", params(SearchQuery),
    description = "The tasks whose title, body, result or comments hold all of these words, best \
                   first. A word matches the beginnings of words.",
    responses((status = 200, body = Found), super::openapi::Refusals),
)]
pub(super) async fn search(
    State(state): State<AppState>,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Response, HttpError> {
    let number = |asked: Option<i64>, default| {
        asked
            .and_then(|asked| u32::try_from(asked).ok())
            .unwrap_or(default)
    };
    let found = state
        .kernel()
        .search(kernel::SearchQuery {
            text: query.q,
            include_archived: query.include_archived,
            offset: number(query.offset, 0),
            limit: number(query.limit, DEFAULT_LIMIT),
        })
        .await?;
    Ok(Json(found).into_response())
}
