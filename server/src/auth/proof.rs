//! The second secret of a browser's session. Browsers send a cookie to every port of a host, so a
//! program on another port learns it from whoever visits that program. It lets nobody change anything by
//! itself: a change also shows the proof, which only the pages of this origin have.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::error::ErrorKind;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::caller::{Caller, Pass};
use super::credential::parameter;
use crate::AppState;
use crate::bounds::MAX_BODY_BYTES;

/// The header in which scripts send it.
const HEADER: HeaderName = HeaderName::from_static("x-kanban-proof");

/// The field in which forms send it.
const FIELD: &str = "proof";

const FORM: &[u8] = b"application/x-www-form-urlencoded";

const MISSING: &str = "this browser cannot show that the board's own page asks; open the link that \
                       `kanban open` prints";

/// Refuses a change that comes with the cookie of a session and without its proof.
pub(crate) async fn require(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<Caller>();
    let Some(Pass::Session { session, .. }) = caller.map(|caller| &caller.pass) else {
        return next.run(request).await;
    };
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let proof = state.door.keys.proof(*session);
    let is_proof = |shown: &[u8]| bool::from(proof.as_bytes().ct_eq(shown));
    if let Some(shown) = request.headers().get(HEADER) {
        return if is_proof(shown.as_bytes()) {
            next.run(request).await
        } else {
            refuse()
        };
    }
    let kind = request.headers().get(CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(FORM)) {
        return refuse();
    }
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        let limit = format!("a body may have {MAX_BODY_BYTES} bytes at most");
        return crate::http_error::detail(StatusCode::PAYLOAD_TOO_LARGE, limit);
    };
    let shown = std::str::from_utf8(&body).ok();
    let shown = shown.and_then(|form| parameter(form, FIELD));
    if !shown.is_some_and(|shown| is_proof(shown.as_bytes())) {
        return refuse();
    }
    next.run(Request::from_parts(head, Body::from(body))).await
}

/// The refusal in the envelope of programs and, for the page, in that of its server functions.
fn refuse() -> Response {
    let refusal = json!({ "detail": MISSING, "kind": ErrorKind::Forbidden, "message": MISSING });
    (StatusCode::FORBIDDEN, axum::Json(refusal)).into_response()
}

impl Caller {
    /// The proof that the forms on the pages of this caller have to hold, where no script adds it.
    pub(crate) fn form_proof(&self, state: &AppState) -> Option<String> {
        match &self.pass {
            Pass::Session { session, .. } if session.is_plain => {
                Some(state.door.keys.proof(*session))
            }
            _ => None,
        }
    }
}
