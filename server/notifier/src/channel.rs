//! The interface of all channels.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::notify::Address;
use domain::notify::delivery::Retry;

use super::message::Message;

/// A way to reach people or programs.
#[async_trait]
pub(super) trait Channel: fmt::Debug + Send + Sync {
    /// Returns true when people read there, to whom only a few messages a minute are sent.
    fn is_chat(&self) -> bool;

    /// Takes a message there, once. Answers with the number that it got there, if it got one.
    async fn deliver(&self, to: &Address, message: &Message) -> Result<Option<String>, Failure>;
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
pub(super) struct Channels {
    sound: BTreeMap<&'static str, Arc<dyn Channel>>,
    /// The names of those that it should set up: `webhook.ci`, `telegram`.
    left_out: BTreeSet<String>,
    /// True when it cannot be read, so that nobody knows which there should be.
    all_left_out: bool,
}

impl Channels {
    /// Sets one up.
    pub(super) fn add(&mut self, platform: &'static str, channel: impl Channel + 'static) {
        self.sound.insert(platform, Arc::new(channel));
    }

    /// Notes one that cannot be set up before its table is mended.
    pub(super) fn leave_out(&mut self, name: String) {
        self.left_out.insert(name);
    }

    /// Notes that none can be set up before the file is mended.
    pub(super) fn leave_out_all(&mut self) {
        self.all_left_out = true;
    }

    /// Returns true when the channel to an address is left out: what it is to tell waits.
    pub(super) fn is_left_out(&self, to: &Address) -> bool {
        let Address {
            platform, chat_id, ..
        } = to;
        self.all_left_out
            || self.left_out.contains(platform)
            || self.left_out.contains(&format!("{platform}.{chat_id}"))
    }

    /// The channel of a platform.
    pub(super) fn of(&self, platform: &str) -> Option<&Arc<dyn Channel>> {
        self.sound.get(platform)
    }
}
