//! Reading what a client sends as leniently as the original does, and naming every fault at once as
//! the original does: numbers may come as text, truth in many words, unknown keys are ignored.

mod scalar;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use crate::http_error::{Fault, HttpError};
use scalar::{Complaint, flag, integer};

/// The JSON object in a body.
pub(super) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, HttpError> {
    let fault = |kind, msg, input| Fault {
        kind,
        loc: vec![json!("body")],
        msg,
        input,
    };
    if body.is_empty() {
        return Err(HttpError::Malformed(vec![fault(
            "missing",
            MISSING,
            Value::Null,
        )]));
    }
    if !is_json(headers) {
        let text = String::from_utf8_lossy(body).into_owned();
        return Err(HttpError::Malformed(vec![fault(
            NO_OBJECT.0,
            NO_OBJECT.1,
            text.into(),
        )]));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(HttpError::Malformed(vec![fault(
            NO_OBJECT.0,
            NO_OBJECT.1,
            other,
        )])),
        Err(_) => Err(HttpError::Malformed(vec![fault(
            "json_invalid",
            "JSON decode error",
            json!({}),
        )])),
    }
}

const MISSING: &str = "Field required";
const NO_OBJECT: (&str, &str) = (
    "model_attributes_type",
    "Input should be a valid dictionary or object to extract fields from",
);

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

/// The fields of a body. Ask for each, then [`Fields::finish`].
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(object: &'a Map<String, Value>) -> Self {
        Self {
            object,
            faults: Vec::new(),
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, name: &str) -> String {
        if self.object.contains_key(name) {
            return self.text(name, "");
        }
        let input = Value::Object(self.object.clone());
        self.faults.push(Fault {
            kind: "missing",
            loc: location(name),
            msg: MISSING,
            input,
        });
        String::new()
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

    /// A whole number that is 0 where it is left out.
    pub(super) fn integer(&mut self, name: &str) -> i64 {
        self.read(name, 0, integer)
    }

    /// A truth that is `false` where it is left out.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.read(name, false, flag)
    }

    /// A list of texts that is empty where it is left out.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let values = self.read(name, Vec::new(), |value| {
            value
                .as_array()
                .cloned()
                .ok_or(("list_type", "Input should be a valid list"))
        });
        let mut texts = Vec::with_capacity(values.len());
        for (position, value) in values.into_iter().enumerate() {
            match value {
                Value::String(text) => texts.push(text),
                input => {
                    let mut loc = location(name);
                    loc.push(position.into());
                    self.faults.push(Fault {
                        kind: NO_TEXT.0,
                        loc,
                        msg: NO_TEXT.1,
                        input,
                    });
                }
            }
        }
        texts
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
        let Some(value) = self.object.get(name) else {
            return default;
        };
        read(value).unwrap_or_else(|(kind, msg)| {
            self.faults.push(Fault {
                kind,
                loc: location(name),
                msg,
                input: value.clone(),
            });
            default
        })
    }
}

/// The parameters of a query string. Where one is given twice the last counts.
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Parameters {
    pub(super) fn of(pairs: Vec<(String, String)>) -> Self {
        Self {
            pairs,
            faults: Vec::new(),
        }
    }

    /// A text, where it is given.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.pairs
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    }

    /// A truth that is `false` where it is left out.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        let Some(text) = self.text(name) else {
            return false;
        };
        let input = Value::String(text);
        flag(&input).unwrap_or_else(|(kind, msg)| {
            self.faults.push(Fault {
                kind,
                loc: vec![json!("query"), json!(name)],
                msg,
                input,
            });
            false
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
}

const NO_TEXT: Complaint = ("string_type", "Input should be a valid string");

fn location(name: &str) -> Vec<Value> {
    vec![json!("body"), json!(name)]
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

    #[test]
    fn every_fault_of_a_body_is_named_at_once() {
        let body = json!({ "body": 1, "priority": "x", "triage": "maybe", "parents": ["t_1", 2] });
        let mut fields = Fields::of(body.as_object().unwrap());
        fields.required_text("title");
        fields.optional_text("body");
        fields.integer("priority");
        fields.flag("triage");
        fields.texts("parents");
        let expected = [
            "missing",
            "string_type",
            "int_parsing",
            "bool_parsing",
            "string_type",
        ];
        assert_eq!(kinds(fields.finish()), expected);
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

    #[test]
    fn the_last_of_two_parameters_counts() {
        let pairs = [("tenant", "a"), ("tenant", "b")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let parameters = Parameters::of(pairs.into());
        assert_eq!(parameters.text("tenant").as_deref(), Some("b"));
        assert_eq!(parameters.text("missing"), None);
    }
}
