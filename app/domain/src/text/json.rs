//! Whole values at once: every text in them is cleaned, whichever field it stands in, so that a field
//! that is added later is no way in. A page shows line breaks as spaces where it wants one line.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{is_hidden, lines};

/// Returns the value with every text cleaned. It must read back as it is written, as do all values
/// that are sent to the page.
///
/// # Errors
/// Fails if the value has no JSON form, or cannot be read from it.
pub fn clean<T: Serialize + DeserializeOwned>(value: T) -> serde_json::Result<T> {
    if is_clean(&serde_json::to_string(&value)?) {
        return Ok(value);
    }
    serde_json::from_value(cleaned(serde_json::to_value(value)?))
}

/// Returns the JSON of the value with every text cleaned.
///
/// # Errors
/// Fails if the value has no JSON form.
pub fn to_string(value: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(value)?;
    if is_clean(&json) {
        return Ok(json);
    }
    serde_json::to_string(&cleaned(serde_json::to_value(value)?))
}

/// Returns the same JSON with every hidden character escaped: outside of its texts there is none. It reads
/// back as the same value, and a terminal that shows it obeys nothing.
pub fn escaped(json: &str) -> Cow<'_, str> {
    if !json.contains(is_hidden) {
        return json.into();
    }
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if is_hidden(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a `String` cannot fail.
                write!(escaped, "\\u{unit:04x}").ok();
            }
        } else {
            escaped.push(character);
        }
    }
    escaped.into()
}

/// Returns true when no text in the JSON holds a hidden character. Most values are clean, and taking
/// one apart costs ten times as much as looking.
fn is_clean(json: &str) -> bool {
    // Control characters below U+0020 are escaped, as `\u001b`, `\b` or `\f`.
    !json.contains(is_hidden)
        && !["\\u00", "\\b", "\\f", "\\r"]
            .iter()
            .any(|it| json.contains(it))
}

fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => lines(&text).into_owned().into(),
        Value::Array(values) => values.into_iter().map(cleaned).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (lines(&key).into_owned(), cleaned(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::task;
    use crate::inbox::{Concern, Need};
    use crate::time::Timestamp;

    fn concern(title: &str, question: &str) -> Concern {
        Concern {
            task: task(1).id,
            title: title.to_owned(),
            assignee: None,
            since: Timestamp(1),
            behind: 0,
            need: Need::Answer {
                question: Some(question.to_owned()),
            },
        }
    }

    #[test]
    fn every_text_is_cleaned_whichever_field_it_stands_in() {
        let dirty = concern("a\u{1b}[1mb", "c\u{202e}\u{9}d\n\u{7f}e");
        let shown = concern("ab", "c\td\ne");
        assert_eq!(
            to_string(&dirty).unwrap(),
            serde_json::to_string(&shown).unwrap()
        );
        assert_eq!(clean(dirty).unwrap(), shown);
        for hidden in [
            "\0",
            "\u{8}",
            "\u{c}",
            "\u{1f}",
            "\u{9b}",
            "\u{2069}",
            "\u{e0041}",
        ] {
            assert!(
                !clean(hidden.to_owned()).unwrap().contains(is_hidden),
                "{hidden:?}"
            );
        }
        let names = std::collections::BTreeMap::from([("a\u{8}", 1)]);
        assert_eq!(to_string(&names).unwrap(), r#"{"a":1}"#);
    }

    #[test]
    fn what_is_escaped_reads_back_as_it_was() {
        let text = "a\u{1b}\u{9b}\u{202e}\u{e0041}\u{fc}\n\t";
        let json = serde_json::to_string(text).unwrap();
        let shown = escaped(&json);
        assert!(!shown.contains(is_hidden));
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        assert!(matches!(escaped(r#"{"a":"\u{fc}"}"#), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_clean_is_left_alone() {
        let clean_one = concern("a \\u001b b", "c:\\bin\\foo\n\u{1f600}\u{200d}");
        assert_eq!(clean(clean_one.clone()).unwrap(), clean_one);
        assert_eq!(
            to_string(&clean_one).unwrap(),
            serde_json::to_string(&clean_one).unwrap()
        );
    }
}
