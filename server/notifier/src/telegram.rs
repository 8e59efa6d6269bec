//! Telegram, by its Bot API (<https://core.telegram.org/bots/api>).

pub(super) mod updates;

use std::time::Duration;

use async_trait::async_trait;
use domain::id::TaskId;
use domain::notify::Address;
use domain::notify::delivery::Retry;
use reqwest::Response;
use serde::{Deserialize, Serialize};

use super::channel::{Channel, Failure};
use super::message::{HINT, Message, Press};
use super::secret::Secret;
use super::web::{self, Shared};

/// A bot. The chat of an address is Telegram's chat id, the thread its topic.
#[derive(Clone, Debug)]
pub(super) struct Telegram {
    pub(super) client: Shared,
    pub(super) base_url: String,
    pub(super) token: Secret,
    /// True when replies and buttons come back to us.
    pub(super) is_listening: bool,
}

#[derive(Debug, Serialize)]
struct SendMessage<'a> {
    chat_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_thread_id: Option<i64>,
    text: &'a str,
    link_preview_options: LinkPreview,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_parameters: Option<ReplyTo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<Keyboard>,
}

#[derive(Debug, Serialize)]
struct ReplyTo {
    message_id: i64,
}

#[derive(Debug, Serialize)]
struct Keyboard {
    inline_keyboard: [[Button; 1]; 1],
}

#[derive(Debug, Serialize)]
struct Button {
    text: &'static str,
    callback_data: String,
}

#[derive(Debug, Serialize)]
struct LinkPreview {
    is_disabled: bool,
}

/// The limits on an answer.
#[derive(Clone, Copy, Debug)]
struct Patience {
    time: Duration,
    answer_bytes: usize,
}

/// The envelope of every answer.
#[derive(Debug, Deserialize)]
struct Reply<T> {
    ok: bool,
    result: Option<T>,
    error_code: Option<u16>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Debug, Default, Deserialize)]
struct Parameters {
    retry_after: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Sent {
    message_id: i64,
}

/// The longest message, in code units of UTF-16 (<https://core.telegram.org/bots/api#sendmessage>).
const LONGEST_TEXT: usize = 4_096;

/// The button below a question; its data have no more than 64 bytes.
fn button(task: &TaskId, press: Press) -> Keyboard {
    let callback_data = format!("{} {task}", press.verb());
    Keyboard {
        inline_keyboard: [[Button {
            text: press.label(),
            callback_data,
        }]],
    }
}

/// As much of a text as one message holds: 4096 code units of UTF-16. A longer one is refused for
/// good.
fn fit(text: &str) -> &str {
    let mut units = 0;
    let end = text.char_indices().find(|(_, char)| {
        units += char.len_utf16();
        units > LONGEST_TEXT
    });
    end.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// Reads the act of a button, and its task.
fn pressed(data: &str) -> Option<(Press, TaskId)> {
    let (verb, task) = data.split_once(' ')?;
    Some((Press::named(verb)?, task.parse().ok()?))
}

impl Telegram {
    /// Calls a method.
    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        method: &str,
        parameters: &impl Serialize,
    ) -> Result<T, Failure> {
        let patience = Patience {
            time: web::TIMEOUT,
            answer_bytes: web::LONGEST_ANSWER,
        };
        self.call_with(patience, method, parameters).await
    }

    /// Calls a method. The token is part of the address, so no error may show that.
    async fn call_with<T: for<'de> Deserialize<'de>>(
        &self,
        patience: Patience,
        method: &str,
        parameters: &impl Serialize,
    ) -> Result<T, Failure> {
        let url = format!("{}/bot{}/{method}", self.base_url, self.token.reveal());
        let request = self.client.post(url).timeout(patience.time);
        let request = request.json(parameters);
        let response = request
            .send()
            .await
            .map_err(|error| web::unanswered(&error))?;
        read(response, patience.answer_bytes).await
    }

    /// Sends a message, and returns the platform's id of it.
    async fn tell(&self, to: &Address, message: &Message) -> Result<i64, Failure> {
        let question = message.question().filter(|_| self.is_listening);
        let mut text = message.text();
        if question.is_some() {
            text = format!("{text}\n{HINT}");
        }
        let parameters = SendMessage {
            reply_markup: question.map(|(task, press)| button(task, press)),
            ..SendMessage::to(to, fit(&text))
        };
        let sent: Sent = self.call("sendMessage", &parameters).await?;
        Ok(sent.message_id)
    }

    /// Replies to somebody's message.
    async fn reply(&self, to: &Address, text: &str, message_id: i64) -> Result<(), Failure> {
        let parameters = SendMessage {
            reply_parameters: Some(ReplyTo { message_id }),
            ..SendMessage::to(to, fit(text))
        };
        self.call::<Sent>("sendMessage", &parameters)
            .await
            .map(drop)
    }
}

impl<'a> SendMessage<'a> {
    fn to(to: &'a Address, text: &'a str) -> Self {
        Self {
            chat_id: &to.chat_id,
            message_thread_id: to.thread_id.parse().ok(),
            text,
            link_preview_options: LinkPreview { is_disabled: true },
            reply_parameters: None,
            reply_markup: None,
        }
    }
}

async fn read<T: for<'de> Deserialize<'de>>(
    response: Response,
    longest: usize,
) -> Result<T, Failure> {
    let status = response.status();
    let reply: Option<Reply<T>> = web::json(response, longest).await;
    match reply {
        Some(Reply {
            ok: true,
            result: Some(result),
            ..
        }) => Ok(result),
        Some(reply) => Err(refusal(reply)),
        // No answer of Telegram's: a proxy in between, or a server in trouble.
        None => Err(Failure::for_now(format!(
            "answered {} without JSON",
            status.as_u16()
        ))),
    }
}

fn refusal<T>(reply: Reply<T>) -> Failure {
    let Reply {
        error_code,
        description,
        parameters,
        ..
    } = reply;
    let code = error_code.unwrap_or_default();
    let error = format!("Telegram answered {code}: {description}");
    let retry = match code {
        429 | 500.. => Retry::Later {
            after: parameters.retry_after.map(web::wait),
        },
        _ => Retry::Never,
    };
    Failure { error, retry }
}

#[async_trait]
impl Channel for Telegram {
    fn is_chat(&self) -> bool {
        true
    }

    async fn deliver(&self, to: &Address, message: &Message) -> Result<Option<String>, Failure> {
        let number = self.tell(to, message).await?;
        Ok(Some(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::time::Seconds;

    use super::super::message::tests::delivery;
    use super::super::receiver::{Receiver, Request};
    use super::*;

    const SENT: &str = r#"{"ok":true,"result":{"message_id":42,"date":1,"chat":{"id":7}}}"#;

    /// Delivers to this topic, while the other side answers like this.
    async fn deliver(
        thread: &str,
        status: u16,
        answer: &str,
    ) -> (Result<Option<String>, Failure>, Request) {
        let mut receiver = Receiver::start().await;
        let bot = Telegram {
            client: Arc::new(web::client().unwrap()),
            base_url: receiver.url.clone(),
            token: Secret::of("123:swordfish"),
            is_listening: thread == "5",
        };
        let mut delivery = delivery("telegram", "-1007");
        delivery.to.thread_id = thread.to_owned();
        let message = Message::of(std::slice::from_ref(&delivery), Some("http://k")).unwrap();
        tokio::join!(
            bot.deliver(&delivery.to, &message),
            receiver.answer(status, answer)
        )
    }

    #[tokio::test]
    async fn a_message_goes_to_its_chat_and_topic() {
        let (sent, request) = deliver("5", 200, SENT).await;
        assert_eq!(sent, Ok(Some("42".to_owned())));
        assert_eq!(request.path, "/bot123:swordfish/sendMessage");
        assert_eq!(
            request.json(),
            serde_json::json!({
                "chat_id": "-1007",
                "message_thread_id": 5,
                "text": "⏸ Kanban t_0000009f blocked: which port?\nhttp://k/t/t_0000009f\n\
                    Reply to this message to answer.",
                "link_preview_options": {"is_disabled": true},
                "reply_markup": {"inline_keyboard": [[
                    {"text": "Let it go on", "callback_data": "unblock t_0000009f"}
                ]]},
            })
        );
        let (_, request) = deliver("", 200, SENT).await;
        let (plain, absent) = (request.json(), ["message_thread_id", "reply_markup"]);
        assert!(absent.iter().all(|key| plain.get(key).is_none()), "{plain}");
    }

    #[test]
    fn a_text_is_cut_to_what_one_message_holds() {
        assert_eq!(fit("short"), "short");
        assert_eq!(fit(&"x".repeat(5_000)).len(), 4_096);
        // Two code units each.
        assert_eq!(fit(&"🔄".repeat(3_000)).chars().count(), 2_048);
    }

    #[tokio::test]
    async fn telegram_says_how_long_to_wait() {
        let answer = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}"#;
        let (failed, _) = deliver("", 429, answer).await;
        let after = Some(Seconds(35));
        assert_eq!(failed.unwrap_err().retry, Retry::Later { after });
    }

    #[tokio::test]
    async fn a_chat_that_is_not_there_is_given_up_and_trouble_is_not() {
        let answer = r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#;
        let failure = deliver("", 400, answer).await.0.unwrap_err();
        assert_eq!(failure.retry, Retry::Never);
        assert_eq!(
            failure.error,
            "Telegram answered 400: Bad Request: chat not found"
        );
        for (status, answer) in [(502, "<html>"), (500, r#"{"ok":false,"error_code":500}"#)] {
            let failure = deliver("", status, answer).await.0.unwrap_err();
            assert_eq!(failure.retry, Retry::Later { after: None }, "{failure:?}");
        }
    }

    #[tokio::test]
    async fn no_error_shows_the_token() {
        let bot = Telegram {
            client: Arc::new(web::client().unwrap()),
            // Nothing listens on the port of the discard service.
            base_url: "http://127.0.0.1:9".to_owned(),
            token: Secret::of("123:swordfish"),
            is_listening: false,
        };
        let delivery = delivery("telegram", "7");
        let message = Message::of(std::slice::from_ref(&delivery), None).unwrap();
        let failure = bot.deliver(&delivery.to, &message).await.unwrap_err();
        assert_eq!(failure.retry, Retry::Later { after: None });
        let shown = format!("{failure:?} {bot:?}");
        assert!(!shown.contains("swordfish"), "{shown}");
        assert!(shown.contains("refused"), "{shown}");
    }
}
