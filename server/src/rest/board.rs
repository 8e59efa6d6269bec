//! `GET /board`: the whole board, column by column.

mod copy;
mod page;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::board::TaskSummary;
use domain::status::Status;
use kernel::BoardFilter;
use utoipa::IntoParams;

use super::input::{Parameters, lenient};
use super::wire;
use crate::AppState;
use crate::http_error::HttpError;
use copy::Filter;

pub(crate) use copy::BoardCopy;

lenient! {
    /// A filter of the board.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    pub(super) struct BoardQuery {
        /// Only the tasks of this tenant; empty is the tenant without a name.
        tenant: Option<String> = optional_text(),
        /// Archived tasks too.
        #[param(value_type = Option<bool>)]
        include_archived: bool = flag(),
        /// Cards without long texts and ages, with an `ETag`.
        #[param(value_type = Option<bool>)]
        summary: bool = flag(),
    }
}

/// The whole board.
#[utoipa::path(
    get, path = "/board", tag = "board", params(BoardQuery),
    description = "The whole board, column by column. A summary is the same without long texts and \
                   ages, and has an `ETag`.",
    responses(
        (status = 200, body = wire::board::AnyBoard),
        (status = 304, description = "The summary is still the one that the client has."),
        super::openapi::Refusals,
    ),
)]
pub(super) async fn board(
    State(state): State<AppState>,
    headers: HeaderMap,
    Parameters(query): Parameters<BoardQuery>,
) -> Result<Response, HttpError> {
    let filter = Filter {
        tenant: query.tenant,
        include_archived: query.include_archived,
    };
    if query.summary {
        return summary(&state, &headers, filter).await;
    }
    let page = state.board_copy.page(state.kernel(), filter).await?;
    let json = [(CONTENT_TYPE, "application/json")];
    Ok((json, Body::new(page)).into_response())
}

async fn summary(
    state: &AppState,
    headers: &HeaderMap,
    filter: Filter,
) -> Result<Response, HttpError> {
    // One moment before what is read: a client that has this tag has all that it names.
    let others = state.kernel().others().await;
    let newest = state.kernel().cursor().await?;
    let has_reviewing_lane = state.kernel().dispatch().await?.has_reviewing_lane();
    // Another database, or another version of this program, has other tags. A compressed copy has
    // the same one, hence weak. What another program writes is not always told by an event, and what
    // the lanes say never is.
    let etag = format!(
        "W/\"{}-{newest}-{}{}\"",
        state.started,
        others.unwrap_or_default(),
        if has_reviewing_lane { "-review" } else { "" }
    );
    let caching = [
        (ETAG, etag.clone()),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    let known = headers.get_all(IF_NONE_MATCH).iter();
    let mut known = known
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','));
    if others.is_some() && known.any(|tag| tag.trim() == etag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let shows_archived = filter.include_archived;
    let filter = BoardFilter {
        tenant: filter.tenant,
        include_archived: filter.include_archived,
    };
    let snapshot = state.kernel().board(filter).await?;
    let uses_review = |it: &TaskSummary| {
        it.status == Status::Review || it.names_reviewer && it.status != Status::Archived
    };
    let has_reviews = has_reviewing_lane || snapshot.tasks.iter().any(uses_review);
    let is_shown = |status: &Status| match status {
        Status::Review => has_reviews,
        Status::Archived => shows_archived,
        _ => true,
    };
    let columns: Vec<Status> = Status::ALL.into_iter().filter(is_shown).collect();
    let summary = wire::board::Summary::new(&snapshot.tasks, snapshot.cursor, &columns);
    Ok((caching, Json(summary)).into_response())
}
