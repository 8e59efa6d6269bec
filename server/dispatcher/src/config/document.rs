//! The one reader of `kanban.toml`: its text within bounds, its tables, and the mistakes in them, which
//! are told by key and line and never by value: that may be a secret.

use std::io::ErrorKind;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::home::Home;
use crate::plain_file;

/// A configuration is a few kilobytes; what is longer is something else.
const MOST_BYTES: u64 = 1 << 20;

/// An error in `kanban.toml`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {message}", .path.display(), .line.map_or_else(String::new, |line| format!(", line {line}")))]
pub struct Mistake {
    /// The file.
    pub path: PathBuf,
    /// Its line, where known.
    pub line: Option<usize>,
    /// The error, and the expected value.
    pub message: String,
}

/// An error, and its first byte in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    at: Option<usize>,
    message: String,
}

impl Wrong {
    /// The error `message` in this value.
    pub fn at<T>(value: &Spanned<T>, message: impl Into<String>) -> Self {
        let (at, message) = (Some(value.span().start), message.into());
        Self { at, message }
    }
}

/// The text of a `kanban.toml`, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    path: PathBuf,
    pub(super) text: Result<String, String>,
}

impl Document {
    /// Reads the file of a home folder; where there is none, its text is empty. What has the name and
    /// is too large, cannot be read or is no file of ours has no text. It blocks.
    pub fn read(home: &Home) -> Self {
        let path = home.config();
        let text = match plain_file::owned_text(&path, MOST_BYTES) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(format!("cannot be read: {error}"))
            }
            text => Ok(text.unwrap_or_default()),
        };
        Self { path, text }
    }

    /// The document with this text, as if it stood at `path`.
    pub fn new(path: PathBuf, text: String) -> Self {
        let text = Ok(text);
        Self { path, text }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(&self.text, Ok(text) if text.trim().is_empty())
    }

    /// Parses the text and returns the table of the whole file.
    ///
    /// # Errors
    /// Fails when there is no text, or it is no TOML.
    pub fn root(&self) -> Result<Entry<'_>, Wrong> {
        let text = self.text.as_ref().map_err(|message| Wrong {
            at: None,
            message: message.clone(),
        })?;
        let table = DeTable::parse(text).map_err(|error| Wrong {
            at: error.span().map(|span| span.start),
            message: error.message().replace('\n', "; "),
        })?;
        let span = table.span();
        let value = Spanned::new(span, DeValue::Table(table.into_inner()));
        let key = String::new();
        Ok(Entry { key, value })
    }

    /// Returns the top-level table `name`, if there is one.
    ///
    /// # Errors
    /// As [`Self::root`].
    pub fn table(&self, name: &str) -> Result<Option<Entry<'_>>, Wrong> {
        let mut entries = self.root()?.entries()?.into_iter();
        Ok(entries.find(|entry| entry.key == name))
    }

    /// Returns the mistake of an error in this document, with its line.
    pub fn mistake(&self, wrong: Wrong) -> Mistake {
        let before = |at: usize| self.text.iter().flat_map(|text| text.bytes()).take(at);
        let line = |at| before(at).filter(|byte| *byte == b'\n').count() + 1;
        Mistake {
            path: self.path.clone(),
            line: wrong.at.map(line),
            message: wrong.message,
        }
    }
}

/// A value of a document, and its whole key.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The key with those of the tables around it: `channels.webhook.ci`.
    pub key: String,
    /// The value, which knows its place.
    pub value: Spanned<DeValue<'a>>,
}

impl Entry<'_> {
    /// The last part of the key.
    pub fn name(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or_default()
    }

    /// Takes a table apart.
    ///
    /// # Errors
    /// Fails when the value is no table.
    pub fn entries(self) -> Result<Vec<Self>, Wrong> {
        let wrong = Wrong::at(&self.value, format!("{}: expected a table", self.key));
        let DeValue::Table(table) = self.value.into_inner() else {
            return Err(wrong);
        };
        let entries = table.into_iter().map(|(key, value)| Self {
            key: below(&self.key, key.get_ref()),
            value,
        });
        Ok(entries.collect())
    }

    /// Makes a `T` of the value.
    ///
    /// # Errors
    /// Fails when it is none.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Wrong> {
        T::deserialize(ValueDeserializer::from(self.value.clone())).map_err(|error| {
            let at = error.span().unwrap_or(self.value.span()).start;
            let key = key_at(&self.key, &self.value, at).unwrap_or_else(|| self.key.clone());
            let message = format!("{key}: {}", without_value(error.message()));
            Wrong {
                at: Some(at),
                message: message.trim_start_matches(": ").to_owned(),
            }
        })
    }
}

/// The key `name` in the table of the key `key`.
fn below(key: &str, name: &str) -> String {
    if key.is_empty() {
        name.to_owned()
    } else {
        format!("{key}.{name}")
    }
}

/// The key of the innermost value at the byte `at`, or of the table of a key there, if it lies below
/// the value of the key `key`. The span of a table may be its header alone, so each is searched.
fn key_at(key: &str, value: &Spanned<DeValue<'_>>, at: usize) -> Option<String> {
    let mut entries = value.get_ref().as_table()?.iter();
    entries.find_map(|(name, value)| {
        if name.span().contains(&at) {
            return Some(key.to_owned());
        }
        let key = below(key, name.get_ref());
        let is_here = value.span().contains(&at);
        key_at(&key, value, at).or_else(|| is_here.then_some(key))
    })
}

/// Returns the expectation of serde without the words of Rust.
fn in_plain_words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "i64" | "usize" => "a whole number",
        "a nonzero u32" | "a nonzero u64" => "a whole number above 0",
        table if table.starts_with("struct ") => "a table",
        text => text,
    }
}

/// A complaint of serde's or of a type of ours without the value that was found. Only an unknown or
/// missing key is named, and what is expected.
fn without_value(complaint: &str) -> String {
    let is_of_key = ["unknown field", "missing field"];
    if is_of_key.iter().any(|begin| complaint.starts_with(begin)) {
        return complaint.to_owned();
    }
    let expected = complaint.rsplit_once(", expected ");
    let expected = expected.map(|(_, expected)| expected);
    match expected.or_else(|| complaint.strip_prefix("expected ")) {
        Some(expected) => format!("expected {}", in_plain_words(expected)),
        None => "it makes no sense".to_owned(),
    }
}
