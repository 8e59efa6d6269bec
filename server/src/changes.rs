//! The changes of a task: asked of git a few at a time, off the executor.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use dispatcher::{Settings, changes};
use domain::changes::{Changes, Detail};
use domain::error::Error as Refusal;
use domain::id::TaskId;
use kernel::Error;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::AppState;
use crate::http_error::HttpError;

/// The number of tasks whose changes are made at the same time: git may read whole files for it.
pub(crate) const AT_ONCE: usize = 2;

/// The longest wait for a turn.
const FOR_A_TURN: Duration = Duration::from_secs(10);

/// Returns what a task has changed. Waits its turn.
///
/// # Errors
/// Fails when there is no such task or branch, or git cannot tell.
pub(crate) async fn of(state: &AppState, task: &TaskId) -> Result<Changes, Error> {
    let turn = timeout(FOR_A_TURN, state.changes.clone().acquire_owned()).await;
    let turn = turn.map_err(|_| Error::Busy)?.map_err(|_| Error::Stopped)?;
    let (state, id) = (state.clone(), task.clone());
    let runtime = Handle::current();
    let job = move || {
        // The work goes on when whoever asked has left.
        let _turn = turn;
        let settings = Settings::read(&state.home, &state.dispatching);
        let settings = settings.map_err(|mistake| Refusal::NoChanges {
            task: id.clone(),
            reason: mistake.to_string(),
        })?;
        let repositories = settings.repositories();
        runtime.block_on(changes::of(state.kernel(), &state.home, repositories, &id))
    };
    spawn_blocking(job).await.map_err(|_| Error::Internal)?
}

/// `/t/{id}/changes`: the same as text that a browser shows.
pub(crate) async fn page(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    let Ok(id) = id.parse::<TaskId>() else {
        return Err(Refusal::UnknownTask(id).into());
    };
    let changes = of(&state, &id).await?;
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, changes.text(Detail::Patches)).into_response())
}
