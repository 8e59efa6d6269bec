//! The routes of subscriptions to a task.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::{Answer, Command};
use domain::notify::Address;

use super::input::{Fields, Named, Parameters};
use super::wire;
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::notify::check_platform;

/// Who is told of which task.
#[utoipa::path(
    get, path = "/subscriptions", tag = "subscriptions",
    responses((status = 200, body = wire::answer::Subscriptions<'_>), super::openapi::Refusals),
)]
pub(super) async fn all(State(state): State<AppState>) -> Result<Response, HttpError> {
    // Where people are told things is no worker's business.
    let subscriptions = state.kernel().subscriptions(None).await?;
    Ok(Json(wire::answer::Subscriptions::new(&subscriptions)).into_response())
}

/// Who is told of this task.
#[utoipa::path(
    get, path = "/tasks/{id}/subscriptions", tag = "subscriptions", params(super::openapi::TaskParameter),
    responses((status = 200, body = wire::answer::Subscriptions<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn of_task(
    State(state): State<AppState>,
    named: Named,
) -> Result<Response, HttpError> {
    let task = state.kernel().task_alone(&named.task()?).await?;
    let subscriptions = state.kernel().subscriptions(Some(task.id)).await?;
    Ok(Json(wire::answer::Subscriptions::new(&subscriptions)).into_response())
}

/// Tells somebody what becomes of a task.
#[utoipa::path(
    post, path = "/tasks/{id}/subscriptions", tag = "subscriptions", params(super::openapi::TaskParameter),
    description = "Tells somebody what becomes of a task, from now on; `ok` is false where they were \
                   told already.",
    request_body = wire::body::Address,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn subscribe(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
    mut fields: Fields,
) -> Result<Response, HttpError> {
    let to = address(&mut fields);
    fields.finish()?;
    let task = named.task()?;
    check_platform(&to, &state.services.home)?;
    said(&state, &caller, Command::Subscribe { task, to }).await
}

/// Tells somebody no longer.
#[utoipa::path(
    delete, path = "/tasks/{id}/subscriptions", tag = "subscriptions",
    params(super::openapi::TaskParameter, wire::body::Address),
    description = "Tells somebody no longer; `ok` is false where they were not told.",
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn unsubscribe(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
    Parameters(mut query): Parameters,
) -> Result<Response, HttpError> {
    let to = address(&mut query);
    query.finish()?;
    let task = named.task()?;
    said(&state, &caller, Command::Unsubscribe { task, to }).await
}

pub(super) fn address(fields: &mut Fields) -> Address {
    Address {
        platform: fields.required_text("platform"),
        chat_id: fields.required_text("chat_id"),
        thread_id: fields.text("thread_id", ""),
        user_id: fields.optional_text("user_id"),
    }
}

pub(super) async fn said(
    state: &AppState,
    caller: &Caller,
    command: Command,
) -> Result<Response, HttpError> {
    let receipt = state.kernel().execute(&caller.actor(), command).await?;
    let ok = !matches!(receipt.answer, Answer::Unchanged);
    Ok(Json(wire::answer::Done { ok }).into_response())
}
