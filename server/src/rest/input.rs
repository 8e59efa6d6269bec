//! Reading what a client sends as leniently as the original does, and naming every fault at once as
//! the original does: numbers may come as text, truth in many words, unknown keys are ignored.

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

use crate::http_error::{Fault, HttpError};
pub(super) use scalar::Bounds;
use scalar::{Complaint, flag, integer};

/// The id in a path, as it was given.
pub(super) struct Named(String);

impl Named {
    /// The task that it names.
    pub(super) fn task(&self) -> Result<TaskId, HttpError> {
        task_id(&self.0)
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

/// What a client sends by name. Ask for each value, then [`Fields::finish`].
#[derive(Default)]
pub(super) struct Fields {
    place: Place,
    values: Map<String, Value>,
    faults: Vec<Fault>,
}

/// Where the values stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Body,
    Query,
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

impl Fields {
    fn new(place: Place, values: Map<String, Value>) -> Self {
        Self {
            place,
            values,
            faults: Vec::new(),
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, name: &str) -> String {
        self.require(name);
        self.text(name, "")
    }

    /// A text that is `default` where it is left out.
    pub(super) fn text(&mut self, name: &str, default: &str) -> String {
        self.read(name, default.to_owned(), |value| {
            value.as_str().map(str::to_owned).ok_or(NO_TEXT)
        })
    }

    /// A text, `null` or nothing.
    pub(super) fn optional_text(&mut self, name: &str) -> Option<String> {
        self.read(name, None, |value| match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(NO_TEXT),
        })
    }

    /// A whole number that is `default` where it is left out.
    pub(super) fn integer(&mut self, name: &str, default: i64) -> i64 {
        self.read(name, default, integer)
    }

    /// A whole number, `null` or nothing.
    pub(super) fn optional_integer(&mut self, name: &str) -> Option<i64> {
        self.read(name, None, |value| match value {
            Value::Null => Ok(None),
            value => integer(value).map(Some),
        })
    }

    /// A whole number within bounds, or nothing.
    pub(super) fn bounded(&mut self, name: &str, bounds: Bounds) -> Option<i64> {
        self.read(name, None, |value| {
            integer(value)
                .and_then(|number| bounds.check(number))
                .map(Some)
        })
    }

    /// A truth that is `false` where it is left out.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.read(name, false, flag)
    }

    /// An object, `null` or nothing.
    pub(super) fn optional_object(&mut self, name: &str) -> Option<Map<String, Value>> {
        const NO_OBJECT: Complaint =
            Complaint::new("dict_type", "Input should be a valid dictionary");
        self.read(name, None, |value| match value {
            Value::Null => Ok(None),
            Value::Object(object) => Ok(Some(object.clone())),
            _ => Err(NO_OBJECT),
        })
    }

    /// A list of texts that must be there and may have so many at most.
    pub(super) fn required_texts(&mut self, name: &str, at_most: usize) -> Vec<String> {
        self.require(name);
        let texts = self.texts(name);
        self.limit(name, texts.len(), at_most);
        texts
    }

    /// A list of whole numbers that must be there and may have so many at most.
    pub(super) fn required_integers(&mut self, name: &str, at_most: usize) -> Vec<i64> {
        self.require(name);
        let numbers = self.list(name, integer);
        self.limit(name, numbers.len(), at_most);
        numbers
    }

    /// A list of texts that is empty where it is left out.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        self.list(name, |value| {
            value.as_str().map(str::to_owned).ok_or(NO_TEXT)
        })
    }

    /// Every fault that was found, if there was one.
    pub(super) fn finish(self) -> Result<(), HttpError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(HttpError::Malformed(self.faults))
        }
    }

    fn read<T>(
        &mut self,
        name: &str,
        default: T,
        read: impl FnOnce(&Value) -> Result<T, Complaint>,
    ) -> T {
        let Some(value) = self.values.get(name) else {
            return default;
        };
        match read(value) {
            Ok(read) => read,
            Err(complaint) => {
                let input = value.clone();
                self.blame(complaint, self.location(name), input);
                default
            }
        }
    }

    fn list<T>(&mut self, name: &str, read: impl Fn(&Value) -> Result<T, Complaint>) -> Vec<T> {
        const NO_LIST: Complaint = Complaint::new("list_type", "Input should be a valid list");
        let values = self.read(name, Vec::new(), |value| {
            value.as_array().cloned().ok_or(NO_LIST)
        });
        let mut list = Vec::with_capacity(values.len());
        for (position, value) in values.into_iter().enumerate() {
            match read(&value) {
                Ok(read) => list.push(read),
                Err(complaint) => {
                    let mut location = self.location(name);
                    location.push(position.into());
                    self.blame(complaint, location, value);
                }
            }
        }
        list
    }

    fn limit(&mut self, name: &str, length: usize, at_most: usize) {
        if length > at_most {
            let complaint = Complaint {
                kind: "too_long",
                msg: format!("List should have at most {at_most} items").into(),
            };
            self.blame(complaint, self.location(name), length.into());
        }
    }

    fn require(&mut self, name: &str) {
        if self.values.contains_key(name) {
            return;
        }
        let input = match self.place {
            Place::Body => Value::Object(self.values.clone()),
            Place::Query => Value::Null,
        };
        self.blame(MISSING, self.location(name), input);
    }

    fn blame(&mut self, complaint: Complaint, loc: Vec<Value>, input: Value) {
        self.faults.push(complaint.about(loc, input));
    }

    fn location(&self, name: &str) -> Vec<Value> {
        let place = match self.place {
            Place::Body => "body",
            Place::Query => "query",
        };
        vec![json!(place), json!(name)]
    }
}

const MISSING: Complaint = Complaint::new("missing", "Field required");
const NO_TEXT: Complaint = Complaint::new("string_type", "Input should be a valid string");

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
        return fault(NO_OBJECT, String::from_utf8_lossy(body).into());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => fault(NO_OBJECT, other),
        Err(_) => fault(NO_JSON, json!({})),
    }
}

/// A body without a type is taken for JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let essence = value
        .to_str()
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
    use super::*;

    fn kinds(result: Result<(), HttpError>) -> Vec<&'static str> {
        match result {
            Err(HttpError::Malformed(faults)) => faults.iter().map(|fault| fault.kind).collect(),
            other => panic!("expected faults, not {other:?}"),
        }
    }

    fn fields(place: Place, values: Value) -> Fields {
        match values {
            Value::Object(values) => Fields::new(place, values),
            other => panic!("expected an object, not {other}"),
        }
    }

    #[test]
    fn every_fault_of_a_body_is_named_at_once() {
        let body = json!({
            "body": 1, "priority": "x", "triage": "maybe", "parents": ["t_1", 2], "ids": ["a", "b"],
            "metadata": [],
        });
        let mut fields = fields(Place::Body, body);
        fields.required_text("title");
        fields.optional_text("body");
        fields.integer("priority", 0);
        fields.flag("triage");
        fields.texts("parents");
        fields.required_texts("ids", 1);
        fields.optional_object("metadata");
        let expected = [
            "missing",
            "string_type",
            "int_parsing",
            "bool_parsing",
            "string_type",
            "too_long",
            "dict_type",
        ];
        assert_eq!(kinds(fields.finish()), expected);
    }

    #[test]
    fn a_number_of_a_query_keeps_within_its_bounds() {
        let bounds = Bounds { least: 1, most: 9 };
        for (text, expected) in [
            ("9", &[][..]),
            ("0", &["greater_than_equal"]),
            ("10", &["less_than_equal"]),
            ("x", &["int_parsing"]),
        ] {
            let mut fields = fields(Place::Query, json!({ "tail": text }));
            fields.bounded("tail", bounds);
            let found = match fields.finish() {
                Ok(()) => vec![],
                faults => kinds(faults),
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_body_that_is_no_json_object_is_a_fault() {
        let headers = HeaderMap::new();
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
        let form = [(CONTENT_TYPE, "text/plain".parse().unwrap())]
            .into_iter()
            .collect();
        assert_eq!(
            kinds(object(&form, b"{}").map(drop)),
            ["model_attributes_type"]
        );
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
