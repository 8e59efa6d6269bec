//! The document of the API: what holds for all routes. The rest is at each handler.

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use crate::AppState;
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

/// The reason why a request was refused.
#[derive(ToSchema)]
#[schema(example = json!({ "detail": "title is required" }))]
#[expect(dead_code, reason = "it describes what `http_error` answers")]
pub(super) struct Refusal {
    /// A sentence.
    detail: String,
}

/// All faults in the form of a request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what `http_error` answers")]
pub(super) struct Faults {
    detail: Vec<Fault>,
}

/// The refusals of any request.
#[derive(IntoResponses)]
#[expect(
    dead_code,
    reason = "it describes what the front door and `HttpError` answer"
)]
pub(super) enum Refusals {
    #[response(status = 400, description = "The request is invalid.")]
    Senseless(#[to_schema] Refusal),
    #[response(status = 401, description = "The token is missing or wrong.")]
    Stranger(#[to_schema] Refusal),
    #[response(
        status = 403,
        description = "The token does not allow it, or the request comes from another site."
    )]
    Forbidden(#[to_schema] Refusal),
    #[response(status = 408, description = "The request took too long to arrive.")]
    Slow(#[to_schema] Refusal),
    #[response(status = 413, description = "The body is too large.")]
    TooLarge(#[to_schema] Refusal),
    #[response(status = 414, description = "The address is too long.")]
    TooLong(#[to_schema] Refusal),
    #[response(status = 415, description = "The content type is not JSON.")]
    NotJson(#[to_schema] Refusal),
    #[response(status = 421, description = "The request is for another host.")]
    Misdirected(#[to_schema] Refusal),
    #[response(status = 422, description = "The request is malformed.")]
    Malformed(#[to_schema] Faults),
    #[response(status = 429, description = "Too many wrong tokens came from there.")]
    TooManyAttempts(#[to_schema] Refusal),
    #[response(
        status = 503,
        description = "The server is busy; `Retry-After` says when to retry."
    )]
    Busy(#[to_schema] Refusal),
}

/// The refusal of a request about something that does not exist.
#[derive(IntoResponses)]
#[response(status = 404, description = "Nothing has this id.")]
#[expect(dead_code, reason = "it describes what `HttpError` answers")]
pub(super) struct Missing(#[to_schema] Refusal);

/// The refusal of a change that the state of the board forbids.
#[derive(IntoResponses)]
#[response(
    status = 409,
    description = "The state of the board does not allow it."
)]
#[expect(dead_code, reason = "it describes what `HttpError` answers")]
pub(super) struct Untimely(#[to_schema] Refusal);

/// `GET /api/openapi.json`.
pub(crate) async fn document(State(state): State<AppState>) -> Response {
    static JSON: OnceLock<Bytes> = OnceLock::new();
    let json = JSON.get_or_init(|| {
        let mut document = super::documented().into_openapi();
        // A process shows one board, below one path.
        for server in document.servers.iter_mut().flatten() {
            server.url.insert_str(0, state.door.path());
        }
        // A document is made of texts, which always have a JSON form.
        document.to_json().unwrap_or_default().into()
    });
    ([(CONTENT_TYPE, "application/json")], json.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::plain_words::is_riddle;

    /// The riddles among the descriptions below a value of the document.
    fn in_document(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    match value {
                        Value::String(text)
                            if ["description", "summary"].contains(&key.as_str()) =>
                        {
                            found.extend(is_riddle(text).then(|| text.clone()));
                        }
                        value => in_document(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| in_document(value, found)),
            _ => {}
        }
    }

    #[test]
    fn no_description_in_the_document_is_a_riddle() {
        let document = serde_json::to_value(super::super::documented().into_openapi()).unwrap();
        let mut found = Vec::new();
        in_document(&document, &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
