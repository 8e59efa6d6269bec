//! The HTTP form of a refusal: the status of its kind, in the envelope that clients of the original
//! expect.

use std::borrow::Cow;
use std::fmt::Display;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use domain::error::ErrorKind;
use domain::text::one_line;
use serde::Serialize;
use utoipa::ToSchema;

/// An error on its way out, as `{"detail": …}`.
#[derive(Debug)]
pub(crate) enum HttpError {
    /// The kernel refused or failed.
    Kernel(kernel::Error),
    /// The request does not have the form that the route asks for.
    Malformed(Vec<Fault>),
    /// The body is not said to be JSON.
    NotJson,
    /// The request makes no sense, for a reason that only this door knows.
    Senseless(String),
    /// The board's state does not allow it, for a reason that only this door knows.
    Untimely(&'static str),
    /// A log could not be read.
    Log(std::io::Error),
    /// The dispatcher failed.
    Dispatcher(dispatcher::Error),
    /// The body could not be taken.
    Body(axum::extract::rejection::BytesRejection),
}

/// One thing wrong with a request, in the words of the original's validation (pydantic's).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "missing", "loc": ["body", "title"], "msg": "Field required", "input": {},
}))]
pub(crate) struct Fault {
    /// The class of fault, for programs.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The path of the value: `["body", "parents", 0]`.
    pub(crate) loc: Vec<serde_json::Value>,
    /// The fault, for people.
    #[schema(value_type = String)]
    pub(crate) msg: Cow<'static, str>,
    /// The value that was sent.
    pub(crate) input: serde_json::Value,
}

/// A response that says `detail` and nothing else.
pub(crate) fn detail(status: StatusCode, detail: impl Serialize) -> Response {
    #[derive(Serialize)]
    struct Envelope<T> {
        detail: T,
    }
    (status, Json(Envelope { detail })).into_response()
}

/// Too much is going on. A second later it may be less: what waits here takes milliseconds.
pub(crate) fn busy(reason: &str) -> Response {
    let response = detail(StatusCode::SERVICE_UNAVAILABLE, reason);
    ([(RETRY_AFTER, "1")], response).into_response()
}

impl From<kernel::Error> for HttpError {
    fn from(error: kernel::Error) -> Self {
        Self::Kernel(error)
    }
}

impl From<domain::error::Error> for HttpError {
    fn from(error: domain::error::Error) -> Self {
        Self::Kernel(error.into())
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        match self {
            Self::Kernel(error) if error.kind() == ErrorKind::Internal => internal(&error),
            Self::Kernel(error) if error.kind() == ErrorKind::Busy => busy(&error.to_string()),
            // It may quote what was asked for.
            Self::Kernel(error) => {
                let said = one_line(&error.to_string()).into_owned();
                detail(status(error.kind()), said)
            }
            Self::Malformed(faults) => detail(StatusCode::UNPROCESSABLE_ENTITY, faults),
            Self::NotJson => detail(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be JSON, sent with the header `Content-Type: application/json`",
            ),
            Self::Senseless(reason) => detail(StatusCode::BAD_REQUEST, one_line(&reason)),
            Self::Untimely(reason) => detail(StatusCode::CONFLICT, reason),
            Self::Log(error) => internal(&error),
            Self::Dispatcher(dispatcher::Error::Kernel(error)) => {
                Self::Kernel(error).into_response()
            }
            Self::Dispatcher(error) => internal(&error),
            Self::Body(rejection) => detail(rejection.status(), rejection.body_text()),
        }
    }
}

fn status(kind: ErrorKind) -> StatusCode {
    StatusCode::from_u16(kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn internal(error: &impl Display) -> Response {
    let id = log(error, "a request failed");
    detail(
        StatusCode::INTERNAL_SERVER_ERROR,
        format!("internal error {id}"),
    )
}

/// Writes the cause of a fault of ours into the log, and gives the number that finds it there: all
/// that a client is told.
pub(crate) fn log(error: &impl Display, what: &str) -> String {
    let id = format!("{:08x}", rand::random::<u32>());
    tracing::error!(error.id = id, error.cause = %error, "{what}");
    id
}
