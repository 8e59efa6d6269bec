//! The shape of `[channels]` in `kanban.toml`. Values know where they stand, so that a mistake is found
//! there. It is told of by its key, never by its value: that may be a secret.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::Wrong;
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
pub(super) fn tables(text: &str) -> Result<Vec<(String, Read)>, Wrong> {
    let file = DeTable::parse(text).map_err(|error| Wrong {
        at: error.span().map_or(0, |span| span.start),
        message: error.message().replace('\n', "; "),
    })?;
    let mut tables = Vec::new();
    let Some(channels) = file.into_inner().remove("channels") else {
        return Ok(tables);
    };
    for (platform, value) in entries("channels", channels)? {
        let at = format!("channels.{platform}");
        match platform.as_str() {
            "webhook" | "command" => match entries(&at, value) {
                Ok(named) => tables.extend(named.into_iter().map(|(name, value)| {
                    let at = format!("{at}.{name}");
                    let channel = format!("{platform}.{name}");
                    let table = match platform.as_str() {
                        "webhook" => read(&at, &value).map(|table| Table::Webhook(name, table)),
                        _ => read(&at, &value).map(|table| Table::Command(name, table)),
                    };
                    (channel, table)
                })),
                Err(wrong) => tables.push((platform, Err(wrong))),
            },
            "telegram" => tables.push((platform, read(&at, &value).map(Table::Telegram))),
            "slack" => tables.push((platform, read(&at, &value).map(Table::Slack))),
            _ => {
                let wrong = Wrong::at(&value, format!("{at} is no channel that there is"));
                tables.push((platform, Err(wrong)));
            }
        }
    }
    Ok(tables)
}

/// The entries of the table at the key `at`.
fn entries<'a>(
    at: &str,
    value: Spanned<DeValue<'a>>,
) -> Result<Vec<(String, Spanned<DeValue<'a>>)>, Wrong> {
    let span = value.span();
    let DeValue::Table(table) = value.into_inner() else {
        return Err(Wrong {
            at: span.start,
            message: format!("{at}: expected a table"),
        });
    };
    let entries = table.into_iter();
    let entries = entries.map(|(key, value)| (key.into_inner().into_owned(), value));
    Ok(entries.collect())
}

/// Reads the value of the key `at`.
fn read<T: DeserializeOwned>(at: &str, value: &Spanned<DeValue<'_>>) -> Result<T, Wrong> {
    T::deserialize(ValueDeserializer::from(value.clone())).map_err(|error| {
        let start = error.span().map_or(value.span().start, |span| span.start);
        let (at, complaint) = (key_at(at, value, start), without_value(error.message()));
        Wrong {
            at: start,
            message: format!("{at}: {complaint}"),
        }
    })
}

/// The key of the value at the byte `start`, which is or lies in that of the key `at`.
fn key_at(at: &str, value: &Spanned<DeValue<'_>>, start: usize) -> String {
    let mut entries = value.get_ref().as_table().into_iter().flatten();
    match entries.find(|(_, value)| value.span().contains(&start)) {
        Some((key, value)) => key_at(&format!("{at}.{}", key.get_ref()), value, start),
        None => at.to_owned(),
    }
}

/// A complaint of serde's, which names the value that it found but where a key is unknown or missing.
fn without_value(complaint: &str) -> String {
    match complaint.rsplit_once(", expected ") {
        Some((found, _)) if found.starts_with("unknown field") => complaint.to_owned(),
        Some((_, expected)) => format!("expected {expected}"),
        None if complaint.starts_with("missing field") => complaint.to_owned(),
        None => "it makes no sense".to_owned(),
    }
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
