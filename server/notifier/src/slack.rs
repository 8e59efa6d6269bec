//! Slack: incoming webhooks (<https://api.slack.com/messaging/webhooks>) and the Web API
//! (<https://api.slack.com/methods/chat.postMessage>).

mod blocks;
pub(super) mod gate;
mod interaction;
mod signature;

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::notify::Address;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::channel::{Channel, Failure};
use super::message::{HINT, Message};
use super::secret::Secret;
use super::web::{self, Shared};

/// A workspace. The chat of an address is the name that `kanban.toml` gives to an incoming webhook,
/// or Slack's channel id, which needs the app's token; the thread is the `ts` of its first message.
#[derive(Clone, Debug)]
pub(super) struct Slack {
    pub(super) client: Shared,
    pub(super) base_url: String,
    pub(super) token: Option<Secret>,
    /// The address of an incoming webhook is a secret: whoever knows it may post.
    pub(super) webhooks: BTreeMap<String, Secret>,
    /// True when replies and buttons come back to us.
    pub(super) is_listening: bool,
}

#[derive(Debug, Serialize)]
struct PostMessage<'a> {
    channel: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    thread_ts: &'a str,
    unfurl_links: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<Value>,
}

#[derive(Debug, Serialize)]
struct OpenView<'a> {
    trigger_id: &'a str,
    view: Value,
}

#[derive(Debug, Serialize)]
struct Incoming<'a> {
    text: &'a str,
}

/// The envelope of every answer, with the method's own fields.
#[derive(Debug, Deserialize)]
struct Reply<T> {
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(flatten)]
    rest: T,
}

#[derive(Debug, Deserialize)]
struct Sent {
    ts: Option<String>,
}

/// An answer that says nothing else.
#[derive(Debug, Deserialize)]
struct Done {}

/// The names of Slack's temporary errors; every other error is permanent.
const FOR_NOW: [&str; 6] = [
    "fatal_error",
    "internal_error",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
];

impl Slack {
    /// Sends a message, and returns the platform's id of it. A question has buttons where answers
    /// come back to us; an incoming webhook is a way out only.
    async fn tell(&self, to: &Address, message: &Message) -> Result<Option<String>, Failure> {
        let mut text = escape(&message.text());
        if let Some(webhook) = self.webhooks.get(&to.chat_id) {
            let text = &text;
            let request = self.client.post(webhook.reveal()).json(&Incoming { text });
            web::send(request).await?;
            return Ok(None);
        }
        let question = message.question().filter(|_| self.is_listening);
        // Within a thread a reply is one to whatever began it.
        if question.is_some() && to.thread_id.is_empty() {
            text = format!("{text}\n{HINT}");
        }
        let blocks = question.map(|(task, press)| blocks::question(task, press, &text));
        self.post(to, &text, blocks).await
    }

    /// Replies in a channel or a thread.
    async fn reply(&self, to: &Address, text: &str) {
        if let Err(failure) = self.post(to, &escape(text), None).await {
            tracing::warn!(error = failure.error, "a reply did not get to Slack");
        }
    }

    async fn post(
        &self,
        to: &Address,
        text: &str,
        blocks: Option<Value>,
    ) -> Result<Option<String>, Failure> {
        let parameters = PostMessage {
            channel: &to.chat_id,
            text,
            thread_ts: &to.thread_id,
            unfurl_links: false,
            blocks,
        };
        let sent: Sent = self.call("chat.postMessage", &parameters).await?;
        Ok(sent.ts)
    }

    /// Opens a form in front of who has just pressed a button.
    async fn open(&self, trigger_id: &str, view: Value) -> Result<(), Failure> {
        let parameters = OpenView { trigger_id, view };
        self.call::<Done>("views.open", &parameters).await.map(drop)
    }

    /// Calls a method of the Web API.
    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: &impl Serialize,
    ) -> Result<T, Failure> {
        let token = self.token.as_ref().ok_or_else(|| {
            Failure::for_good("kanban.toml names no webhook of that name and no token of Slack")
        })?;
        let request = self
            .client
            .post(format!("{}/api/{method}", self.base_url))
            .bearer_auth(token.reveal())
            .json(parameters);
        let response = web::send(request).await?;
        match web::json(response, web::LONGEST_ANSWER).await {
            Some(Reply { ok: true, rest, .. }) => Ok(rest),
            Some(Reply { error, .. }) => Err(refusal(&error)),
            None => Err(Failure::for_now("Slack answered without JSON")),
        }
    }
}

fn refusal(error: &str) -> Failure {
    let sentence = format!("Slack answered {error}");
    if FOR_NOW.contains(&error) {
        Failure::for_now(sentence)
    } else {
        Failure::for_good(sentence)
    }
}

#[async_trait]
impl Channel for Slack {
    fn is_chat(&self) -> bool {
        true
    }

    async fn deliver(&self, to: &Address, message: &Message) -> Result<Option<String>, Failure> {
        self.tell(to, message).await
    }
}

/// Escapes the characters that begin a mention or a link in Slack's text
/// (<https://api.slack.com/reference/surfaces/formatting#escaping>).
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::notify::delivery::Retry;
    use domain::time::Seconds;

    use super::super::message::tests::delivery;
    use super::super::receiver::{Receiver, Request};
    use super::*;

    const SENT: &str = r#"{"ok":true,"channel":"C1","ts":"1503435957.000100"}"#;

    fn workspace(base_url: &str) -> Slack {
        let webhook = Secret::of(&format!("{base_url}/services/T0/B0/swordfish"));
        Slack {
            client: Arc::new(web::client().unwrap()),
            base_url: base_url.to_owned(),
            token: Some(Secret::of("xoxb-swordfish")),
            webhooks: BTreeMap::from([("general".to_owned(), webhook)]),
            is_listening: false,
        }
    }

    /// Delivers to this channel, while the other side answers like this.
    async fn deliver(
        chat: &str,
        answer: (u16, &[(&str, &str)], &str),
    ) -> (Result<Option<String>, Failure>, Request) {
        let mut receiver = Receiver::start().await;
        let slack = workspace(&receiver.url);
        let mut delivery = delivery("slack", chat);
        delivery.to.thread_id = "1503435956.000247".to_owned();
        let message = Message::of(std::slice::from_ref(&delivery), None).unwrap();
        let (status, headers, body) = answer;
        tokio::join!(
            slack.deliver(&delivery.to, &message),
            receiver.answer_with(status, headers, body)
        )
    }

    async fn retry_of(chat: &str, answer: (u16, &[(&str, &str)], &str)) -> Retry {
        deliver(chat, answer).await.0.unwrap_err().retry
    }

    #[tokio::test]
    async fn a_message_goes_to_its_channel_and_thread() {
        let (sent, request) = deliver("C1", (200, &[], SENT)).await;
        assert_eq!(sent, Ok(Some("1503435957.000100".to_owned())));
        assert_eq!(request.path, "/api/chat.postMessage");
        assert_eq!(request.header("authorization"), "Bearer xoxb-swordfish");
        assert_eq!(
            request.json(),
            serde_json::json!({
                "channel": "C1",
                "text": "⏸ Kanban t_0000009f blocked: which port?",
                "thread_ts": "1503435956.000247",
                "unfurl_links": false,
            })
        );
    }

    #[tokio::test]
    async fn a_question_has_buttons_where_they_come_back_to_us() {
        let mut receiver = Receiver::start().await;
        let slack = Slack {
            is_listening: true,
            ..workspace(&receiver.url)
        };
        let delivery = delivery("slack", "C1");
        let message = Message::of(std::slice::from_ref(&delivery), None).unwrap();
        let (sent, request) = tokio::join!(
            slack.deliver(&delivery.to, &message),
            receiver.answer(200, SENT)
        );
        sent.unwrap();
        let asked = request.json();
        let text = "⏸ Kanban t_0000009f blocked: which port?\nReply to this message to answer.";
        assert_eq!(asked["text"], text);
        assert_eq!(asked["blocks"][0]["text"]["text"], text);
        let buttons = asked["blocks"][1]["elements"].as_array().unwrap();
        let shown: Vec<_> = buttons
            .iter()
            .map(|button| {
                [
                    &button["text"]["text"],
                    &button["action_id"],
                    &button["value"],
                ]
            })
            .collect();
        assert_eq!(
            serde_json::json!(shown),
            serde_json::json!([
                ["Let it go on", "unblock", "t_0000009f"],
                ["Answer", "answer", "t_0000009f"],
            ])
        );
        let mut thread = delivery.to.clone();
        thread.thread_id = "9.1".to_owned();
        let (_, request) =
            tokio::join!(slack.deliver(&thread, &message), receiver.answer(200, SENT));
        // A reply there is one to the message that began the thread.
        assert_eq!(
            request.json()["text"],
            "⏸ Kanban t_0000009f blocked: which port?"
        );
    }

    #[tokio::test]
    async fn a_named_webhook_takes_the_text_alone() {
        let (sent, request) = deliver("general", (200, &[], "ok")).await;
        assert_eq!(sent, Ok(None));
        assert_eq!(request.path, "/services/T0/B0/swordfish");
        let text = "⏸ Kanban t_0000009f blocked: which port?";
        assert_eq!(request.json(), serde_json::json!({"text": text}));
        assert_eq!(
            retry_of("general", (404, &[], "no_service")).await,
            Retry::Never
        );
    }

    #[tokio::test]
    async fn slack_says_how_long_to_wait_and_what_is_hopeless() {
        let limited = (429, [("retry-after", "30")].as_slice(), "");
        let after = Some(Seconds(30));
        assert_eq!(retry_of("C1", limited).await, Retry::Later { after });
        let later = Retry::Later { after: None };
        let trouble = r#"{"ok":false,"error":"internal_error"}"#;
        assert_eq!(retry_of("C1", (200, &[], trouble)).await, later);
        assert_eq!(retry_of("C1", (503, &[], "")).await, later);
        let unknown = r#"{"ok":false,"error":"channel_not_found"}"#;
        assert_eq!(retry_of("C1", (200, &[], unknown)).await, Retry::Never);
    }

    #[test]
    fn a_title_mentions_nobody() {
        assert_eq!(
            escape("<!channel> & <@U1>"),
            "&lt;!channel&gt; &amp; &lt;@U1&gt;"
        );
    }
}
