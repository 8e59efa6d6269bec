//! The named values of a request, and their faults.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::Lenient;
use super::scalar::{Complaint, MISSING, NO_TEXT, flag, integer, within};
use crate::http_error::{Fault, HttpError};

/// The most faults in an answer. Each takes more room than what it is about.
const MAX_FAULTS: usize = 100;

/// The named values of a request. Each method that takes a name reads that value.
pub(in crate::rest) struct Fields {
    part: Part,
    values: Map<String, Value>,
    faults: Vec<Fault>,
}

/// The part of the request that holds the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Body,
    Query,
}

impl Fields {
    pub(super) fn new(part: Part, values: Map<String, Value>) -> Self {
        Self {
            part,
            values,
            faults: Vec::new(),
        }
    }

    /// A text that must be there.
    pub(in crate::rest) fn required_text(&mut self, name: &str) -> String {
        self.require(name);
        self.text(name, "")
    }

    /// A text that is `default` where it is left out.
    pub(in crate::rest) fn text(&mut self, name: &str, default: &str) -> String {
        self.read(name, default.to_owned(), |value| {
            value.as_str().map(str::to_owned).ok_or(NO_TEXT)
        })
    }

    /// A text, `null` or nothing.
    pub(in crate::rest) fn optional_text(&mut self, name: &str) -> Option<String> {
        self.read(name, None, |value| match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(NO_TEXT),
        })
    }

    /// A whole number that is `default` where it is left out.
    pub(in crate::rest) fn integer(&mut self, name: &str, default: i64) -> i64 {
        self.read(name, default, integer)
    }

    /// A whole number, `null` or nothing.
    pub(in crate::rest) fn optional_integer(&mut self, name: &str) -> Option<i64> {
        self.read(name, None, |value| match value {
            Value::Null => Ok(None),
            value => integer(value).map(Some),
        })
    }

    /// A whole number within bounds, `null` or nothing.
    pub(in crate::rest) fn bounded(
        &mut self,
        name: &str,
        bounds: RangeInclusive<i64>,
    ) -> Option<i64> {
        self.read(name, None, |value| match value {
            Value::Null => Ok(None),
            value => integer(value)
                .and_then(|number| within(&bounds, number))
                .map(Some),
        })
    }

    /// A truth that is `false` where it is left out.
    pub(in crate::rest) fn flag(&mut self, name: &str) -> bool {
        self.read(name, false, flag)
    }

    /// An object, `null` or nothing.
    pub(in crate::rest) fn optional_object(&mut self, name: &str) -> Option<Map<String, Value>> {
        const NO_OBJECT: Complaint =
            Complaint::new("dict_type", "Input should be a valid dictionary");
        self.read(name, None, |value| match value {
            Value::Null => Ok(None),
            Value::Object(object) => Ok(Some(object.clone())),
            _ => Err(NO_OBJECT),
        })
    }

    /// A list of texts that must be there and may have so many at most.
    pub(in crate::rest) fn required_texts(&mut self, name: &str, at_most: usize) -> Vec<String> {
        self.require(name);
        self.some_texts(name, at_most)
    }

    /// A list of texts that may have so many at most, and none where it is left out or `null`.
    pub(in crate::rest) fn some_texts(&mut self, name: &str, at_most: usize) -> Vec<String> {
        if self.values.get(name).is_some_and(Value::is_null) {
            return Vec::new();
        }
        if self.is_too_long(name, at_most) {
            return Vec::new();
        }
        self.texts(name)
    }

    /// A list of whole numbers that must be there and may have so many at most.
    pub(in crate::rest) fn required_integers(&mut self, name: &str, at_most: usize) -> Vec<i64> {
        self.require(name);
        if self.is_too_long(name, at_most) {
            return Vec::new();
        }
        self.list(name, integer)
    }

    /// A list of texts that is empty where it is left out.
    fn texts(&mut self, name: &str) -> Vec<String> {
        self.list(name, |value| {
            value.as_str().map(str::to_owned).ok_or(NO_TEXT)
        })
    }

    /// Reads all the values that `T` declares; fails with every fault that was found.
    pub(super) fn read_all<T: Lenient>(mut self) -> Result<T, HttpError> {
        let values = T::read(&mut self);
        self.finish().map(|()| values)
    }

    fn finish(self) -> Result<(), HttpError> {
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

    /// Returns true when a list is longer than it may be. Its values are not looked at then.
    fn is_too_long(&mut self, name: &str, at_most: usize) -> bool {
        let length = self
            .values
            .get(name)
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let is_too_long = length > at_most;
        if is_too_long {
            let complaint = Complaint {
                kind: "too_long",
                msg: format!("List should have at most {at_most} items").into(),
            };
            self.blame(complaint, self.location(name), length.into());
        }
        is_too_long
    }

    fn require(&mut self, name: &str) {
        if self.values.contains_key(name) {
            return;
        }
        let input = match self.part {
            Part::Body => Value::Object(self.values.clone()),
            Part::Query => Value::Null,
        };
        self.blame(MISSING, self.location(name), input);
    }

    fn blame(&mut self, complaint: Complaint, loc: Vec<Value>, input: Value) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(complaint.about(loc, input));
        }
    }

    fn location(&self, name: &str) -> Vec<Value> {
        let part = match self.part {
            Part::Body => "body",
            Part::Query => "query",
        };
        vec![json!(part), json!(name)]
    }
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

    fn fields(part: Part, values: Value) -> Fields {
        match values {
            Value::Object(values) => Fields::new(part, values),
            other => panic!("expected an object, not {other}"),
        }
    }

    #[test]
    fn every_fault_of_a_body_is_named_at_once() {
        let body = json!({
            "body": 1, "priority": "x", "triage": "maybe", "parents": ["t_1", 2], "ids": ["a", "b"],
            "metadata": [],
        });
        let mut fields = fields(Part::Body, body);
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
        for (text, expected) in [
            ("9", &[][..]),
            ("0", &["greater_than_equal"]),
            ("10", &["less_than_equal"]),
            ("x", &["int_parsing"]),
        ] {
            let mut fields = fields(Part::Query, json!({ "tail": text }));
            fields.bounded("tail", 1..=9);
            let found = match fields.finish() {
                Ok(()) => vec![],
                faults => kinds(faults),
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_list_of_nothing_but_faults_does_not_grow_when_it_is_told() {
        let mut fields = fields(Part::Body, json!({ "parents": vec![0; 10_000] }));
        fields.texts("parents");
        assert_eq!(kinds(fields.finish()).len(), MAX_FAULTS);
    }
}
