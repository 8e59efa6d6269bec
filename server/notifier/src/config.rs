//! `[channels]` of `kanban.toml`: how people and programs are reached.

mod file;

use std::collections::BTreeMap;
use std::sync::Arc;

use dispatcher::{Document, Mistake, Secrets, Wrong};
use tokio::sync::OnceCell;
use toml::Spanned;

use self::file::{ChatTable, CommandTable, Read, SlackTable, Table, TelegramTable, WebhookTable};
use super::channel::Channels;
use super::command::{Commands, RUNNER};
use super::gateway::{Gateway, Host};
use super::guests::Guests;
use super::secret::{Reference, Secret};
use super::slack::Slack;
use super::slack::gate::Gate;
use super::telegram::Telegram;
use super::telegram::updates::Updates;
use super::web::Shared;
use super::webhook::{Clock, Key, Webhook, Webhooks};

const TELEGRAM: &str = "https://api.telegram.org";
const SLACK: &str = "https://slack.com";

/// The setup made of `[channels]`.
#[derive(Default)]
pub(super) struct Setup {
    pub(super) channels: Channels,
    /// Listens to Telegram.
    pub(super) updates: Option<Updates>,
    /// Lets Slack in.
    pub(super) gate: Option<Arc<Gate>>,
}

/// Reads the channels that can be set up, with their secrets, and why the others cannot. It blocks.
pub(super) fn read(document: &Document, client: &Shared, host: &Host) -> (Setup, Vec<Mistake>) {
    let (setup, wrongs) = match file::tables(document) {
        Ok(tables) => set_up(tables, Secrets::of(document), client, host),
        Err(wrong) => {
            let mut setup = Setup::default();
            setup.channels.leave_out_all();
            (setup, vec![wrong])
        }
    };
    let mistakes = wrongs.into_iter().map(|wrong| document.mistake(wrong));
    (setup, mistakes.collect())
}

/// Sets each channel up by itself: the mistake in one keeps no other from telling.
fn set_up(
    tables: Vec<(String, Read)>,
    secrets: Secrets,
    client: &Shared,
    host: &Host,
) -> (Setup, Vec<Wrong>) {
    let (mut setup, mut wrongs) = (Setup::default(), Vec::new());
    let (mut hooks, mut programs) = (BTreeMap::new(), BTreeMap::new());
    for (name, table) in tables {
        let made = table.and_then(|table| match table {
            Table::Webhook(name, table) => {
                hooks.insert(name.clone(), webhook(&name, &table)?);
                Ok(())
            }
            Table::Command(name, table) => {
                programs.insert(name.clone(), command(&name, table)?);
                Ok(())
            }
            Table::Telegram(table) => set_up_telegram(&mut setup, table, client, host),
            Table::Slack(table) => set_up_slack(&mut setup, table, client, host),
        });
        if let Err(wrong) = made {
            setup.channels.leave_out(name);
            wrongs.push(wrong);
        }
    }
    let webhooks = Webhooks {
        client: client.clone(),
        clock: Clock(host.kernel.clone()),
        hooks,
    };
    setup.channels.add("webhook", webhooks);
    let commands = Commands {
        runner: RUNNER,
        programs,
        secrets,
    };
    setup.channels.add("command", commands);
    (setup, wrongs)
}

fn command(name: &str, table: CommandTable) -> Result<Vec<String>, Wrong> {
    if table.command.get_ref().is_empty() {
        let message = format!("channels.command.{name} names no program");
        return Err(Wrong::at(&table.command, message));
    }
    Ok(table.command.into_inner())
}

fn webhook(name: &str, table: &WebhookTable) -> Result<Webhook, Wrong> {
    let at = format!("channels.webhook.{name}");
    let url = base(&format!("{at}.url"), &table.url)?;
    let keys = table.secrets.iter().map(|secret| {
        let (at, place) = (format!("{at}.secrets"), secret.get_ref());
        Key::of(resolve(&at, secret)?)
            .map_err(|message| Wrong::at(secret, format!("{at}: {place}: {message}")))
    });
    let keys = keys.collect::<Result<_, _>>()?;
    Ok(Webhook { url, keys })
}

fn set_up_telegram(
    setup: &mut Setup,
    table: TelegramTable,
    client: &Shared,
    host: &Host,
) -> Result<(), Wrong> {
    let bot = Telegram {
        client: client.clone(),
        base_url: base_or(TELEGRAM, "channels.telegram.base_url", table.base_url)?,
        token: resolve("channels.telegram.token", &table.token)?,
        is_listening: table.chat.is_some(),
    };
    setup.channels.add("telegram", bot.clone());
    setup.updates = table.chat.map(|chat| Updates {
        bot,
        gateway: gateway(host, chat),
        name: OnceCell::new(),
    });
    Ok(())
}

fn set_up_slack(
    setup: &mut Setup,
    table: SlackTable,
    client: &Shared,
    host: &Host,
) -> Result<(), Wrong> {
    let token = table
        .token
        .map(|token| resolve("channels.slack.token", &token))
        .transpose()?;
    let slack = Slack {
        client: client.clone(),
        base_url: base_or(SLACK, "channels.slack.base_url", table.base_url)?,
        token,
        webhooks: slack_webhooks(table.webhooks)?,
        is_listening: table.chat.is_some(),
    };
    setup.channels.add("slack", slack.clone());
    let Some(chat) = table.chat else {
        return Ok(());
    };
    let secret = table.signing_secret.ok_or_else(|| {
        let message = "channels.slack.chat needs channels.slack.signing_secret";
        Wrong::at(&chat, message)
    })?;
    setup.gate = Some(Arc::new(Gate {
        slack,
        gateway: gateway(host, chat),
        signing_secret: resolve("channels.slack.signing_secret", &secret)?,
    }));
    Ok(())
}

fn slack_webhooks(
    references: BTreeMap<String, Spanned<Reference>>,
) -> Result<BTreeMap<String, Secret>, Wrong> {
    let webhooks = references.into_iter().map(|(name, reference)| {
        let at = format!("channels.slack.webhooks.{name}");
        let (secret, place) = (resolve(&at, &reference)?, reference.get_ref());
        if is_address(secret.reveal()) {
            Ok((name, secret))
        } else {
            let message = format!("{at}: {place} is no address");
            Err(Wrong::at(&reference, message))
        }
    });
    webhooks.collect()
}

fn gateway(host: &Host, chat: Spanned<ChatTable>) -> Gateway {
    let ChatTable {
        users,
        chats,
        trusted,
    } = chat.into_inner();
    Gateway {
        host: host.clone(),
        guests: Guests {
            users,
            chats,
            trusted,
        },
    }
}

fn resolve(at: &str, reference: &Spanned<Reference>) -> Result<Secret, Wrong> {
    let resolved = reference.get_ref().resolve();
    resolved.map_err(|message| Wrong::at(reference, format!("{at}: {message}")))
}

fn base_or(usual: &str, at: &str, url: Option<Spanned<String>>) -> Result<String, Wrong> {
    url.map_or(Ok(usual.to_owned()), |url| base(at, &url))
}

/// An address of HTTP, without the slash at its end.
fn base(at: &str, url: &Spanned<String>) -> Result<String, Wrong> {
    let text = url.get_ref();
    if is_address(text) {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        let message = format!("{at} is no address, expected https://…");
        Err(Wrong::at(url, message))
    }
}

fn is_address(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use dispatcher::Home;
    use kernel::Kernel;
    use tempfile::TempDir;

    use super::super::gateway::tests::host;
    use super::super::web;
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

        /// Reads this file, with a secret in place of SECRET.
        fn read(&self, text: &str) -> Result<Setup, Mistake> {
            let home = Home::at(self.0.path()).unwrap();
            let secret = self.0.path().join("secret");
            let reference = format!("{{ file = {:?} }}", secret.to_str().unwrap());
            self.write("kanban.toml", &text.replace("SECRET", &reference));
            let host = host(Kernel::open(&home.db()).unwrap(), home);
            let (document, client) = (Document::read(&host.home), web::client().unwrap());
            let (setup, mistakes) = read(&document, &Arc::new(client), &host);
            mistakes.into_iter().next().map_or(Ok(setup), Err)
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
        for (text, line, said) in [
            (
                "[channels.webhook.ci]\nurl = \"ftp://x\"\n",
                2,
                "channels.webhook.ci.url",
            ),
            (
                "[channels.command.x]\ncommand = []\n",
                2,
                "channels.command.x names no program",
            ),
            (
                "[channels.slack]\ntoken = SECRET\nchat.users = []\n",
                3,
                "needs channels.slack.signing_secret",
            ),
            (
                "\n\n[channels.slack]\ntoken = { env = \"KANBAN_NO_SUCH\" }\n",
                4,
                "KANBAN_NO_SUCH is not set",
            ),
        ] {
            let (found, message) = folder.mistake(text);
            assert!(message.contains(said), "{message}");
            assert_eq!(found, Some(line), "{message}");
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
    fn no_mistake_shows_a_value() {
        let folder = Folder::new();
        for (text, line, key) in [
            (
                "[channels.telegram]\ntoken = \"123:SWORDFISH\"\n",
                2,
                "telegram.token",
            ),
            ("[channels.telegram]\ntoken = 123456:SWORDFISH\n", 2, ""),
            (
                "[channels.telegram]\ntoken = { env = [\"SWORDFISH\"] }\n",
                2,
                "telegram.token.env",
            ),
            (
                "[channels.telegram]\ntoken = { env = \"123:SWORDFISH\" }\n",
                2,
                "telegram.token",
            ),
            (
                "[channels.telegram]\ntoken = { SWORDFISH = \"\" }\n",
                2,
                "telegram.token",
            ),
            (
                "[channels.slack]\nwebhooks = \"SWORDFISH, expected SWORDFISH\"\n",
                2,
                "slack.webhooks",
            ),
            (
                "[channels.webhook.ci]\nurl = \"SWORDFISH\"\n",
                2,
                "webhook.ci.url",
            ),
            (
                "[channels]\ntelegram = \"SWORDFISH\"\n",
                2,
                "channels.telegram",
            ),
            ("\nchannels = \"SWORDFISH\"\n", 2, "channels"),
        ] {
            let (found, message) = folder.mistake(text);
            assert_eq!(found, Some(line), "{text}{message}");
            assert!(
                message.contains(key) && !message.contains("SWORDFISH"),
                "{message}"
            );
        }
    }

    #[test]
    fn one_wrong_table_leaves_the_others_as_they_are() {
        let folder = Folder::new();
        for wrong in [
            "[channels.webhook.bad]\nurl = 5\n",
            "[channels.webhook.bad]\nulr = 1\n",
            "[channels.telegram]\ntoken = 5\n",
            "[channels.command]\nbad = 1\n",
            "[channels.pigeon]\nx = 1\n",
        ] {
            let text = format!("{wrong}[channels.webhook.ci]\nurl = \"http://x\"\n");
            assert_eq!(sound(&text), ["webhook.ci"]);
            folder.mistake(&text);
        }
    }

    /// The names of the channels in a file whose tables make sense.
    fn sound(text: &str) -> Vec<String> {
        let document = Document::new("/h/kanban.toml".into(), text.to_owned());
        let tables = file::tables(&document).unwrap().into_iter();
        tables
            .filter_map(|(name, table)| table.ok().map(|_| name))
            .collect()
    }

    #[test]
    fn the_guide_shows_each_channel_as_it_is_set_up() {
        let guide = include_str!("../../guide/notifications.md");
        let blocks = guide.split("```toml\n").skip(1);
        let blocks = blocks.filter_map(|rest| rest.split("```").next());
        let shown = blocks.flat_map(sound).map(|name| {
            let (platform, _) = name.split_once('.').unwrap_or((&name, ""));
            platform.to_owned()
        });
        let shown: Vec<_> = shown.collect();
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
        let names = sound(&ours);
        assert_eq!(names.len(), 4, "{names:?}");
        folder.read("").unwrap();
    }
}
