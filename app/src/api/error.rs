//! The wire form of a refusal between server and page.

use domain::error::ErrorKind;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
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
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => (
                ErrorKind::Malformed,
                "the form was not filled in as expected",
            ),
            _ => (ErrorKind::Internal, "the server did not understand"),
        };
        Self(Refusal::new(kind, message))
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
