//! The shape of `[channels]` in `kanban.toml`. Values know where they stand, so that a mistake is found
//! there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use crate::secret::Reference;

/// The part of the file that is ours; the dispatcher looks at the rest.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    pub(super) channels: Tables,
}

/// `[channels]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tables {
    pub(super) webhook: BTreeMap<String, WebhookTable>,
    pub(super) command: BTreeMap<String, CommandTable>,
    pub(super) telegram: Option<TelegramTable>,
    pub(super) slack: Option<SlackTable>,
}

/// `[channels.webhook.<name>]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookTable {
    pub(super) url: Spanned<String>,
    #[serde(default)]
    pub(super) secrets: Vec<Spanned<Reference>>,
}

/// `[channels.command.<name>]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandTable {
    pub(super) command: Spanned<Vec<String>>,
}

/// `[channels.telegram]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TelegramTable {
    pub(super) token: Spanned<Reference>,
    pub(super) base_url: Option<Spanned<String>>,
    pub(super) chat: Option<Spanned<ChatTable>>,
}

/// `[channels.slack]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlackTable {
    pub(super) token: Option<Spanned<Reference>>,
    pub(super) base_url: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) webhooks: BTreeMap<String, Spanned<Reference>>,
    /// The key with which Slack signs its requests; needed to listen.
    pub(super) signing_secret: Option<Spanned<Reference>>,
    pub(super) chat: Option<Spanned<ChatTable>>,
}

/// `[channels.telegram.chat]` and `[channels.slack.chat]`: who may speak to the board. Without it
/// nobody is listened to.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ChatTable {
    pub(super) users: BTreeSet<String>,
    pub(super) chats: BTreeSet<String>,
    pub(super) trusted: BTreeSet<String>,
}
