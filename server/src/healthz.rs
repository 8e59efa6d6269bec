//! `GET /healthz`: whether the server works, and for those who are let in how the dispatcher does.

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::task::spawn_blocking;

use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::{AppState, http_error, rest};

/// Strangers hear `ok` where the board can be read and work can be started on this machine, and no
/// more.
pub(crate) async fn healthz(
    state: State<AppState>,
    caller: Option<Extension<Caller>>,
) -> Result<Response, HttpError> {
    let unwell = |what| Ok((StatusCode::SERVICE_UNAVAILABLE, what).into_response());
    if let Err(error) = state.kernel().cursor().await {
        tracing::error!(error.cause = %error, "the board cannot be read");
        return unwell("the board cannot be read\n");
    }
    if let Some(damage) = state.kernel().damage() {
        return match caller {
            Some(_) => Ok(http_error::busy(&damage.to_string())),
            None if matches!(damage, kernel::Error::Replaced(_)) => {
                unwell("the file of the board is gone\n")
            }
            None => unwell("the board is damaged\n"),
        };
    }
    match caller {
        Some(_) => rest::health(state).await,
        None if has_fault(&state).await => unwell("nothing can be started on this machine\n"),
        None => Ok("ok\n".into_response()),
    }
}

/// Returns true while this machine could start no worker. A dispatcher of ours has looked; without
/// one, we look.
async fn has_fault(state: &AppState) -> bool {
    if let Some(dispatcher) = state.services.dispatcher.get() {
        return dispatcher.status().fault.is_some();
    }
    let home = state.services.home.clone();
    let looked = spawn_blocking(move || dispatcher::look_at_machine(&home)).await;
    looked.is_ok_and(|found| found.is_err())
}
