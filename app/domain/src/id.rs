//! Identifiers. They are opaque: nothing in the program reads meaning out of one.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a task: `t_` and lower-case hexadecimal digits.
///
/// We hand out eight digits; files written by other programs have four. A `TaskId` is safe to
/// build a file name from, because nothing else passes [`TaskId::from_str`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

/// Longest id accepted, in bytes: far beyond what any version writes, short enough for a file name.
const MAX_ID_BYTES: usize = 64;

impl TaskId {
    /// The id whose digits are `bits`, written as eight hexadecimal digits.
    pub fn from_bits(bits: u32) -> Self {
        Self(format!("t_{bits:08x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TaskId {
    type Err = InvalidTaskId;

    fn from_str(text: &str) -> Result<Self, InvalidTaskId> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for TaskId {
    type Error = InvalidTaskId;

    fn try_from(text: String) -> Result<Self, InvalidTaskId> {
        let is_valid = text.len() <= MAX_ID_BYTES
            && text.strip_prefix("t_").is_some_and(|digits| {
                !digits.is_empty()
                    && digits
                        .bytes()
                        .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            });
        if is_valid {
            Ok(Self(text))
        } else {
            Err(InvalidTaskId(text))
        }
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot be the id of any task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a task id")]
pub struct InvalidTaskId(pub String);

/// A row id: a positive number that only grows and is never used twice.
macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

row_id! {
    /// The position of an event in the log of the whole board. Zero is before the first event.
    EventId
}
row_id! {
    /// One attempt at a task.
    RunId
}
row_id! {
    /// One receipt of a check.
    ReceiptId
}
row_id! {
    /// A comment on a task.
    CommentId
}
row_id! {
    /// A subscription to more than one task.
    SubscriptionId
}
row_id! {
    /// One piece of news for one address.
    DeliveryId
}

/// The secret that proves to be the current run of a task: 32 hexadecimal digits.
///
/// It fences a worker off once its run has ended, as in Kleppmann's "How to do distributed
/// locking". Its `Debug` shows no digit, so that a token does not reach a log.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunToken(String);

impl RunToken {
    /// The token whose digits are `bits`.
    pub fn from_bits(bits: u128) -> Self {
        Self(format!("{bits:032x}"))
    }

    /// A token as a worker sent it. Only the kernel can say if it is current.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Parses a token that a stranger offers; `None` if it cannot be one.
    pub fn offered(text: &str) -> Option<Self> {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the worker's environment and the run's row.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RunToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_version_are_accepted() {
        for text in ["t_9f2a", "t_0123abcd", &TaskId::from_bits(7).to_string()] {
            assert_eq!(text.parse::<TaskId>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_could_leave_a_folder_is_no_id() {
        for text in [
            "",
            "t_",
            "../../x",
            "t_../x",
            "t_9F2A",
            "t_9f2a\0",
            "9f2a",
            "t_9f2a/..",
        ] {
            assert_eq!(text.parse::<TaskId>(), Err(InvalidTaskId(text.to_owned())));
        }
        assert!(format!("t_{}", "a".repeat(100)).parse::<TaskId>().is_err());
    }

    #[test]
    fn an_id_read_from_json_is_checked_too() {
        assert!(serde_json::from_str::<TaskId>("\"t_12\"").is_ok());
        assert!(serde_json::from_str::<TaskId>("\"../x\"").is_err());
    }

    #[test]
    fn only_what_is_made_like_a_token_may_be_one() {
        let token = RunToken::from_bits(0xabc);
        assert_eq!(RunToken::offered(token.as_str()), Some(token));
        for text in [
            "",
            "abc",
            &"A".repeat(32),
            &"a".repeat(33),
            &"\u{e9}".repeat(16),
        ] {
            assert_eq!(RunToken::offered(text), None, "{text}");
        }
    }

    #[test]
    fn a_token_never_shows_in_debug_output() {
        assert_eq!(format!("{:?}", RunToken::from_bits(0xabc)), "RunToken(…)");
    }
}
