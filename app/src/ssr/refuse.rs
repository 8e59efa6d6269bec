//! The refusals of the server: in the words of the kernel, with the status that belongs to them.

use std::fmt::Display;

use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use domain::error::ErrorKind;
use domain::text::one_line;
use leptos::prelude::use_context;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_axum::ResponseOptions;
use state::refusal::Refusal;

use crate::api::error::ApiError;

/// The kernel's error as the page may see it.
pub(super) fn refusal_of(error: &kernel::Error) -> Refusal {
    match error.kind() {
        ErrorKind::Internal => our_fault(error),
        kind => Refusal {
            kind,
            message: one_line(&error.to_string()).into_owned(),
        },
    }
}

/// The same as the answer to the whole request.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands in `map_err`, which hands the error over"
)]
pub(super) fn failed(error: kernel::Error) -> ApiError {
    refused(refusal_of(&error))
}

/// Something else went wrong.
pub(super) fn internal(error: &impl Display) -> ApiError {
    refused(our_fault(error))
}

/// The cause stays in the log.
fn our_fault(error: &impl Display) -> Refusal {
    tracing::error!(error.cause = %error, "a page's request failed");
    Refusal {
        kind: ErrorKind::Internal,
        message: "the server failed; its log says why".to_owned(),
    }
}

/// Whoever has no scripts is not asked in a dialog, and says in the form that the run may end.
const ENDS_RUN: &str = "this ends the run of its worker, which the form has to agree to";

/// The refusal of a change that ends a run which nobody has agreed to end.
pub(super) fn ends_run() -> Refusal {
    Refusal {
        kind: ErrorKind::Refused,
        message: ENDS_RUN.to_owned(),
    }
}

/// Gives the response the status of a refusal. A plain form is led back to its page instead, where
/// the refusal is shown.
pub(super) fn refused(refusal: Refusal) -> ApiError {
    let is_form = use_context::<Parts>().is_some_and(|request| is_plain_form(&request));
    if let (false, Some(response)) = (is_form, use_context::<ResponseOptions>()) {
        let status = StatusCode::from_u16(refusal.kind.http_status());
        response.set_status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    }
    ApiError(refusal)
}

fn is_plain_form(request: &Parts) -> bool {
    let accepts_html = request
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    request.method == Method::POST && accepts_html
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
    let ApiError(Refusal { kind, message }) = ServerFnUrlError::decode_err(&error);
    let message = match kind {
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
    Some(Refusal {
        kind,
        message: message.to_owned(),
    })
}
