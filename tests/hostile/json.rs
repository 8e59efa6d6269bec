//! The fields of JSON that hold a text.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{assert_harmless, sources_in};

/// A field, such as `tasks[].title`, and the text in it.
struct Field {
    name: String,
    text: String,
}

/// Looks at every text of JSON that is shown as it is, and tells what came out in which field.
#[track_caller]
pub(super) fn shown_in(place: &str, json: &Value) -> BTreeSet<String> {
    look_at(place, json, |_| false)
}

/// The same for JSON that programs read. A field may hold a text as it was written, and is on the list
/// as `raw` then; a sentence that is made of several texts is for people, and clean.
#[track_caller]
pub(super) fn told_in(place: &str, json: &Value) -> BTreeSet<String> {
    look_at(place, json, |text| {
        let marked = text.strip_prefix('<').and_then(|it| it.split_once('>'));
        marked.is_some_and(|(source, _)| sources_in(text).iter().all(|it| it == source))
    })
}

#[track_caller]
fn look_at(place: &str, json: &Value, may_be_raw: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut fields = Vec::new();
    collect("", json, &mut fields);
    let mut found = BTreeSet::new();
    for Field { name, text } in fields {
        let is_raw = text.contains(domain::text::is_hidden) && may_be_raw(&text);
        if !is_raw {
            assert_harmless(&format!("{name} of {place:.60}"), &text);
        }
        let raw = if is_raw { " raw" } else { "" };
        let sources = sources_in(&text).into_iter();
        found.extend(sources.map(|source| format!("{name}: {source}{raw}\n")));
    }
    found
}

/// The name of a member is a text too. What stands below a name that somebody else chose is called `*`.
fn collect(name: &str, json: &Value, fields: &mut Vec<Field>) {
    match json {
        Value::String(text) => fields.push(Field {
            name: name.to_owned(),
            text: text.clone(),
        }),
        Value::Array(values) => {
            for value in values {
                collect(&format!("{name}[]"), value, fields);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                fields.push(Field {
                    name: format!("{name} key"),
                    text: key.clone(),
                });
                let is_ours = key.chars().all(|it| it.is_ascii_lowercase() || it == '_');
                let below = if is_ours { key.as_str() } else { "*" };
                collect(
                    format!("{name}.{below}").trim_start_matches('.'),
                    value,
                    fields,
                );
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
