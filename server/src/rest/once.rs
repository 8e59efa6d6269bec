//! `Idempotency-Key`: a request that is sent again under its key is not carried out again but answered
//! as it was (draft-ietf-httpapi-idempotency-key-header).
//!
//! The kernel writes the key down in the transaction of the change; the answer follows. To create a
//! task has had its key in the body since the seed, so there the header only stands for that.

mod under_way;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::actor::{Actor, RequestKey};
use domain::command::{KeepAnswer, MAX_CHANGES};
use serde::{Deserialize, Serialize};

use super::undo::KANBAN_UNDO;
use crate::AppState;
use crate::auth::{Caller, hash};
use crate::http_error::{self, HttpError};

pub(crate) use under_way::UnderWay;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header that marks an answer as that of the first request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The longest key: more than any UUID or ULID with a name before it.
const LONGEST_KEY: usize = 255;

/// The longest answer that is kept, in bytes: that of a bulk request, with a sentence for each task. Those
/// of 2,000 requests are kept.
const LONGEST_ANSWER: usize = MAX_CHANGES * 512;

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    undo: Option<String>,
    body: String,
}

/// Carries a writing request out once.
pub(super) async fn once(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    let is_create = request.method() == Method::POST && request.uri().path() == "/tasks";
    if request.method().is_safe() || is_create {
        return Ok(next.run(request).await);
    }
    let key = key(request.headers())?;
    let caller = request.extensions().get::<Caller>().cloned();
    let (Some(key), Some(mut caller)) = (key, caller) else {
        return Ok(next.run(request).await);
    };
    let (mut parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let body = Bytes::from_request(whole, &())
        .await
        .map_err(HttpError::Body)?;
    // One that comes while the first is carried out waits for its answer.
    let _turn = state.under_way.turn(caller.scope(), &key).await;
    let asked = RequestKey {
        caller: caller.scope(),
        key,
        fingerprint: hash(&[
            parts.method.as_str().as_bytes(),
            parts.uri.to_string().as_bytes(),
            &body,
        ]),
        part: 0,
    };
    let known = state
        .kernel()
        .request(asked.caller.clone(), asked.key.clone());
    if let Some(known) = known.await?
        && !(known.is_partial && known.fingerprint == asked.fingerprint)
    {
        return Ok(replay(&asked, &known));
    }
    caller.request = Some(asked.clone());
    parts.extensions.insert(caller);
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    if answer.status().is_success() {
        keep(&state, asked, answer).await
    } else {
        Ok(answer)
    }
}

/// The key that a request has.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, HttpError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > LONGEST_KEY {
        let detail = format!("the Idempotency-Key must have 1 to {LONGEST_KEY} ASCII characters");
        return Err(HttpError::Senseless(detail));
    }
    Ok(Some(key.to_owned()))
}

/// The answer to a request whose key is known.
fn replay(asked: &RequestKey, known: &kernel::AnsweredRequest) -> Response {
    if known.fingerprint != asked.fingerprint {
        let detail = format!("the Idempotency-Key {:?} is another request's", asked.key);
        return http_error::detail(StatusCode::UNPROCESSABLE_ENTITY, detail);
    }
    let answer = known.answer.as_deref();
    let Some(kept) = answer.and_then(|json| serde_json::from_str::<Kept>(json).ok()) else {
        let unknown = domain::error::Error::Repeated(asked.key.clone());
        return HttpError::from(unknown).into_response();
    };
    let mut headers = HeaderMap::new();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(Ok(undo)) = kept.undo.map(HeaderValue::try_from) {
        headers.insert(KANBAN_UNDO, undo);
    }
    (headers, kept.body).into_response()
}

/// Keeps an answer, and gives it.
async fn keep(
    state: &AppState,
    request: RequestKey,
    answer: Response,
) -> Result<Response, HttpError> {
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await;
    let body = body.map_err(|error| HttpError::Log(std::io::Error::other(error)))?;
    let undo = head.headers.get(KANBAN_UNDO);
    let kept = Kept {
        undo: undo
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let answer = serde_json::to_string(&kept).ok();
    let keep = KeepAnswer {
        request,
        answer: answer.filter(|json| json.len() <= LONGEST_ANSWER),
    };
    // What was asked is done; without its answer a repeated request is refused.
    if let Err(error) = state.kernel().execute(&Actor::full("server"), keep).await {
        http_error::log(&error, "the answer to a request could not be kept");
    }
    Ok(Response::from_parts(head, Body::from(body)))
}
