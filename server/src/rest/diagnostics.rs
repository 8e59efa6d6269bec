//! `GET /diagnostics`: the tasks with which something looks wrong.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::input::Parameters;
use super::wire;
use super::wire::diagnostic::{BLOCKED, Diagnostics, FAILURES, READY, Severity};
use crate::AppState;
use crate::http_error::HttpError;

/// Lists the tasks with which something looks wrong.
#[utoipa::path(
    get, path = "/diagnostics", tag = "inbox",
    description = "Lists the tasks with which something looks wrong, the worst first: that failed \
                   repeatedly, are blocked for a day or more, or are ready for half an hour or more \
                   and not started. The 1,000 that stand longest are looked at.",
    params(wire::body::DiagnosticQuery),
    responses((status = 200, body = wire::diagnostic::Diagnostics<'_>), super::openapi::Refusals),
)]
pub(super) async fn diagnostics(
    State(state): State<AppState>,
    Parameters(mut query): Parameters,
) -> Result<Response, HttpError> {
    let severity = query.text("severity", "");
    query.finish()?;
    let least = match severity.as_str() {
        "" => Severity::Warning,
        name => Severity::from_name(name).ok_or_else(|| {
            let detail = format!("severity must be warning, error or critical, not {name:?}");
            HttpError::Senseless(detail)
        })?,
    };
    let now = state.kernel().now();
    let tasks = state
        .kernel()
        .troubled_tasks(FAILURES, now - BLOCKED, now - READY)
        .await?;
    Ok(Json(Diagnostics::new(&tasks, least, now)).into_response())
}
