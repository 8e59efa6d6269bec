//! One thing that was looked at.

use serde::Serialize;

/// A finding, and its remedy.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// The subject of the check.
    pub(super) check: &'static str,
    pub(super) state: State,
    /// The finding, in a sentence.
    pub(super) message: String,
    /// The remedy.
    pub(super) remedy: Option<String>,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Worth knowing, and perhaps as it should be.
    Note,
    /// The board does not work as it should.
    Wrong,
}

impl Finding {
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            message: message.into(),
            remedy: None,
        }
    }

    pub(super) fn note(
        check: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Note,
            remedy: Some(remedy.into()),
            ..Self::ok(check, message)
        }
    }

    pub(super) fn wrong(
        check: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Wrong,
            ..Self::note(check, message, remedy)
        }
    }
}
