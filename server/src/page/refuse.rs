//! The refusals of the server: in the words of the kernel, with the status that belongs to them.

use std::fmt::Display;

use app::api::error::ApiError;
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::error::{Error, ErrorKind};
use domain::text::one_line;
use leptos::prelude::use_context;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_axum::ResponseOptions;
use state::refusal::Refusal;

use super::FUNCTIONS;

/// Returns the kernel's error as the page may see it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands in `map_err`, which hands the error over"
)]
pub(super) fn failed(error: kernel::Error) -> Refusal {
    let has_check = matches!(error, kernel::Error::Refused(Error::HasCheck(_)));
    match error.kind() {
        ErrorKind::Internal => internal(&error),
        kind => Refusal {
            has_check,
            ..Refusal::new(kind, one_line(&error.to_string()))
        },
    }
}

/// Returns the refusal of a request that failed here; the cause stays in the log.
pub(super) fn internal(error: &impl Display) -> Refusal {
    tracing::error!(error.cause = %error, "a page's request failed");
    Refusal::new(ErrorKind::Internal, "the server failed; its log says why")
}

/// Whoever has no scripts is not asked in a dialog, and says in the form that the run may end.
const ENDS_RUN: &str = "this ends the run of its worker, which the form has to agree to";

/// The refusal of a change that ends a run which nobody has agreed to end.
pub(super) fn ends_run() -> Refusal {
    Refusal::new(ErrorKind::Refused, ENDS_RUN)
}

/// Gives a page that shows a refusal the status of it. The answers of server functions get theirs
/// from [`super::blame`].
pub(super) fn answer_with(refusal: &Refusal) {
    let is_page = use_context::<Parts>().is_some_and(|it| !it.uri.path().starts_with(FUNCTIONS));
    if let (true, Some(response)) = (is_page, use_context::<ResponseOptions>()) {
        let status = StatusCode::from_u16(refusal.kind.http_status());
        response.set_status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    }
}

/// The refusal of the plain form that led here: Leptos leads back with the error in the address.
/// Anybody can write an address, so only the kind of trouble is taken from it, and the words are
/// ours.
pub(super) fn problem(request: &Parts) -> Option<Refusal> {
    let error = request
        .uri
        .query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("__err="))?;
    // URL-safe base64, whose padding alone is escaped.
    let error = error.replace("%3D", "=");
    let ApiError(Refusal {
        kind,
        message,
        has_check,
    }) = ServerFnUrlError::decode_err(&error);
    let message = match kind {
        ErrorKind::Refused if has_check => {
            "Not done: it has a check. Tick “Without its check” to have it finished all the same."
        }
        ErrorKind::Refused if message == ENDS_RUN => {
            "Not done: it would end the run of a worker. Tick “End the run” to have it done."
        }
        ErrorKind::Invalid | ErrorKind::Malformed => {
            "Not done: the form names something that does not exist, or is incomplete."
        }
        ErrorKind::Forbidden => "Not done: you may not do this.",
        ErrorKind::NotFound => "Not done: the task does not exist any more.",
        ErrorKind::Refused => {
            "Not done: the board does not allow this now. Does the task wait for another?"
        }
        ErrorKind::Busy => "Not done: the server is busy. Try again in a moment.",
        ErrorKind::Internal => "Not done: the server failed. Its log says why.",
    };
    Some(Refusal::new(kind, message))
}
