//! Reading what a client sends as leniently as the original does, and naming every fault at once as
//! the original does: numbers may come as text, truth in many words, unknown keys are ignored.

mod fields;
mod scalar;

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use domain::error::Error;
use domain::id::TaskId;
use serde_json::{Map, Value, json};

use crate::http_error::HttpError;
pub(super) use fields::Fields;
use fields::Place;
pub(super) use scalar::Bounds;
use scalar::{Complaint, MISSING, integer};

/// The id in a path, as it was given.
pub(super) struct Named(String);

impl Named {
    /// The task that it names.
    pub(super) fn task(&self) -> Result<TaskId, HttpError> {
        task_id(&self.0)
    }

    /// The text itself.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The number that it is.
    pub(super) fn number(&self) -> Result<i64, HttpError> {
        let text = Value::from(self.0.as_str());
        integer(&text).map_err(|complaint| {
            let fault = complaint.about(vec![json!("path"), json!("id")], text.clone());
            HttpError::Malformed(vec![fault])
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        // What is not UTF-8 names nothing.
        Ok(Self(path.map(|Path(id)| id).unwrap_or_default()))
    }
}

/// The task with this id. A text that cannot be an id names no task, so the answer is the same.
pub(super) fn task_id(text: &str) -> Result<TaskId, HttpError> {
    text.parse()
        .map_err(|_| Error::UnknownTask(text.to_owned()).into())
}

/// The query string. Where a parameter is given twice the last counts.
pub(super) struct Parameters(pub(super) Fields);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        // What is not UTF-8 says nothing.
        let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
        let values = pairs
            .into_iter()
            .map(|(key, value)| (key, value.into()))
            .collect();
        Ok(Self(Fields::new(Place::Query, values)))
    }
}

/// A body that must be there.
impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await;
        let object = object(&headers, &body.map_err(HttpError::Body)?)?;
        Ok(Self::new(Place::Body, object))
    }
}

/// A body that may be left out.
impl<S: Send + Sync> OptionalFromRequest<S> for Fields {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, HttpError> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(HttpError::Body)?;
        if body.is_empty() {
            return Ok(None);
        }
        let object = object(&headers, &body)?;
        Ok(Some(Self::new(Place::Body, object)))
    }
}

/// The JSON object in a body.
fn object(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, HttpError> {
    const NO_OBJECT: Complaint = Complaint::new(
        "model_attributes_type",
        "Input should be a valid dictionary or object to extract fields from",
    );
    const NO_JSON: Complaint = Complaint::new("json_invalid", "JSON decode error");
    let fault = |complaint: Complaint, input| {
        let fault = complaint.about(vec![json!("body")], input);
        Err(HttpError::Malformed(vec![fault]))
    };
    if body.is_empty() {
        return fault(MISSING, Value::Null);
    }
    if !is_json(headers) {
        return Err(HttpError::NotJson);
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => fault(NO_OBJECT, other),
        Err(_) => fault(NO_JSON, json!({})),
    }
}

/// Returns true where the headers say that the body is JSON. A page of another site can send other
/// types without asking first, so none is guessed.
fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.to_ascii_lowercase().ends_with("+json")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn kinds(result: Result<(), HttpError>) -> Vec<&'static str> {
        match result {
            Err(HttpError::Malformed(faults)) => faults.iter().map(|fault| fault.kind).collect(),
            other => panic!("expected faults, not {other:?}"),
        }
    }

    #[test]
    fn a_body_that_is_no_json_object_is_a_fault() {
        let typed = |text: &'static str| {
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(text))])
        };
        let headers = typed("application/json; charset=utf-8");
        for (body, expected) in [
            ("", "missing"),
            ("{", "json_invalid"),
            ("[]", "model_attributes_type"),
            ("7", "model_attributes_type"),
        ] {
            assert_eq!(
                kinds(object(&headers, body.as_bytes()).map(drop)),
                [expected],
                "{body}"
            );
        }
        assert!(object(&headers, b"{}").is_ok());
        for other in [
            HeaderMap::new(),
            typed("text/plain"),
            typed("application/x-www-form-urlencoded"),
            typed("multipart/form-data; boundary=x"),
            typed("nonsense"),
        ] {
            let refused = object(&other, b"{}");
            assert!(matches!(refused, Err(HttpError::NotJson)), "{other:?}");
        }
    }

    #[tokio::test]
    async fn the_last_of_two_parameters_counts() {
        let request = Request::builder()
            .uri("/?tenant=a&tenant=b")
            .body(())
            .unwrap();
        let (mut parts, ()) = request.into_parts();
        let Ok(Parameters(mut query)) = Parameters::from_request_parts(&mut parts, &()).await;
        assert_eq!(query.optional_text("tenant").as_deref(), Some("b"));
        assert_eq!(query.optional_text("missing"), None);
    }
}
