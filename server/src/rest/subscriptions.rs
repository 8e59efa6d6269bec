//! The routes of subscriptions to a task.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::{Change, Subscribe, Unsubscribe, Verb};
use domain::notify;
use utoipa::{IntoParams, ToSchema};

use super::input::{Body, Named, Parameters, TaskParameter, lenient};
use super::wire;
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;
use notifier::check_platform;

/// Lists the subscriptions to single tasks.
#[utoipa::path(
    get, path = "/subscriptions", tag = "subscriptions",
    responses((status = 200, body = wire::answer::Subscriptions<'_>), super::openapi::Refusals),
)]
pub(super) async fn all(State(state): State<AppState>) -> Result<Response, HttpError> {
    // Where people are told things is no worker's business.
    let subscriptions = state.kernel().subscriptions(None).await?;
    Ok(Json(wire::answer::Subscriptions {
        subscriptions: &subscriptions,
    })
    .into_response())
}

/// Lists the subscriptions to a task.
#[utoipa::path(
    get, path = "/tasks/{id}/subscriptions", tag = "subscriptions", params(TaskParameter),
    responses((status = 200, body = wire::answer::Subscriptions<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn of_task(
    State(state): State<AppState>,
    Named(named): Named<TaskParameter>,
) -> Result<Response, HttpError> {
    let task = state.kernel().task_alone(&named.task()?).await?;
    let subscriptions = state.kernel().subscriptions(Some(task.id)).await?;
    Ok(Json(wire::answer::Subscriptions {
        subscriptions: &subscriptions,
    })
    .into_response())
}

lenient! {
    /// A place where somebody is told.
    #[derive(ToSchema, IntoParams)]
    #[into_params(parameter_in = Query)]
    #[schema(example = json!({ "platform": "telegram", "chat_id": "4711" }))]
    pub(super) struct SubscriberAddress {
        /// The channel: `telegram`, `slack`, `webhook`.
        platform: String = required_text(),
        /// The chat within it.
        chat_id: String = required_text(),
        /// The thread within the chat.
        #[schema(value_type = Option<String>)]
        #[param(value_type = Option<String>)]
        thread_id: String = text(""),
        /// The user who asks for it.
        user_id: Option<String> = optional_text(),
    }
}

impl From<SubscriberAddress> for notify::Address {
    fn from(told: SubscriberAddress) -> Self {
        Self {
            platform: told.platform,
            chat_id: told.chat_id,
            thread_id: told.thread_id,
            user_id: told.user_id,
        }
    }
}

/// Subscribes an address to a task.
#[utoipa::path(
    post, path = "/tasks/{id}/subscriptions", tag = "subscriptions", params(TaskParameter),
    description = "Subscribes an address to the news of a task, from now on; `ok` is false where it was \
                   told already.",
    request_body = SubscriberAddress,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn subscribe(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
    Body(to): Body<SubscriberAddress>,
) -> Result<Response, HttpError> {
    let to = to.into();
    let task = named.task()?;
    check_platform(&to, &state.home)?;
    said(&state, &caller, Subscribe { task, to }).await
}

/// Removes a subscription to a task.
#[utoipa::path(
    delete, path = "/tasks/{id}/subscriptions", tag = "subscriptions",
    params(TaskParameter, SubscriberAddress),
    description = "Removes a subscription; `ok` is false where there was none.",
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn unsubscribe(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
    Parameters(to): Parameters<SubscriberAddress>,
) -> Result<Response, HttpError> {
    let to = to.into();
    let task = named.task()?;
    said(&state, &caller, Unsubscribe { task, to }).await
}

pub(super) async fn said(
    state: &AppState,
    caller: &Caller,
    verb: impl Verb<Answer = Change>,
) -> Result<Response, HttpError> {
    let receipt = state.kernel().execute(&caller.actor(), verb).await?;
    let ok = receipt.answer == Change::Done;
    Ok(Json(wire::answer::Done { ok }).into_response())
}
