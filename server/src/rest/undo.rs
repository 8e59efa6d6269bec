//! Taking back what a request did: each answer to a change names what [`undo`] takes.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::command::{self, MAX_CHANGES, Receipt};
use domain::id::EventId;
use utoipa::ToSchema;

use super::input::{Body, lenient};
use super::wire;
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;

/// A header, because clients of the original compare bodies.
pub(super) const KANBAN_UNDO: HeaderName = HeaderName::from_static("kanban-undo");

lenient! {
    /// The acts to undo.
    #[derive(ToSchema)]
    #[schema(example = json!({ "events": [17] }))]
    pub(super) struct Undo {
        /// An event of each act, as its answer named it in `Kanban-Undo`.
        #[schema(max_items = 1000)]
        events: Vec<i64> = required_integers(MAX_CHANGES),
    }
}

/// Takes back one act, or several as one: all of them or none.
#[utoipa::path(
    post, path = "/undo", tag = "board",
    description = "Takes back what earlier requests did, all of them or none. A change answers with \
                   a header `Kanban-Undo`: the numbers, separated by commas, that go in here.",
    request_body = Undo,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Untimely, super::openapi::Missing),
)]
pub(super) async fn undo(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Body(Undo { events }): Body<Undo>,
) -> Result<Response, HttpError> {
    let commands: Vec<_> = events
        .into_iter()
        // The last was done last, so it is taken back first.
        .rev()
        .map(|event| {
            let event = EventId(event);
            command::Undo { event }.into()
        })
        .collect();
    if commands.is_empty() {
        return Err(HttpError::Senseless("events is required".to_owned()));
    }
    state
        .kernel()
        .execute_all(&caller.actor(), commands)
        .await?;
    Ok(Json(wire::answer::Done { ok: true }).into_response())
}

/// The header that lets each of these acts be taken back.
pub(super) fn header<A>(acts: &[Vec<Receipt<A>>]) -> HeaderMap {
    // Any event of an act stands for all of it.
    let last_of = |act: &Vec<Receipt<A>>| {
        let mut events = act.iter().flat_map(|receipt| &receipt.events);
        events.next_back().map(ToString::to_string)
    };
    let events: Vec<_> = acts.iter().filter_map(last_of).collect();
    if events.is_empty() {
        return HeaderMap::new();
    }
    HeaderValue::from_str(&events.join(","))
        .map(|value| HeaderMap::from_iter([(KANBAN_UNDO, value)]))
        .unwrap_or_default()
}
