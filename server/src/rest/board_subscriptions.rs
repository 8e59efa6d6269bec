//! The routes of subscriptions to the board, with their kinds and quiet hours.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::{SetQuietHours, SubscribeBoard, UnsubscribeBoard};
use domain::id::SubscriptionId;
use domain::notify::{Address, Filter};
use utoipa::ToSchema;

use super::input::{Body, Named, NumberParameter, lenient};
use super::subscriptions::said;
use super::wire;
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;
use notifier::check_platform;

/// A subscription to the whole board, or to a part of it.
#[utoipa::path(
    get, path = "/board/subscriptions", tag = "subscriptions",
    responses((status = 200, body = wire::notify::BoardSubscriptions<'_>), super::openapi::Refusals),
)]
pub(super) async fn all(State(state): State<AppState>) -> Result<Response, HttpError> {
    let subscriptions = state.kernel().board_subscriptions().await?;
    Ok(Json(wire::notify::BoardSubscriptions {
        subscriptions: &subscriptions,
    })
    .into_response())
}

lenient! {
    /// A subscription to the whole board, or to a part of it.
    #[derive(ToSchema)]
    #[schema(example = json!({ "platform": "webhook", "chat_id": "ci", "kinds": ["completed"] }))]
    pub(super) struct NewBoardSubscription {
        /// The channel: `telegram`, `slack`, `webhook`, `command`.
        platform: String = required_text(),
        /// The chat within it.
        chat_id: String = required_text(),
        /// The thread within the chat.
        #[schema(value_type = Option<String>)]
        thread_id: String = text(""),
        /// The user who asks for it.
        user_id: Option<String> = optional_text(),
        /// Only of tasks of this tenant.
        tenant: Option<String> = optional_text(),
        /// Only of tasks of this assignee.
        assignee: Option<String> = optional_text(),
        /// Only of these kinds of news; without it `completed`, `blocked`, `gave_up`, `crashed` and
        /// `timed_out`.
        // More than there are.
        #[schema(value_type = Option<Vec<String>>, default = json!([]), max_items = 100)]
        kinds: Vec<String> = some_texts(100),
    }
}

/// Subscribes an address to the board, or to a part of it.
#[utoipa::path(
    post, path = "/board/subscriptions", tag = "subscriptions",
    description = "Subscribes an address to the news of all tasks, or of some, from now on; `ok` \
                   is false where they were told just that already.",
    request_body = NewBoardSubscription,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn subscribe(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Body(asked): Body<NewBoardSubscription>,
) -> Result<Response, HttpError> {
    let to = Address {
        platform: asked.platform,
        chat_id: asked.chat_id,
        thread_id: asked.thread_id,
        user_id: asked.user_id,
    };
    let filter = Filter {
        tenant: asked.tenant,
        assignee: asked.assignee,
        kinds: asked.kinds,
    };
    check_platform(&to, &state.home)?;
    said(&state, &caller, SubscribeBoard { to, filter }).await
}

/// Removes a subscription to the board.
#[utoipa::path(
    delete, path = "/board/subscriptions/{id}", tag = "subscriptions",
    params(NumberParameter),
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn unsubscribe(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<NumberParameter>,
) -> Result<Response, HttpError> {
    let subscription = SubscriptionId(named.number()?);
    said(&state, &caller, UnsubscribeBoard { subscription }).await
}

/// Lists the quiet hours of all addresses.
#[utoipa::path(
    get, path = "/quiet-hours", tag = "subscriptions",
    responses((status = 200, body = wire::notify::QuietPlaces<'_>), super::openapi::Refusals),
)]
pub(super) async fn quiet_hours(State(state): State<AppState>) -> Result<Response, HttpError> {
    let places = state.kernel().quiet_hours().await?;
    Ok(Json(wire::notify::QuietPlaces::new(&places)).into_response())
}

lenient! {
    /// The quiet hours of an address.
    #[derive(ToSchema)]
    #[schema(example = json!({
        "platform": "slack", "chat_id": "C1", "hours": "22:00-07:00 Europe/Berlin",
    }))]
    pub(super) struct NewQuietHours {
        /// The channel.
        platform: String = required_text(),
        /// The chat within it.
        chat_id: String = required_text(),
        /// The thread within the chat.
        #[schema(value_type = Option<String>)]
        thread_id: String = text(""),
        /// The user who asks for it.
        user_id: Option<String> = optional_text(),
        /// The hours, with a time zone where wanted; `null` is never.
        hours: Option<String> = optional_text(),
    }
}

/// Sets the quiet hours of an address.
#[utoipa::path(
    put, path = "/quiet-hours", tag = "subscriptions",
    description = "Sets the quiet hours of an address, such as `22:00-07:00 Europe/Berlin`; what \
                   happens meanwhile is told afterwards. Without `hours` it is never left alone. \
                   `ok` is false where that was so already.",
    request_body = NewQuietHours,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn set_quiet_hours(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Body(asked): Body<NewQuietHours>,
) -> Result<Response, HttpError> {
    let to = Address {
        platform: asked.platform,
        chat_id: asked.chat_id,
        thread_id: asked.thread_id,
        user_id: asked.user_id,
    };
    let hours = asked.hours.map(|text| text.parse()).transpose()?;
    said(&state, &caller, SetQuietHours { to, hours }).await
}
