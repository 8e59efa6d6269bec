//! How much of a request is taken.

use axum::RequestExt;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;

use crate::http_error;

/// How large a body may be. A task's text is a few kilobytes; this leaves room for a long report as
/// a result.
pub(crate) const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Refuses a body that says it is too large, and ends one that turns out to be. The limit itself is
/// set by `DefaultBodyLimit`, which extractors obey by themselves and server functions only so.
pub(crate) async fn body(request: Request, next: Next) -> Response {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let is_too_large = announced
        .and_then(|text| text.parse().ok())
        .is_some_and(|length: usize| length > MAX_BODY_BYTES);
    if is_too_large {
        let limit = format!("a body may have {MAX_BODY_BYTES} bytes at most");
        return http_error::detail(StatusCode::PAYLOAD_TOO_LARGE, limit);
    }
    next.run(request.with_limited_body()).await
}
