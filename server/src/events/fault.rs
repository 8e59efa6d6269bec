//! The close code for a client's fault on its socket (RFC 6455, section 7.4.1).

use axum::extract::ws::{CloseCode, close_code};
use tungstenite::Error;
use tungstenite::error::ProtocolError;

use super::MAX_MESSAGE_BYTES;

/// The close code and the reason for what was read; `None` where the client is gone.
pub(super) fn of(error: axum::Error) -> Option<(CloseCode, String)> {
    let error = *error.into_inner().downcast::<Error>().ok()?;
    match error {
        Error::Capacity(_) => {
            let reason = format!("a message may have {MAX_MESSAGE_BYTES} bytes at most");
            Some((close_code::SIZE, reason))
        }
        Error::Utf8(_) => Some((close_code::INVALID, "a text must be UTF-8".to_owned())),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(error) => Some((close_code::PROTOCOL, error.to_string())),
        _ => None,
    }
}
