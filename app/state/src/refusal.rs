//! The server's refusals.

use std::fmt;

use domain::error::ErrorKind;
use serde::{Deserialize, Serialize};

/// A refused request: what kind of trouble it is, and a text that is fit to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of error.
    pub kind: ErrorKind,
    /// The message, one line.
    pub message: String,
    /// True where the task has a check, and a person who says so may finish it without.
    #[serde(default)]
    pub has_check: bool,
}

impl Refusal {
    /// One of this kind, with this text.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            has_check: false,
        }
    }

    /// A request that makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message.into())
    }

    /// A request that the answer passes over.
    pub fn unanswered() -> Self {
        Self::new(
            ErrorKind::Internal,
            "the server did not say what became of it".to_owned(),
        )
    }
}

/// The message that answers a visitor without a token.
const UNKNOWN: &str = "token required";

/// More of a proxy's page than this is not worth a notice.
const LONGEST: usize = 80;

impl Refusal {
    /// A request to which no answer came in time. It may have been carried out all the same.
    pub fn unheard() -> Self {
        Self::new(
            ErrorKind::Busy,
            "the server did not answer in time; the board shows what it has done".to_owned(),
        )
    }

    /// A request that did not reach the server.
    pub fn unreachable() -> Self {
        Self::new(ErrorKind::Busy, "the server cannot be reached".to_owned())
    }

    /// An answer that is none of the board's: some proxies lead to a page of their own when they want
    /// to know who asks.
    pub fn unreadable() -> Self {
        Self::new(
            ErrorKind::Busy,
            "something other than the board answered; reload the page".to_owned(),
        )
    }

    /// A refusal in other words than the board's: the front door's JSON, or the error page of a proxy
    /// before it.
    pub fn of_stranger(body: &str) -> Self {
        let (kind, message) = match detail(body) {
            Some(UNKNOWN) => (
                ErrorKind::Forbidden,
                "the server refused; reload the page to sign in again".to_owned(),
            ),
            Some(detail) => {
                let detail = detail.replace("\\\"", "\"");
                (ErrorKind::Refused, format!("the server refused: {detail}"))
            }
            None => {
                let title = body.split_once("<title>").and_then(|(_, behind)| {
                    behind.split_once("</title>").map(|(text, _)| text.trim())
                });
                let said = title.or_else(|| body.lines().next()).unwrap_or_default();
                let said: String = said.chars().take(LONGEST).collect();
                let message = format!("a proxy answered in place of the server: {said}");
                (ErrorKind::Busy, message)
            }
        };
        Self::new(kind, message)
    }
}

/// Returns the text of a refusal in JSON as it is written there; of several, all that is said of the
/// first one.
fn detail(body: &str) -> Option<&str> {
    let (_, detail) = body.split_once("\"detail\":")?;
    let (quote, close) = match detail.strip_prefix('"') {
        Some(text) => (text, '"'),
        None => (detail.strip_prefix('[')?, '}'),
    };
    let is_end = |at: &usize| !quote.get(..*at).unwrap_or_default().ends_with('\\');
    let end = quote.match_indices(close).map(|(at, _)| at).find(is_end)?;
    quote.get(..end)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> (ErrorKind, String) {
        let Refusal { kind, message, .. } = Refusal::of_stranger(body);
        (kind, message)
    }

    #[test]
    fn only_the_front_door_asks_to_sign_in_again() {
        let (kind, message) = told(r#"{"detail":"token required"}"#);
        assert_eq!(kind, ErrorKind::Forbidden);
        assert!(message.contains("sign in again"));
        let (kind, message) = told(r#"{"detail":"too many requests"}"#);
        assert_eq!(kind, ErrorKind::Refused);
        assert_eq!(message, "the server refused: too many requests");
        let (_, message) = told(r#"{"detail":"the key \"k\" is another request's"}"#);
        assert!(message.ends_with(r#"the key "k" is another request's"#));
        let (kind, message) = told(r#"{"detail":[{"msg":"Field required"}]}"#);
        assert_eq!(kind, ErrorKind::Refused);
        assert!(message.contains("Field required"));
    }

    #[test]
    fn the_error_page_of_a_proxy_is_told_as_what_it_is() {
        let nginx = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>…";
        for (body, said) in [
            (
                nginx,
                "a proxy answered in place of the server: 502 Bad Gateway",
            ),
            (
                "upstream timed out\nmore",
                "a proxy answered in place of the server: upstream timed out",
            ),
        ] {
            assert_eq!(told(body), (ErrorKind::Busy, said.to_owned()));
        }
        assert!(told(&"x".repeat(9_000)).1.len() < 200);
        assert_eq!(told("").0, ErrorKind::Busy);
    }
}
