//! The interface of all channels.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use domain::notify::Address;
use domain::notify::delivery::Retry;
use futures::future::BoxFuture;

use super::message::Message;

/// A way to reach people or programs.
pub(super) trait Channel: fmt::Debug + Send + Sync {
    /// Returns true when people read there, to whom only a few messages a minute are sent.
    fn is_chat(&self) -> bool;

    /// Takes a message there, once. Answers with the number that it got there, if it got one.
    fn deliver<'a>(
        &'a self,
        to: &'a Address,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>>;
}

/// The error of a delivery, and whether a retry may help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: String,
    pub(super) retry: Retry,
}

impl Failure {
    /// It may be taken later.
    pub(super) fn for_now(error: impl Into<String>) -> Self {
        let retry = Retry::Later { after: None };
        let error = error.into();
        Self { error, retry }
    }

    /// It will never be taken.
    pub(super) fn for_good(error: impl Into<String>) -> Self {
        let (error, retry) = (error.into(), Retry::Never);
        Self { error, retry }
    }
}

/// The channels that `kanban.toml` sets up, by platform.
#[derive(Clone, Debug, Default)]
pub(super) struct Channels(BTreeMap<&'static str, Arc<dyn Channel>>);

impl Channels {
    /// Sets one up.
    pub(super) fn add(&mut self, platform: &'static str, channel: impl Channel + 'static) {
        self.0.insert(platform, Arc::new(channel));
    }

    /// The channel of a platform.
    pub(super) fn of(&self, platform: &str) -> Option<&Arc<dyn Channel>> {
        self.0.get(platform)
    }
}
