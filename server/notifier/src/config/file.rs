//! The shape of `[channels]` in `kanban.toml`.

use std::collections::{BTreeMap, BTreeSet};

use dispatcher::{Document, Wrong};
use serde::Deserialize;
use toml::Spanned;

use crate::secret::Reference;

/// The table of one channel.
#[derive(Debug)]
pub(super) enum Table {
    Webhook(String, WebhookTable),
    Command(String, CommandTable),
    Telegram(TelegramTable),
    Slack(SlackTable),
}

/// The table of a channel, or the mistake in it.
pub(super) type Read = Result<Table, Wrong>;

/// Reads the table of each channel by itself, with its name: `webhook.ci`, `telegram`.
///
/// # Errors
/// Fails when the file is no TOML, or `channels` no table.
pub(super) fn tables(document: &Document) -> Result<Vec<(String, Read)>, Wrong> {
    let mut tables = Vec::new();
    let Some(channels) = document.table("channels")? else {
        return Ok(tables);
    };
    for platform in channels.entries()? {
        let name = platform.name().to_owned();
        match name.as_str() {
            "webhook" | "command" => match platform.entries() {
                Ok(channels) => tables.extend(channels.into_iter().map(|channel| {
                    let own = channel.name().to_owned();
                    let table = match name.as_str() {
                        "webhook" => channel.read().map(|table| Table::Webhook(own, table)),
                        _ => channel.read().map(|table| Table::Command(own, table)),
                    };
                    (format!("{name}.{}", channel.name()), table)
                })),
                Err(wrong) => tables.push((name, Err(wrong))),
            },
            "telegram" => tables.push((name, platform.read().map(Table::Telegram))),
            "slack" => tables.push((name, platform.read().map(Table::Slack))),
            _ => {
                let message = format!("{} is no channel that there is", platform.key);
                tables.push((name, Err(Wrong::at(&platform.value, message))));
            }
        }
    }
    Ok(tables)
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
