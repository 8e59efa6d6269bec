//! The document of the API: what holds for all routes. The rest is at each handler.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use crate::http_error::Fault;

/// The document without its paths, which `rest::documented` adds.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kanban",
        description = "A board that runs its tasks by itself. The paths, keys and statuses are those \
                       of the kanban plugin of hermes-agent, and then some. Numbers are read from \
                       texts too, truth from many words, and unknown keys are ignored. A request that \
                       changes something may have a header `Idempotency-Key`: sent again under it \
                       within a day, it is not carried out again but answered as before, with the \
                       header `Idempotent-Replayed`.",
    ),
    servers((url = "/api/plugins/kanban")),
    components(schemas(Fault)),
    modifiers(&Token),
    security(("token" = [])),
)]
pub(super) struct Document;

/// The token of the board, or that of a run.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        let scheme = SecurityScheme::Http(scheme.build());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
    }
}

/// Why a request was not carried out.
#[derive(ToSchema)]
#[schema(example = json!({ "detail": "title is required" }))]
#[expect(dead_code, reason = "it describes what `http_error` answers")]
pub(super) struct Refusal {
    /// A sentence.
    detail: String,
}

/// What is wrong with the form of a request: everything at once.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `http_error` answers")]
pub(super) struct Faults {
    detail: Vec<Fault>,
}

/// How any request may be refused.
#[derive(IntoResponses)]
#[expect(
    dead_code,
    reason = "it describes what the front door and `HttpError` answer"
)]
pub(super) enum Refusals {
    #[response(status = 400, description = "It makes no sense.")]
    Senseless(#[to_schema] Refusal),
    #[response(status = 401, description = "There is no token, or a wrong one.")]
    Stranger(#[to_schema] Refusal),
    #[response(
        status = 403,
        description = "The token does not allow it, or another site asks."
    )]
    Forbidden(#[to_schema] Refusal),
    #[response(status = 408, description = "It took too long to come.")]
    Slow(#[to_schema] Refusal),
    #[response(status = 413, description = "Its body is too large.")]
    TooLarge(#[to_schema] Refusal),
    #[response(status = 414, description = "Its address is too long.")]
    TooLong(#[to_schema] Refusal),
    #[response(status = 415, description = "Its body is not said to be JSON.")]
    NotJson(#[to_schema] Refusal),
    #[response(status = 421, description = "It is meant for another host.")]
    Misdirected(#[to_schema] Refusal),
    #[response(status = 422, description = "It has not the form that is asked for.")]
    Malformed(#[to_schema] Faults),
    #[response(status = 429, description = "One wrong token came after the other.")]
    TooManyAttempts(#[to_schema] Refusal),
    #[response(
        status = 503,
        description = "Too much is going on; `Retry-After` says for how long."
    )]
    Busy(#[to_schema] Refusal),
}

/// How a request about a task may be refused.
#[derive(IntoResponses)]
#[response(status = 404, description = "There is no such thing.")]
#[expect(dead_code, reason = "it describes what `HttpError` answers")]
pub(super) struct Missing(#[to_schema] Refusal);

/// How a request that changes a task may be refused.
#[derive(IntoResponses)]
#[response(
    status = 409,
    description = "The board's state does not allow it, now."
)]
#[expect(dead_code, reason = "it describes what `HttpError` answers")]
pub(super) struct Untimely(#[to_schema] Refusal);

/// `GET /api/openapi.json`.
pub(crate) async fn document() -> Response {
    static JSON: LazyLock<Bytes> = LazyLock::new(|| {
        // A document is made of texts, which always have a JSON form.
        let document = super::documented().into_openapi();
        document.to_json().unwrap_or_default().into()
    });
    ([(CONTENT_TYPE, "application/json")], JSON.clone()).into_response()
}
