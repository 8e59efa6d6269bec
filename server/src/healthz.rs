//! `GET /healthz`: whether the server works, and for those who are let in how the dispatcher does.

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::dispatch::Report;
use domain::time::Timestamp;
use tokio::task::spawn_blocking;

use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::{AppState, http_error, rest};

/// Strangers hear `ok` where the board can be read and written, work can be started on this machine, and the
/// dispatcher looks at the board in time, and no more.
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
    if !state.kernel().is_writing() {
        return unwell("the board cannot be written\n");
    }
    match caller {
        Some(_) => rest::health(state).await,
        None => match trouble(&state).await {
            Some(trouble) => unwell(trouble),
            None => Ok("ok\n".into_response()),
        },
    }
}

const FAULT: &str = "nothing can be started on this machine\n";

const OVERDUE: &str = "the dispatcher has not looked at the board for minutes\n";

/// The reason why no worker is started. A dispatcher of ours has looked at the machine; without one, we
/// look.
async fn trouble(state: &AppState) -> Option<&'static str> {
    if let Some(dispatcher) = state.dispatcher.get() {
        return trouble_of(&dispatcher.status(), state.kernel().now());
    }
    let home = state.home.clone();
    let looked = spawn_blocking(move || dispatcher::look_at_machine(&home)).await;
    looked.is_ok_and(|found| found.is_err()).then_some(FAULT)
}

fn trouble_of(report: &Report, now: Timestamp) -> Option<&'static str> {
    if report.fault.is_some() {
        return Some(FAULT);
    }
    report.is_overdue(now).then_some(OVERDUE)
}

#[cfg(test)]
mod tests {
    use domain::dispatch::SILENCE;
    use domain::fixture::report;
    use domain::time::Seconds;

    use super::*;

    #[test]
    fn a_dispatcher_that_misses_its_next_look_by_minutes_is_in_trouble() {
        let due = Timestamp(1_000);
        let report = Report {
            next_tick: Some(due),
            ..report()
        };
        assert_eq!(trouble_of(&report, due + SILENCE), None);
        let late = due + SILENCE + Seconds(1);
        assert_eq!(trouble_of(&report, late), Some(OVERDUE));
        let gone = Report {
            next_tick: None,
            ..report
        };
        assert_eq!(trouble_of(&gone, late), None);
    }
}
