//! `GET /diagnostics`: the tasks with which something looks wrong.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;

use super::input::{Parameters, lenient};
use super::wire;
use super::wire::diagnostic::{BLOCKED, Diagnostics, FAILURES, READY, Severity};
use crate::AppState;
use crate::http_error::HttpError;

lenient! {
    /// A filter of diagnostics.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    pub(super) struct DiagnosticQuery {
        /// Only those that are at least a `warning`, an `error` or `critical`.
        #[param(value_type = Option<String>, default = "warning", pattern = "^(warning|error|critical)$")]
        severity: String = text(""),
    }
}

/// Lists the tasks with which something looks wrong.
#[utoipa::path(
    get, path = "/diagnostics", tag = "inbox",
    description = "Lists the tasks with which something looks wrong, the worst first: that failed \
                   repeatedly, are blocked for a day or more, or are ready for half an hour or more \
                   and not started. The 1,000 that stand longest are looked at.",
    params(DiagnosticQuery),
    responses((status = 200, body = wire::diagnostic::Diagnostics<'_>), super::openapi::Refusals),
)]
pub(super) async fn diagnostics(
    State(state): State<AppState>,
    Parameters(query): Parameters<DiagnosticQuery>,
) -> Result<Response, HttpError> {
    let least = match query.severity.as_str() {
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
