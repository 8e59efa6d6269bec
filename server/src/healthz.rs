//! `GET /healthz`: whether the server works, and for those who are let in how the dispatcher does.

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::{AppState, rest};

/// Strangers hear `ok` where the board can be read, and no more.
pub(crate) async fn healthz(
    state: State<AppState>,
    caller: Option<Extension<Caller>>,
) -> Result<Response, HttpError> {
    if let Err(error) = state.kernel().cursor().await {
        tracing::error!(error.cause = %error, "the board cannot be read");
        return Ok((
            StatusCode::SERVICE_UNAVAILABLE,
            "the board cannot be read\n",
        )
            .into_response());
    }
    match caller {
        Some(_) => rest::health(state).await,
        None => Ok("ok\n".into_response()),
    }
}
