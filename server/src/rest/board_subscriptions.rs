//! The routes of subscriptions to the board, with their kinds and quiet hours.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::Command;
use domain::id::SubscriptionId;
use domain::notify::Filter;

use super::input::{Fields, Named};
use super::subscriptions::{address, said};
use super::wire;
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::notify::check_platform;

/// The most kinds that may be named: more than there are.
const MAX_KINDS: usize = 100;

/// Who is told of the whole board, or of a part of it.
#[utoipa::path(
    get, path = "/board/subscriptions", tag = "subscriptions",
    responses((status = 200, body = wire::notify::BoardSubscriptions<'_>), super::openapi::Refusals),
)]
pub(super) async fn all(State(state): State<AppState>) -> Result<Response, HttpError> {
    let subscriptions = state.kernel().board_subscriptions().await?;
    Ok(Json(wire::notify::BoardSubscriptions::new(&subscriptions)).into_response())
}

/// Tells somebody of the whole board, or of a part of it.
#[utoipa::path(
    post, path = "/board/subscriptions", tag = "subscriptions",
    description = "Tells somebody what becomes of all tasks, or of some of them, from now on; `ok` \
                   is false where they were told just that already.",
    request_body = wire::body::BoardSubscription,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn subscribe(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    mut fields: Fields,
) -> Result<Response, HttpError> {
    let to = address(&mut fields);
    let filter = Filter {
        tenant: fields.optional_text("tenant"),
        assignee: fields.optional_text("assignee"),
        kinds: fields.some_texts("kinds", MAX_KINDS),
    };
    fields.finish()?;
    check_platform(&to, &state.services.home)?;
    said(&state, &caller, Command::SubscribeBoard { to, filter }).await
}

/// Tells them no longer.
#[utoipa::path(
    delete, path = "/board/subscriptions/{id}", tag = "subscriptions",
    params(super::openapi::NumberParameter),
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn unsubscribe(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
) -> Result<Response, HttpError> {
    let subscription = SubscriptionId(named.number()?);
    said(&state, &caller, Command::UnsubscribeBoard { subscription }).await
}

/// Who wants to be left alone, and when.
#[utoipa::path(
    get, path = "/quiet-hours", tag = "subscriptions",
    responses((status = 200, body = wire::notify::QuietPlaces<'_>), super::openapi::Refusals),
)]
pub(super) async fn quiet_hours(State(state): State<AppState>) -> Result<Response, HttpError> {
    let places = state.kernel().quiet_hours().await?;
    Ok(Json(wire::notify::QuietPlaces::new(&places)).into_response())
}

/// Leaves somebody alone at certain hours.
#[utoipa::path(
    put, path = "/quiet-hours", tag = "subscriptions",
    description = "Leaves a place alone at certain hours, such as `22:00-07:00 Europe/Berlin`; what \
                   happens meanwhile is told afterwards. Without `hours` it is never left alone. \
                   `ok` is false where that was so already.",
    request_body = wire::body::QuietHours,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn set_quiet_hours(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    mut fields: Fields,
) -> Result<Response, HttpError> {
    let to = address(&mut fields);
    let hours = fields.optional_text("hours");
    fields.finish()?;
    let hours = hours.map(|text| text.parse()).transpose()?;
    said(&state, &caller, Command::SetQuietHours { to, hours }).await
}
