//! The one harness: the real program on a home folder of its own, and its public doors as verbs.
//!
//! Nothing here sleeps or polls. A test awaits the thing itself, under [`within`].

mod board;
mod program;
mod socket;

use std::time::Duration;

use anyhow::Context as _;

pub(crate) use board::{Board, text};
pub(crate) use program::path as program;
pub(crate) use socket::Socket;

/// Far longer than anything takes, on a machine that compiles something else meanwhile.
const LIMIT: Duration = Duration::from_mins(1);

/// Awaits `what`, but not for ever.
pub(crate) async fn within<T>(what: &str, coming: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(LIMIT, coming)
        .await
        .with_context(|| format!("waited {LIMIT:?} in vain for {what}"))
}
