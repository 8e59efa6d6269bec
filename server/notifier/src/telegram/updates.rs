//! Listening to Telegram, by long polling (<https://core.telegram.org/bots/api#getupdates>): the
//! server needs no address that others can reach.

use std::pin::pin;
use std::time::Duration;

use domain::notify::Address;
use domain::notify::delivery::Retry;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Failure, Patience, Telegram};
use crate::gateway::{About, Gateway, Heard};
use crate::pass;

/// The time for which Telegram holds a request back until there is something to answer.
const POLL: Duration = Duration::from_secs(50);

/// The back-off after a request that failed.
const TROUBLE: Duration = Duration::from_secs(5);

/// The back-off after one that will fail again, such as with a token that is revoked.
const HOPELESS: Duration = Duration::from_mins(1);

/// The most updates in an answer.
const AT_ONCE: usize = 10;

/// The part of an answer that is read, in bytes. A message has at most 4096 characters, of at most
/// six bytes each as they are escaped, and quotes at most one other: a hundred thousand bytes with
/// everything around them. Were less read, one long message would be asked for again for ever.
const LONGEST_ANSWER: usize = AT_ONCE * 128 * 1024;

/// A bot that listens.
#[derive(Clone)]
pub(crate) struct Updates {
    pub(crate) bot: Telegram,
    pub(crate) gateway: Gateway,
    /// The bot's user name, once it has been asked for.
    pub(crate) name: OnceCell<String>,
}

/// The bot itself (<https://core.telegram.org/bots/api#getme>).
#[derive(Debug, Deserialize)]
struct Me {
    username: String,
}

#[derive(Debug, Serialize)]
struct GetUpdates {
    offset: i64,
    limit: usize,
    timeout: u64,
    allowed_updates: [&'static str; 2],
}

/// An update whose number alone is known: what is in it may be nothing that we know.
#[derive(Debug, Deserialize)]
struct Numbered {
    #[serde(rename = "update_id")]
    number: i64,
    #[serde(flatten)]
    update: Value,
}

#[derive(Debug, Deserialize)]
struct Update {
    message: Option<Incoming>,
    callback_query: Option<Pressed>,
}

#[derive(Debug, Deserialize)]
struct Incoming {
    message_id: i64,
    from: Option<User>,
    chat: Chat,
    message_thread_id: Option<i64>,
    #[serde(default)]
    is_topic_message: bool,
    text: Option<String>,
    reply_to_message: Option<Quoted>,
}

#[derive(Debug, Deserialize)]
struct Quoted {
    message_id: i64,
}

/// A button was pressed.
#[derive(Debug, Deserialize)]
struct Pressed {
    id: String,
    from: User,
    message: Option<Incoming>,
    data: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: i64,
}

#[derive(Debug, Deserialize)]
struct Chat {
    id: i64,
}

#[derive(Debug, Serialize)]
struct AnswerCallbackQuery<'a> {
    callback_query_id: &'a str,
    text: String,
}

impl Updates {
    /// Listens until this is over. What is being done then is done to its end.
    pub(crate) async fn listen(&self, until: impl Future<Output = ()>) {
        let mut until = pin!(until);
        let mut offset = 0;
        loop {
            let listening = async {
                match self.poll(offset).await {
                    Ok(updates) => updates,
                    Err(pause) => {
                        pass(pause).await;
                        Vec::new()
                    }
                }
            };
            let updates = tokio::select! {
                () = &mut until => return,
                updates = listening => updates,
            };
            for Numbered { number, update } in updates {
                // The next request tells Telegram that this one was taken.
                offset = offset.max(number.saturating_add(1));
                match serde_json::from_value(update) {
                    Ok(update) => self.take(number, update).await,
                    Err(error) => tracing::debug!(%error, "an update of Telegram's is left out"),
                }
            }
        }
    }

    /// The new updates, or the back-off before asking again.
    async fn poll(&self, offset: i64) -> Result<Vec<Numbered>, Duration> {
        let parameters = GetUpdates {
            offset,
            limit: AT_ONCE,
            timeout: POLL.as_secs(),
            allowed_updates: ["message", "callback_query"],
        };
        let patience = Patience {
            time: POLL + TROUBLE,
            answer_bytes: LONGEST_ANSWER,
        };
        let polled = self
            .bot
            .call_with(patience, "getUpdates", &parameters)
            .await;
        polled.map_err(|failure| {
            tracing::warn!(error = failure.error, "cannot listen to Telegram");
            match failure.retry {
                Retry::Later { after: Some(after) } => {
                    Duration::from_secs(after.0.unsigned_abs()).max(TROUBLE)
                }
                Retry::Later { after: None } => TROUBLE,
                Retry::Never => HOPELESS,
            }
        })
    }

    async fn take(&self, number: i64, update: Update) {
        let key = format!("update:{number}");
        if let Some(message) = update.message {
            self.take_message(message, key).await;
        } else if let Some(pressed) = update.callback_query {
            self.take_press(pressed, key).await;
        }
    }

    async fn take_message(&self, message: Incoming, key: String) {
        let (Some(from), Some(text)) = (&message.from, &message.text) else {
            return;
        };
        let Some(text) = self.addressed(text).await else {
            return;
        };
        let heard = Heard {
            from: message.address(from.id),
            key,
            text,
            about: match &message.reply_to_message {
                Some(quoted) => About::Message(quoted.message_id.to_string()),
                None => About::Anything,
            },
        };
        let Some(reply) = self.gateway.hear(&heard).await else {
            return;
        };
        if let Err(failure) = self
            .bot
            .reply(&heard.from, &reply, message.message_id)
            .await
        {
            tracing::warn!(error = failure.error, "a reply did not get to Telegram");
        }
    }

    /// Returns a text without the name of the bot, to which a command is addressed in groups:
    /// `/kanban@our_bot list`. `None` for the command of another bot.
    async fn addressed(&self, text: &str) -> Option<String> {
        let Some(rest) = text.strip_prefix("/kanban@") else {
            return Some(text.to_owned());
        };
        let is_of_name = |char: char| char.is_alphanumeric() || char == '_';
        let end = rest.find(|char| !is_of_name(char)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let own = async || {
            let me = self.bot.call::<Me>("getMe", &json!({})).await?;
            Ok::<_, Failure>(me.username)
        };
        match self.name.get_or_try_init(own).await {
            Ok(own) => own
                .eq_ignore_ascii_case(name)
                .then(|| format!("/kanban{rest}")),
            Err(failure) => {
                tracing::warn!(
                    error = failure.error,
                    "a command to a bot of unknown name is left out"
                );
                None
            }
        }
    }

    async fn take_press(&self, pressed: Pressed, key: String) {
        let asked = pressed.data.as_deref().and_then(super::pressed);
        let (Some(message), Some((press, task))) = (&pressed.message, asked) else {
            return;
        };
        let heard = Heard {
            from: message.address(pressed.from.id),
            key,
            text: format!("/kanban {} {task}", press.verb()),
            about: About::Anything,
        };
        let Some(reply) = self.gateway.hear(&heard).await else {
            return;
        };
        let answer = AnswerCallbackQuery {
            callback_query_id: &pressed.id,
            // More than 200 characters are refused.
            text: reply.chars().take(200).collect(),
        };
        if let Err(failure) = self.bot.call::<bool>("answerCallbackQuery", &answer).await {
            tracing::warn!(error = failure.error, "a reply did not get to Telegram");
        }
    }
}

impl Incoming {
    fn address(&self, user: i64) -> Address {
        // Elsewhere the number of a thread is that of a reply, not of a topic.
        let topic = self.message_thread_id.filter(|_| self.is_topic_message);
        Address {
            platform: "telegram".to_owned(),
            chat_id: self.chat.id.to_string(),
            thread_id: topic.map_or_else(String::new, |topic| topic.to_string()),
            user_id: Some(user.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::command::BlockTask;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use dispatcher::Home;
    use kernel::Kernel;
    use tempfile::TempDir;
    use tokio::sync::oneshot;

    use super::*;
    use crate::gateway::tests::host;
    use crate::guests::Guests;
    use crate::receiver::Receiver;
    use crate::secret::Secret;
    use crate::web;

    const ME: &str = r#"{"ok":true,"result":{"id":123,"is_bot":true,"username":"our_bot"}}"#;

    /// A bot that listens to `receiver` and trusts the user 1, and its board.
    fn updates(receiver: &Receiver, folder: &TempDir) -> (Updates, Kernel) {
        let home = Home::at(folder.path()).unwrap();
        let kernel = Kernel::open(&home.db()).unwrap();
        let updates = Updates {
            bot: Telegram {
                client: Arc::new(web::client().unwrap()),
                base_url: receiver.url.clone(),
                token: Secret::of("123:swordfish"),
                is_listening: true,
            },
            gateway: Gateway {
                host: host(kernel.clone(), home),
                guests: Guests {
                    trusted: BTreeSet::from(["1".to_owned()]),
                    ..Guests::default()
                },
            },
            name: OnceCell::new(),
        };
        (updates, kernel)
    }

    #[tokio::test]
    async fn what_nobody_understands_holds_nothing_up() {
        let mut receiver = Receiver::start().await;
        let folder = tempfile::tempdir().unwrap();
        let (updates, _) = updates(&receiver, &folder);
        let asking = async {
            let long = "\u{1}".repeat(4_096);
            let strange = json!({"ok": true, "result": [
                {"update_id": 900, "message": "a picture of a door"},
                {"update_id": 901, "message": {"message_id": 10, "from": {"id": 2}, "chat": {"id": 7},
                    "text": long, "reply_to_message": {"message_id": 9, "text": long}}},
                {"update_id": i64::MAX, "poll": {}},
            ]});
            let strange = strange.to_string();
            // Longer than anything else may be.
            assert!(strange.len() > web::LONGEST_ANSWER / 2);
            receiver.answer(200, &strange).await;
            let next = receiver.next().await.json();
            assert_eq!(next["offset"], i64::MAX);
            assert_eq!(next["limit"], 10);
        };
        updates.listen(asking).await;
    }

    #[tokio::test]
    async fn a_command_is_carried_out_and_answered_in_its_topic() {
        let mut receiver = Receiver::start().await;
        let folder = tempfile::tempdir().unwrap();
        let (updates, kernel) = updates(&receiver, &folder);
        let (stop, stopping) = oneshot::channel();
        let listening = tokio::spawn(async move {
            let stopped = async { stopping.await.unwrap() };
            updates.listen(stopped).await;
        });

        let message = json!({"ok": true, "result": [{"update_id": 900, "message": {
            "message_id": 10, "date": 1, "from": {"id": 1, "is_bot": false, "first_name": "Ada"},
            "chat": {"id": -1007, "type": "supergroup"}, "is_topic_message": true,
            "message_thread_id": 5, "text": "/kanban@our_bot create 'fix the door'",
        }}]});
        let asked = receiver.answer(200, &message.to_string()).await;
        assert_eq!(asked.path, "/bot123:swordfish/getUpdates");
        assert_eq!(asked.json()["timeout"], 50);
        let me = receiver.answer(200, ME).await;
        assert_eq!(me.path, "/bot123:swordfish/getMe");
        let sent = r#"{"ok":true,"result":{"message_id":11}}"#;
        let reply = receiver.answer(200, sent).await.json();
        assert!(
            reply["text"].as_str().unwrap().starts_with("Created t_"),
            "{reply}"
        );
        assert_eq!(reply["message_thread_id"], 5);
        assert_eq!(reply["reply_parameters"], json!({"message_id": 10}));

        // Only now is Telegram told that it was taken; and it sends it once more all the same.
        let again = receiver.answer(200, &message.to_string()).await;
        assert_eq!(again.json()["offset"], 901);
        let task = kernel
            .tasks(kernel::TaskFilter::default())
            .await
            .unwrap()
            .remove(0)
            .id;
        let block = BlockTask {
            task: task.clone(),
            reason: None,
        };
        kernel.execute(&crate::notifier(), block).await.unwrap();
        let press = json!({"ok": true, "result": [{"update_id": 901, "callback_query": {
            "id": "c1", "from": {"id": 1}, "data": format!("unblock {task}"),
            "message": {"message_id": 12, "chat": {"id": -1007}},
        }}]});
        receiver.answer(200, &press.to_string()).await;
        let answered = receiver.answer(200, r#"{"ok":true,"result":true}"#).await;
        assert_eq!(answered.path, "/bot123:swordfish/answerCallbackQuery");
        assert_eq!(answered.json()["callback_query_id"], "c1");
        let tasks = kernel.tasks(kernel::TaskFilter::default()).await.unwrap();
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0].status.as_str(), "ready");

        stop.send(()).unwrap();
        listening.await.unwrap();
    }

    #[tokio::test]
    async fn a_command_is_taken_when_it_names_this_bot_and_no_other() {
        let mut receiver = Receiver::start().await;
        let folder = tempfile::tempdir().unwrap();
        let (updates, _) = updates(&receiver, &folder);
        let own = async |text| updates.addressed(text).await;
        assert_eq!(own("/kanban list").await.as_deref(), Some("/kanban list"));
        let (asked, other) = tokio::join!(receiver.answer(200, ME), own("/kanban@evil list"));
        assert_eq!(asked.path, "/bot123:swordfish/getMe");
        assert_eq!(other, None);
        assert_eq!(own("/kanban@our_bot_2 list").await, None);
        let named = own("/kanban@our_bot list").await;
        assert_eq!(named.as_deref(), Some("/kanban list"));
        assert_eq!(own("/kanban@Our_Bot").await.as_deref(), Some("/kanban"));
        receiver.is_left_alone();
    }

    #[tokio::test]
    async fn a_command_is_left_out_while_nobody_says_whose_it_is() {
        let mut receiver = Receiver::start().await;
        let folder = tempfile::tempdir().unwrap();
        let (updates, _) = updates(&receiver, &folder);
        let text = "/kanban@our_bot list";
        let (_, taken) = tokio::join!(receiver.answer(502, ""), updates.addressed(text));
        assert_eq!(taken, None);
        let (_, taken) = tokio::join!(receiver.answer(200, ME), updates.addressed(text));
        assert_eq!(taken.as_deref(), Some("/kanban list"));
    }
}
