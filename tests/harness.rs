//! The one harness: the real program on a home folder of its own, and its public doors as verbs.
//!
//! Nothing here sleeps or polls. A test awaits the thing itself, under [`within`].

pub(crate) mod board;
pub(crate) mod golden;
mod program;
mod socket;

use std::time::Duration;

use anyhow::Context as _;

pub(crate) use board::{Board, answer, text};
pub(crate) use socket::Socket;

/// Far longer than anything takes, on a machine that compiles something else meanwhile.
const LIMIT: Duration = Duration::from_mins(1);

/// Awaits `what`, but not for ever.
pub(crate) async fn within<T>(what: &str, coming: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(LIMIT, coming)
        .await
        .with_context(|| format!("waited {LIMIT:?} in vain for {what}"))
}

/// The status of a request.
pub(crate) async fn status(request: reqwest::RequestBuilder) -> anyhow::Result<u16> {
    Ok(request.send().await?.status().as_u16())
}

/// The value of a header of a response, empty where there is none.
pub(crate) fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
