//! The routes of deliveries: their states, and retrying or dropping dead letters.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::{DropDelivery, RetryDelivery, Verb};
use domain::id::DeliveryId;
use domain::notify::delivery::DeliveryState;
use utoipa::IntoParams;

use super::input::{Named, NumberParameter, Parameters, lenient, task_id};
use super::wire;
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;

/// The default number of deliveries.
const DEFAULT_LIMIT: u32 = 100;

lenient! {
    /// A filter of deliveries.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    pub(super) struct DeliveryQuery {
        /// Only of this task.
        task_id: Option<String> = optional_text(),
        /// Only those that are `pending`, `delivered` or `dead`.
        state: Option<String> = optional_text(),
        /// The most deliveries to return, the newest first.
        #[param(default = 100, minimum = 1, maximum = 1_000)]
        limit: Option<i64> = bounded(1..=1_000),
    }
}

/// Deliveries, newest first.
#[utoipa::path(
    get, path = "/deliveries", tag = "subscriptions",
    description = "Lists the deliveries, newest first. One that is `dead` (a dead letter) was refused for \
                   good or too often: it is tried again or dropped by a person.",
    params(DeliveryQuery),
    responses((status = 200, body = wire::notify::Deliveries<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn deliveries(
    State(state): State<AppState>,
    Parameters(query): Parameters<DeliveryQuery>,
) -> Result<Response, HttpError> {
    let task = query.task_id.as_deref().map(task_id).transpose()?;
    if let Some(task) = &task {
        state.kernel().task_alone(task).await?;
    }
    let query = kernel::DeliveryQuery {
        task,
        state: query.state.as_deref().map(named).transpose()?,
        limit: query
            .limit
            .and_then(|limit| u32::try_from(limit).ok())
            .unwrap_or(DEFAULT_LIMIT),
    };
    let deliveries = state.kernel().deliveries(query).await?;
    Ok(Json(wire::notify::Deliveries::new(&deliveries)).into_response())
}

fn named(state: &str) -> Result<DeliveryState, HttpError> {
    DeliveryState::from_name(state)
        .ok_or_else(|| HttpError::Senseless(format!("unknown state: {state}")))
}

/// Retries a dead letter.
#[utoipa::path(
    post, path = "/deliveries/{id}/retry", tag = "subscriptions",
    params(NumberParameter),
    description = "Retries a dead letter at once, with all else that \
                   the same place was not told.",
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn retry(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<NumberParameter>,
) -> Result<Response, HttpError> {
    let delivery = DeliveryId(named.number()?);
    say(&state, &caller, RetryDelivery { delivery }).await
}

/// Drops a dead letter.
#[utoipa::path(
    delete, path = "/deliveries/{id}", tag = "subscriptions",
    params(NumberParameter),
    description = "Drops a dead letter, and all else that the same address was not \
                   told; nobody is told of it any more.",
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn drop_dead(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<NumberParameter>,
) -> Result<Response, HttpError> {
    let delivery = DeliveryId(named.number()?);
    say(&state, &caller, DropDelivery { delivery }).await
}

async fn say(state: &AppState, caller: &Caller, verb: impl Verb) -> Result<Response, HttpError> {
    state.kernel().execute(&caller.actor(), verb).await?;
    Ok(Json(wire::answer::Done { ok: true }).into_response())
}
