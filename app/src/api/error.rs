//! The wire form of a refusal between server and page.

use domain::error::ErrorKind;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::{Bytes, Decodes};
use serde::{Deserialize, Serialize};
use state::refusal::Refusal;

use super::json::Json;

/// The answer to a request that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
#[serde(transparent)]
pub struct ApiError(pub Refusal);

impl FromServerFnError for ApiError {
    type Encoder = Json;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let (kind, message) = match error {
            ServerFnErrorErr::Request(_) => (ErrorKind::Busy, "the server cannot be reached"),
            // Some proxies lead to a page of their own when they want to know who asks.
            ServerFnErrorErr::Deserialization(_) => (
                ErrorKind::Busy,
                "something other than the board answered; reload the page",
            ),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => (
                ErrorKind::Malformed,
                "the form was not filled in as expected",
            ),
            _ => (ErrorKind::Internal, "the server did not understand"),
        };
        Self(Refusal {
            kind,
            message: message.to_owned(),
        })
    }

    /// Reads a body that came with an error's status. The front door answers in its own words, and so
    /// does whoever stands between it and the browser.
    fn de(body: Bytes) -> Self {
        Self::Encoder::decode(body.clone())
            .unwrap_or_else(|_| Self(Refusal::of_stranger(&String::from_utf8_lossy(&body))))
    }
}

impl From<ApiError> for Refusal {
    fn from(ApiError(refusal): ApiError) -> Self {
        refusal
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}
