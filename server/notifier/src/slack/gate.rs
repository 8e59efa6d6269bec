//! The endpoints for Slack: slash commands, events and interactions. They show no token of ours but
//! Slack's signature.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::notify::Address;
use serde::Deserialize;
use serde_json::json;

use super::interaction::Interaction;
use super::{Slack, escape, signature};
use crate::Gates;
use crate::gateway::{About, Gateway, Heard};
use crate::secret::Secret;

/// The gate for one workspace.
pub(crate) struct Gate {
    pub(crate) slack: Slack,
    pub(crate) gateway: Gateway,
    pub(crate) signing_secret: Secret,
}

/// A slash command (<https://api.slack.com/interactivity/slash-commands>).
#[derive(Debug, Default)]
struct SlashCommand {
    channel_id: String,
    user_id: String,
    text: String,
    trigger_id: String,
}

/// A request of the Events API (<https://api.slack.com/apis/events-api>).
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Envelope {
    UrlVerification {
        challenge: String,
    },
    EventCallback {
        event: Event,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Event {
    channel: Option<String>,
    user: Option<String>,
    text: Option<String>,
    ts: Option<String>,
    thread_ts: Option<String>,
    /// Set on messages of bots, ourselves among them, which are ignored.
    bot_id: Option<String>,
    /// Edits, joins and the like.
    subtype: Option<String>,
}

/// Takes `/kanban …`.
pub(crate) async fn command(gates: State<Gates>, headers: HeaderMap, body: Bytes) -> Response {
    match open(&gates, &headers, &body) {
        Ok(gate) => gate.take_command(&SlashCommand::read(&body)).await,
        Err(status) => status.into_response(),
    }
}

/// Takes what is written where the app listens.
pub(crate) async fn events(gates: State<Gates>, headers: HeaderMap, body: Bytes) -> Response {
    match (open(&gates, &headers, &body), serde_json::from_slice(&body)) {
        (Err(status), _) => status.into_response(),
        (Ok(gate), Ok(envelope)) => gate.take_event(envelope).await,
        (Ok(_), Err(_)) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Takes what is pressed and filled in.
pub(crate) async fn interaction(gates: State<Gates>, headers: HeaderMap, body: Bytes) -> Response {
    match (open(&gates, &headers, &body), Interaction::read(&body)) {
        (Err(status), _) => status.into_response(),
        (Ok(gate), Some(interaction)) => {
            gate.take_interaction(interaction).await;
            StatusCode::OK.into_response()
        }
        (Ok(_), None) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// The gate, for a request that Slack has signed. Nothing else of the request counts before that.
fn open(gates: &Gates, headers: &HeaderMap, body: &[u8]) -> Result<Arc<Gate>, StatusCode> {
    let gate = gates.now().ok_or(StatusCode::NOT_FOUND)?;
    let now = gate.gateway.host.kernel.now();
    if signature::is_signed(&gate.signing_secret, headers, body, now) {
        Ok(gate)
    } else {
        Err(StatusCode::UNAUTHORIZED)
    }
}

impl Gate {
    async fn take_command(&self, command: &SlashCommand) -> Response {
        let heard = Heard {
            from: address(&command.channel_id, "", &command.user_id),
            key: format!("trigger:{}", command.trigger_id),
            text: format!("/kanban {}", unescape(&command.text)),
            about: About::Anything,
        };
        match self.gateway.hear(&heard).await {
            Some(reply) => {
                let reply = json!({"response_type": "ephemeral", "text": escape(&reply)});
                Json(reply).into_response()
            }
            None => StatusCode::OK.into_response(),
        }
    }

    async fn take_event(&self, envelope: Envelope) -> Response {
        match envelope {
            Envelope::UrlVerification { challenge } => {
                Json(json!({"challenge": challenge})).into_response()
            }
            Envelope::EventCallback { event } => {
                self.take_message(event).await;
                StatusCode::OK.into_response()
            }
            Envelope::Other => StatusCode::OK.into_response(),
        }
    }

    async fn take_message(&self, event: Event) {
        let Event {
            channel,
            user,
            text,
            ts,
            thread_ts,
            bot_id: None,
            subtype: None,
        } = event
        else {
            return;
        };
        let (Some(channel), Some(user), Some(text), Some(ts)) = (channel, user, text, ts) else {
            return;
        };
        // An answer goes below what it answers.
        let thread = thread_ts.as_ref().unwrap_or(&ts);
        let heard = Heard {
            from: address(&channel, thread, &user),
            // Where the app is mentioned in a channel that it listens to, there are two events about
            // one message.
            key: format!("message:{channel}:{ts}"),
            text: unescape(without_mention(&text)),
            about: thread_ts.map_or(About::Anything, About::Message),
        };
        if let Some(reply) = self.gateway.hear(&heard).await {
            self.slack.reply(&heard.from, &reply).await;
        }
    }
}

impl SlashCommand {
    /// Reads a form. What is missing is empty.
    fn read(body: &[u8]) -> Self {
        let mut command = Self::default();
        for (name, value) in form(body) {
            match name.as_str() {
                "channel_id" => command.channel_id = value,
                "user_id" => command.user_id = value,
                "text" => command.text = value,
                "trigger_id" => command.trigger_id = value,
                _ => {}
            }
        }
        command
    }
}

/// The fields of a form, as `reqwest` and browsers write them.
pub(super) fn form(body: &[u8]) -> Vec<(String, String)> {
    // A query is written as a form is, and an address of any host can be taken apart.
    let body = String::from_utf8_lossy(body);
    let Ok(mut url) = reqwest::Url::parse("http://form/") else {
        return Vec::new();
    };
    url.set_query(Some(&body));
    url.query_pairs().into_owned().collect()
}

pub(super) fn address(channel: &str, thread: &str, user: &str) -> Address {
    Address {
        platform: "slack".to_owned(),
        chat_id: channel.to_owned(),
        thread_id: thread.to_owned(),
        user_id: Some(user.to_owned()),
    }
}

/// Strips a leading mention of the app: `<@U0LAN0Z89> kanban list`.
fn without_mention(text: &str) -> &str {
    let text = text.trim_start();
    let named = text
        .strip_prefix("<@")
        .and_then(|rest| rest.split_once('>'));
    named.map_or(text, |(_, rest)| rest.trim_start())
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use axum::body::to_bytes;
    use dispatcher::Home;
    use kernel::Kernel;
    use tempfile::TempDir;

    use super::*;
    use crate::gateway::tests::host;
    use crate::guests::Guests;
    use crate::receiver::Receiver;
    use crate::web;

    fn gate(base_url: &str) -> (Gate, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let gate = Gate {
            slack: Slack {
                client: Arc::new(web::client().unwrap()),
                base_url: base_url.to_owned(),
                token: Some(Secret::of("xoxb-1")),
                webhooks: BTreeMap::new(),
                is_listening: true,
            },
            gateway: Gateway {
                host: host(Kernel::open(&home.db()).unwrap(), home),
                guests: Guests {
                    trusted: BTreeSet::from(["U1".to_owned()]),
                    ..Guests::default()
                },
            },
            signing_secret: Secret::of("swordfish"),
        };
        (gate, folder)
    }

    #[test]
    fn a_form_is_read_with_its_escapes() {
        let command =
            SlashCommand::read(b"text=create+%22fix+the+door%22&user_id=U1&channel_id=C1");
        assert_eq!(command.text, "create \"fix the door\"");
        assert_eq!(
            (command.user_id.as_str(), command.channel_id.as_str()),
            ("U1", "C1")
        );
    }

    #[tokio::test]
    async fn a_slash_command_is_answered_at_once() {
        let (gate, _folder) = gate("http://127.0.0.1:9");
        let command = SlashCommand {
            channel_id: "C1".to_owned(),
            user_id: "U1".to_owned(),
            text: "create door".to_owned(),
            trigger_id: "1.2.3".to_owned(),
        };
        let response = gate.take_command(&command).await;
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let reply: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(reply["response_type"], "ephemeral");
        assert!(
            reply["text"].as_str().unwrap().starts_with("Created t_"),
            "{reply}"
        );
        let told = gate.gateway.host.kernel.subscriptions(None).await.unwrap();
        assert_eq!(told[0].to.chat_id, "C1");
    }

    #[tokio::test]
    async fn a_mention_is_answered_in_its_thread_and_a_bot_is_not() {
        let mut receiver = Receiver::start().await;
        let (gate, _folder) = gate(&receiver.url);
        let event = |kind: &str, bot: &str| {
            let text = format!(
                r#"{{"type":"event_callback","event_id":"Ev-{kind}","event":{{"type":"{kind}",
                "channel":"C1","user":"U1","text":"<@U0LAN0Z89> kanban list","ts":"9.1"{bot}}}}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        let by_bot = event("app_mention", r#","bot_id":"B1""#);
        gate.take_event(by_bot).await;
        let (_, posted) = tokio::join!(
            gate.take_event(event("app_mention", "")),
            receiver.answer(200, r#"{"ok":true,"ts":"9.2"}"#)
        );
        assert_eq!(posted.json()["thread_ts"], "9.1");
        assert_eq!(posted.json()["text"], "(no output)");
        // Slack sends an event again when it was not answered in time, and another about the same
        // message where the app listens to the channel too.
        for kind in ["app_mention", "message"] {
            let again = gate.take_event(event(kind, "")).await;
            assert_eq!(again.status(), StatusCode::OK);
        }
        receiver.is_left_alone();
    }

    #[tokio::test]
    async fn slack_is_shown_that_the_address_is_ours() {
        let (gate, _folder) = gate("http://127.0.0.1:9");
        let text = r#"{"token":"t","challenge":"3eZbrw1aB","type":"url_verification"}"#;
        let response = gate.take_event(serde_json::from_str(text).unwrap()).await;
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(&body[..], br#"{"challenge":"3eZbrw1aB"}"#);
    }
}
