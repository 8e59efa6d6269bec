//! Reading what a client sends as leniently as the original does, and naming every fault at once as
//! the original does: numbers may come as text, truth in many words, unknown keys are ignored.

mod fields;
mod path;
mod scalar;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde_json::{Map, Value, json};

use crate::http_error::HttpError;
pub(super) use fields::Fields;
use fields::Part;
pub(super) use path::{BoardParameter, Named, NumberParameter, TaskParameter, task_id};
use scalar::{Complaint, MISSING};

/// The values of a body or a query string, declared by [`lenient`].
pub(super) trait Lenient: Sized {
    /// Reads each value; the faults stay in `fields`.
    fn read(fields: &mut Fields) -> Self;
}

/// Declares the values of a body or a query string: the struct that the handler gets and the document
/// describes, and for each value the method of [`Fields`] that reads it.
macro_rules! lenient {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $(
                $(#[$of_value:meta])*
                $of_field:vis $value:ident: $type:ty = $reader:ident($($argument:expr),*),
            )*
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$of_value])* $of_field $value: $type,)*
        }

        impl $crate::rest::input::Lenient for $name {
            fn read(fields: &mut $crate::rest::input::Fields) -> Self {
                Self {
                    $($value: fields.$reader(stringify!($value), $($argument),*),)*
                }
            }
        }
    };
}
pub(super) use lenient;

/// The query string. Where a parameter is given twice the last counts.
pub(super) struct Parameters<T>(pub(super) T);

impl<T: Lenient, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        // What is not UTF-8 says nothing.
        let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
        let values = pairs
            .into_iter()
            .map(|(key, value)| (key, value.into()))
            .collect();
        Fields::new(Part::Query, values).read_all().map(Self)
    }
}

/// A body that must be there.
pub(super) struct Body<T>(pub(super) T);

impl<T: Lenient, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await;
        let object = object(&headers, &body.map_err(HttpError::Body)?)?;
        Fields::new(Part::Body, object).read_all().map(Self)
    }
}

/// A body that may be left out.
pub(super) struct OptionalBody<T>(pub(super) T);

impl<T: Lenient, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(HttpError::Body)?;
        let object = if body.is_empty() {
            Map::new()
        } else {
            object(&headers, &body)?
        };
        Fields::new(Part::Body, object).read_all().map(Self)
    }
}

/// A body that must be a JSON object, to be read by serde.
pub(super) struct JsonObject(pub(super) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await;
        object(&headers, &body.map_err(HttpError::Body)?).map(Self)
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

    lenient! {
        struct Asked {
            tenant: Option<String> = optional_text(),
            missing: Option<String> = optional_text(),
        }
    }

    #[tokio::test]
    async fn the_last_of_two_parameters_counts() {
        let request = Request::builder()
            .uri("/?tenant=a&tenant=b")
            .body(())
            .unwrap();
        let (mut parts, ()) = request.into_parts();
        let query = Parameters::<Asked>::from_request_parts(&mut parts, &()).await;
        let Parameters(query) = query.unwrap();
        assert_eq!(query.tenant.as_deref(), Some("b"));
        assert_eq!(query.missing, None);
    }
}
