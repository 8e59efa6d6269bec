//! Why the server did not do what the page asked for.

use std::fmt;

use domain::error::ErrorKind;
use serde::{Deserialize, Serialize};

/// A refused request: what kind of trouble it is, and a text that is fit to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of trouble it is.
    pub kind: ErrorKind,
    /// What went wrong, in a line.
    pub message: String,
}

impl Refusal {
    /// A request that makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Invalid,
            message: message.into(),
        }
    }

    /// A request that the answer passes over.
    pub fn unanswered() -> Self {
        Self {
            kind: ErrorKind::Internal,
            message: "the server did not say what became of it".to_owned(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
