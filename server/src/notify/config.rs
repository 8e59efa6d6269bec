//! `[channels]` of `kanban.toml`: how people and programs are reached.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::sync::Arc;

use dispatcher::{Home, Mistake};
use kernel::Kernel;
use serde::Deserialize;

use super::channel::Channels;
use super::command::Commands;
use super::gateway::{Gateway, Guests};
use super::secret::{Reference, Secret};
use super::slack::Slack;
use super::slack::gate::Gate;
use super::telegram::Telegram;
use super::telegram::updates::Updates;
use super::web::{self, Shared};
use super::webhook::{Clock, Key, Webhook, Webhooks};

/// The part of the file that is ours; the dispatcher looks at the rest.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    channels: Tables,
}

/// `[channels]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tables {
    webhook: BTreeMap<String, WebhookTable>,
    command: BTreeMap<String, CommandTable>,
    telegram: Option<TelegramTable>,
    slack: Option<SlackTable>,
}

/// `[channels.webhook.<name>]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookTable {
    url: String,
    #[serde(default)]
    secrets: Vec<Reference>,
}

/// `[channels.command.<name>]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandTable {
    command: Vec<String>,
}

/// `[channels.telegram]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TelegramTable {
    token: Reference,
    #[serde(default = "telegram")]
    base_url: String,
    chat: Option<ChatTable>,
}

/// `[channels.slack]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlackTable {
    token: Option<Reference>,
    #[serde(default = "slack")]
    base_url: String,
    #[serde(default)]
    webhooks: BTreeMap<String, Reference>,
    /// What Slack signs its requests with; needed to listen.
    signing_secret: Option<Reference>,
    chat: Option<ChatTable>,
}

/// `[channels.telegram.chat]` and `[channels.slack.chat]`: who may speak to the board. Without it
/// nobody is listened to.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ChatTable {
    users: BTreeSet<String>,
    chats: BTreeSet<String>,
    trusted: BTreeSet<String>,
}

fn telegram() -> String {
    "https://api.telegram.org".to_owned()
}

fn slack() -> String {
    "https://slack.com".to_owned()
}

/// What follows from `[channels]`.
pub(super) struct Setup {
    pub(super) channels: Channels,
    /// Listens to Telegram.
    pub(super) updates: Option<Updates>,
    /// Lets Slack in.
    pub(super) gate: Option<Gate>,
}

/// Reads which channels there are, and their secrets. It blocks.
///
/// # Errors
/// When the file makes no sense, or a secret is not where it is said to be.
pub(super) fn read(kernel: &Kernel, home: &Home) -> Result<Setup, Mistake> {
    let path = home.config();
    let mistake = |line, message| Mistake {
        path: path.clone(),
        line,
        message,
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(mistake(None, format!("cannot be read: {error}"))),
    };
    let file: File = toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| line_of(&text, span.start));
        mistake(line, error.message().replace('\n', "; "))
    })?;
    set_up(file.channels, kernel, home).map_err(|message| mistake(None, message))
}

/// The number of the line with the byte `at`.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.bytes().take(at);
    before.filter(|byte| *byte == b'\n').count() + 1
}

fn set_up(tables: Tables, kernel: &Kernel, home: &Home) -> Result<Setup, String> {
    let gateway = |chat: ChatTable| Gateway {
        kernel: kernel.clone(),
        home: home.clone(),
        guests: Guests {
            users: chat.users,
            chats: chat.chats,
            trusted: chat.trusted,
        },
    };
    let client: Shared = Arc::new(web::client()?);
    let mut channels = Channels::default();
    let hooks = tables.webhook.into_iter().map(|(name, table)| {
        let hook = webhook(&name, &table)?;
        Ok((name, hook))
    });
    let hooks = hooks.collect::<Result<_, String>>()?;
    let (clock, client_of_hooks) = (Clock(kernel.clone()), client.clone());
    channels.add(
        "webhook",
        Webhooks {
            client: client_of_hooks,
            clock,
            hooks,
        },
    );
    let commands = tables
        .command
        .into_iter()
        .map(|(name, table)| match table.command.first() {
            Some(_) => Ok((name, table.command)),
            None => Err(format!("channels.command.{name} names no program")),
        });
    channels.add(
        "command",
        Commands(commands.collect::<Result<_, String>>()?),
    );
    let (mut updates, mut gate) = (None, None);
    if let Some(table) = tables.telegram {
        let bot = Telegram {
            client: client.clone(),
            base_url: base("channels.telegram.base_url", &table.base_url)?,
            token: resolve("channels.telegram.token", &table.token)?,
            is_listening: table.chat.is_some(),
        };
        channels.add("telegram", bot.clone());
        updates = table.chat.map(|chat| Updates {
            bot,
            gateway: gateway(chat),
        });
    }
    if let Some(mut table) = tables.slack {
        let (chat, secret) = (table.chat.take(), table.signing_secret.take());
        let slack = of_slack(client, table)?;
        channels.add("slack", slack.clone());
        gate = match (chat, secret) {
            (Some(chat), Some(secret)) => {
                let signing_secret = resolve("channels.slack.signing_secret", &secret)?;
                Some(Gate {
                    slack,
                    gateway: gateway(chat),
                    signing_secret,
                })
            }
            (Some(_), None) => {
                return Err("channels.slack.chat needs channels.slack.signing_secret".to_owned());
            }
            (None, _) => None,
        };
    }
    Ok(Setup {
        channels,
        updates,
        gate,
    })
}

fn webhook(name: &str, table: &WebhookTable) -> Result<Webhook, String> {
    let at = format!("channels.webhook.{name}");
    let url = base(&format!("{at}.url"), &table.url)?;
    let keys = table.secrets.iter().map(|secret| {
        let at = format!("{at}.secrets");
        Key::of(resolve(&at, secret)?).map_err(|message| format!("{at}: {secret}: {message}"))
    });
    let keys = keys.collect::<Result<_, String>>()?;
    Ok(Webhook { url, keys })
}

fn of_slack(client: Shared, table: SlackTable) -> Result<Slack, String> {
    let token = table
        .token
        .map(|token| resolve("channels.slack.token", &token))
        .transpose()?;
    let base_url = base("channels.slack.base_url", &table.base_url)?;
    let webhooks = table.webhooks.into_iter().map(|(name, reference)| {
        let at = format!("channels.slack.webhooks.{name}");
        let secret = resolve(&at, &reference)?;
        base(&at, secret.reveal()).map_err(|_| format!("{at}: {reference} is no address"))?;
        Ok((name, secret))
    });
    let webhooks = webhooks.collect::<Result<_, String>>()?;
    Ok(Slack {
        client,
        base_url,
        token,
        webhooks,
    })
}

fn resolve(at: &str, reference: &Reference) -> Result<Secret, String> {
    reference
        .resolve()
        .map_err(|message| format!("{at}: {message}"))
}

/// An address of HTTP, without the slash at its end.
fn base(at: &str, url: &str) -> Result<String, String> {
    match reqwest::Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => Err(format!("{at}: {url:?} is no address, expected https://…")),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    struct Folder(TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            folder.write("secret", "swordfish\n");
            folder
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.0.path().join(name), text).unwrap();
        }

        /// What follows from this file, in which SECRET is where a secret stands.
        fn read(&self, text: &str) -> Result<Setup, Mistake> {
            let home = Home::at(self.0.path()).unwrap();
            let secret = self.0.path().join("secret");
            let reference = format!("{{ file = {:?} }}", secret.to_str().unwrap());
            self.write("kanban.toml", &text.replace("SECRET", &reference));
            read(&Kernel::open(&home.db()).unwrap(), &home)
        }

        /// The line and the message of the mistake in this file.
        fn mistake(&self, text: &str) -> (Option<usize>, String) {
            match self.read(text) {
                Ok(_) => panic!("this is no mistake: {text}"),
                Err(mistake) => (mistake.line, mistake.message),
            }
        }
    }

    #[test]
    fn nobody_is_listened_to_unless_the_file_says_so() {
        let folder = Folder::new();
        let nothing = folder.read("[dispatcher]\ncap = 2\n").unwrap();
        assert!(nothing.channels.of("webhook").is_some() && nothing.channels.of("slack").is_none());
        let tells = "[channels.telegram]\ntoken = SECRET\n[channels.slack]\ntoken = SECRET\n";
        let tells = folder.read(tells).unwrap();
        assert!(tells.channels.of("slack").is_some() && tells.channels.of("telegram").is_some());
        assert!(tells.updates.is_none() && tells.gate.is_none());
        let listens = "[channels.telegram]\ntoken = SECRET\nchat.users = [\"1\"]\n\
             [channels.slack]\nsigning_secret = SECRET\nchat.users = [\"U1\"]\n";
        let listens = folder.read(listens).unwrap();
        assert!(listens.updates.is_some() && listens.gate.is_some());
    }

    #[test]
    fn a_mistake_is_found_where_it_stands() {
        let folder = Folder::new();
        let (line, message) = folder.mistake("[channels.telegram]\ntoken = SECRET\ntokne = 1\n");
        assert_eq!(line, Some(3));
        assert!(message.contains("tokne"), "{message}");
        let (line, _) = folder.mistake("[channels.telegram]\ntoken = \"swordfish\"\n");
        assert_eq!(line, Some(2), "a secret stands in the file");
        for (text, said) in [
            (
                "[channels.webhook.ci]\nurl = \"ftp://x\"\n",
                "channels.webhook.ci.url",
            ),
            (
                "[channels.command.x]\ncommand = []\n",
                "channels.command.x names no program",
            ),
            (
                "[channels.slack.chat]\nusers = []\n",
                "needs channels.slack.signing_secret",
            ),
            (
                "[channels.slack]\ntoken = { env = \"KANBAN_NO_SUCH\" }\n",
                "KANBAN_NO_SUCH is not set",
            ),
        ] {
            let (_, message) = folder.mistake(text);
            assert!(message.contains(said), "{message}");
        }
    }

    #[test]
    fn no_mistake_shows_a_secret() {
        let folder = Folder::new();
        for text in [
            "[channels.webhook.ci]\nurl = \"http://x\"\nsecrets = [SECRET]\n",
            "[channels.slack]\nwebhooks = { general = SECRET }\n",
        ] {
            // It is there, but no key and no address.
            folder.write("secret", "sword fish");
            let (_, message) = folder.mistake(text);
            assert!(
                message.contains("secret") && !message.contains("sword"),
                "{message}"
            );
        }
    }

    #[test]
    fn the_guide_shows_each_channel_as_it_is_set_up() {
        let guide = include_str!("../../guide/notifications.md");
        let blocks = guide.split("```toml\n").skip(1);
        let blocks = blocks.filter_map(|rest| rest.split("```").next());
        let mut shown = Vec::new();
        for block in blocks {
            let File { channels } = toml::from_str(block).unwrap_or_else(|error| panic!("{error}"));
            shown.extend((!channels.webhook.is_empty()).then_some("webhook"));
            shown.extend((!channels.command.is_empty()).then_some("command"));
            shown.extend(channels.telegram.map(|_| "telegram"));
            shown.extend(channels.slack.map(|_| "slack"));
        }
        assert_eq!(shown, ["webhook", "command", "telegram", "slack"]);
    }

    #[test]
    fn the_example_of_the_documentation_means_what_it_says() {
        let folder = Folder::new();
        let example = dispatcher::EXAMPLE;
        let ours = example.split("# [channels.webhook.ci]").nth(1).unwrap();
        let ours = format!("# [channels.webhook.ci]{ours}");
        let lines = ours.lines().filter_map(|line| line.strip_prefix("# "));
        let lines = lines.filter(|line| line.starts_with('[') || line.contains(" = "));
        let ours = lines.collect::<Vec<_>>().join("\n");
        let file: File = toml::from_str(&ours).unwrap_or_else(|error| panic!("{error}\n{ours}"));
        let tables = file.channels;
        assert!(tables.webhook.contains_key("ci") && tables.command.contains_key("phone"));
        assert!(tables.telegram.unwrap().chat.is_some() && tables.slack.unwrap().chat.is_some());
        folder.read("").unwrap();
    }
}
