//! Slack: incoming webhooks (<https://api.slack.com/messaging/webhooks>) and the Web API
//! (<https://api.slack.com/methods/chat.postMessage>).

pub(super) mod gate;

use std::collections::BTreeMap;

use domain::notify::Address;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::channel::{Channel, Failure};
use super::message::Message;
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
}

#[derive(Debug, Serialize)]
struct PostMessage<'a> {
    channel: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    thread_ts: &'a str,
    unfurl_links: bool,
}

#[derive(Debug, Serialize)]
struct Incoming<'a> {
    text: &'a str,
}

#[derive(Debug, Deserialize)]
struct Reply {
    ok: bool,
    ts: Option<String>,
    #[serde(default)]
    error: String,
}

/// What Slack calls trouble of its own; everything else that it calls an error stays one.
const FOR_NOW: [&str; 6] = [
    "fatal_error",
    "internal_error",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
];

impl Slack {
    /// Says something in a channel, and gives the number of the message.
    async fn say(&self, to: &Address, text: &str) -> Result<Option<String>, Failure> {
        if let Some(webhook) = self.webhooks.get(&to.chat_id) {
            let request = self.client.post(webhook.reveal()).json(&Incoming { text });
            web::send(request).await?;
            return Ok(None);
        }
        let token = self.token.as_ref().ok_or_else(|| {
            let chat = &to.chat_id;
            Failure::for_good(format!(
                "kanban.toml names no webhook {chat} and no token of Slack"
            ))
        })?;
        let parameters = PostMessage {
            channel: &to.chat_id,
            text,
            thread_ts: &to.thread_id,
            unfurl_links: false,
        };
        let url = format!("{}/api/chat.postMessage", self.base_url);
        let request = self
            .client
            .post(url)
            .bearer_auth(token.reveal())
            .json(&parameters);
        let reply: Result<Reply, _> = web::send(request).await?.json().await;
        match reply {
            Ok(Reply { ok: true, ts, .. }) => Ok(ts),
            Ok(Reply { error, .. }) => Err(refusal(&error)),
            Err(_) => Err(Failure::for_now("Slack answered without JSON")),
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

impl Channel for Slack {
    fn is_chat(&self) -> bool {
        true
    }

    fn deliver<'a>(
        &'a self,
        to: &'a Address,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        Box::pin(async move { self.say(to, &escape(&message.text())).await })
    }
}

/// What begins a mention or a link in Slack's text is meant as it stands
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

    /// Delivers to this channel, while the other side answers like this.
    async fn deliver(
        chat: &str,
        answer: (u16, &[(&str, &str)], &str),
    ) -> (Result<Option<String>, Failure>, Request) {
        let mut receiver = Receiver::start().await;
        let url = Secret::of(&format!("{}/services/T0/B0/swordfish", receiver.url));
        let slack = Slack {
            client: Arc::new(web::client().unwrap()),
            base_url: receiver.url.clone(),
            token: Some(Secret::of("xoxb-swordfish")),
            webhooks: BTreeMap::from([("general".to_owned(), url)]),
        };
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
        let answer = r#"{"ok":true,"channel":"C1","ts":"1503435957.000100"}"#;
        let (sent, request) = deliver("C1", (200, &[], answer)).await;
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
