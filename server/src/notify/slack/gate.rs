//! What Slack sends: slash commands and events. They show no token of ours but Slack's signature
//! (<https://api.slack.com/authentication/verifying-requests-from-slack>).

use std::fmt::Write as _;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::notify::Address;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::{Slack, escape};
use crate::AppState;
use crate::notify::gateway::{Gateway, Heard};
use crate::notify::secret::Secret;

/// How old a request may be, in seconds: what Slack recommends, so that none is played again.
const FRESH: u64 = 300;

/// The gate for one workspace.
pub(crate) struct Gate {
    pub(in crate::notify) slack: Slack,
    pub(in crate::notify) gateway: Gateway,
    pub(in crate::notify) signing_secret: Secret,
}

/// A slash command (<https://api.slack.com/interactivity/slash-commands>).
#[derive(Debug, Default)]
struct SlashCommand {
    channel_id: String,
    user_id: String,
    text: String,
    trigger_id: String,
}

/// What the Events API sends (<https://api.slack.com/apis/events-api>).
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Envelope {
    UrlVerification {
        challenge: String,
    },
    EventCallback {
        event_id: String,
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
    /// What bots write, ourselves among them, is nothing to act upon.
    bot_id: Option<String>,
    /// Edits, joins and the like.
    subtype: Option<String>,
}

/// Takes `/kanban …`.
pub(crate) async fn command(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(gate) = state.slack() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !gate.has_signed(&headers, &body, state.kernel().now()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    gate.take_command(&SlashCommand::read(&body)).await
}

/// Takes what is written where the app listens.
pub(crate) async fn events(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(gate) = state.slack() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !gate.has_signed(&headers, &body, state.kernel().now()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match serde_json::from_slice(&body) {
        Ok(envelope) => gate.take_event(envelope).await,
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

impl Gate {
    /// Whether Slack has signed this, lately.
    fn has_signed(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(signature), Some(timestamp)) = (
            header("x-slack-signature"),
            header("x-slack-request-timestamp"),
        ) else {
            return false;
        };
        let is_fresh = timestamp
            .parse()
            .is_ok_and(|at| now.seconds_since(Timestamp(at)).unsigned_abs() <= FRESH);
        let Some(expected) = sign(self.signing_secret.reveal(), timestamp, body) else {
            return false;
        };
        let is_signed = expected.as_bytes().ct_eq(signature.as_bytes());
        is_fresh && bool::from(is_signed)
    }

    async fn take_command(&self, command: &SlashCommand) -> Response {
        let heard = Heard {
            from: address(&command.channel_id, "", &command.user_id),
            key: format!("trigger:{}", command.trigger_id),
            text: format!("/kanban {}", unescape(&command.text)),
            replies_to: None,
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
            Envelope::EventCallback { event_id, event } => {
                self.take_message(&event_id, event).await;
                StatusCode::OK.into_response()
            }
            Envelope::Other => StatusCode::OK.into_response(),
        }
    }

    async fn take_message(&self, event_id: &str, event: Event) {
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
        let (Some(channel), Some(user), Some(text)) = (channel, user, text) else {
            return;
        };
        // An answer goes below what it answers.
        let thread = thread_ts.clone().or(ts).unwrap_or_default();
        let heard = Heard {
            from: address(&channel, &thread, &user),
            key: format!("event:{event_id}"),
            text: unescape(without_mention(&text)),
            replies_to: thread_ts,
        };
        let Some(reply) = self.gateway.hear(&heard).await else {
            return;
        };
        if let Err(failure) = self.slack.say(&heard.from, &escape(&reply)).await {
            tracing::warn!(error = failure.error, "a reply did not get to Slack");
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
fn form(body: &[u8]) -> Vec<(String, String)> {
    // A query is written as a form is, and an address of any host can be taken apart.
    let body = String::from_utf8_lossy(body);
    let Ok(mut url) = reqwest::Url::parse("http://form/") else {
        return Vec::new();
    };
    url.set_query(Some(&body));
    url.query_pairs().into_owned().collect()
}

fn sign(secret: &str, timestamp: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    let mut signature = "v0=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(signature, "{byte:02x}").ok()?;
    }
    Some(signature)
}

fn address(channel: &str, thread: &str, user: &str) -> Address {
    Address {
        platform: "slack".to_owned(),
        chat_id: channel.to_owned(),
        thread_id: thread.to_owned(),
        user_id: Some(user.to_owned()),
    }
}

/// Where the app is spoken to by name, the name comes first: `<@U0LAN0Z89> kanban list`.
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
    use axum::http::HeaderValue;
    use dispatcher::Home;
    use kernel::Kernel;
    use tempfile::TempDir;

    use super::*;
    use crate::notify::gateway::Guests;
    use crate::notify::receiver::Receiver;
    use crate::notify::web;

    /// The example of Slack's documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const AT: &str = "1531420618";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn gate(base_url: &str) -> (Gate, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let gate = Gate {
            slack: Slack {
                client: Arc::new(web::client().unwrap()),
                base_url: base_url.to_owned(),
                token: Some(Secret::of("xoxb-1")),
                webhooks: BTreeMap::new(),
            },
            gateway: Gateway {
                kernel: Kernel::open(&home.db()).unwrap(),
                home,
                guests: Guests {
                    trusted: BTreeSet::from(["U1".to_owned()]),
                    ..Guests::default()
                },
            },
            signing_secret: Secret::of(SECRET),
        };
        (gate, folder)
    }

    fn is_taken(signature: &str, at: &str, body: &str, now: i64) -> bool {
        let headers = [
            ("x-slack-signature", signature),
            ("x-slack-request-timestamp", at),
        ];
        let headers = headers.map(|(name, value)| {
            (
                axum::http::HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        let headers = HeaderMap::from_iter(headers);
        gate("http://127.0.0.1:9")
            .0
            .has_signed(&headers, body.as_bytes(), Timestamp(now))
    }

    #[test]
    fn the_signature_of_the_documentation_is_taken_and_a_forged_or_stale_one_is_not() {
        let now: i64 = AT.parse().unwrap();
        assert!(is_taken(SIGNATURE, AT, BODY, now));
        assert!(is_taken(SIGNATURE, AT, BODY, now + 300));
        assert!(
            !is_taken(SIGNATURE, AT, BODY, now + 301),
            "it is played again"
        );
        assert!(
            !is_taken(SIGNATURE, AT, BODY, now - 301),
            "it comes from the future"
        );
        assert!(!is_taken(
            SIGNATURE,
            AT,
            &BODY.replace("foobar", "foobaz"),
            now
        ));
        assert!(!is_taken(SIGNATURE, "1531420619", BODY, now));
        assert!(!is_taken(&SIGNATURE.replace("a2", "a3"), AT, BODY, now));
        assert!(!is_taken("", AT, BODY, now));
        assert!(!is_taken(SIGNATURE, "soon", BODY, now));
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
        let told = gate.gateway.kernel.subscriptions(None).await.unwrap();
        assert_eq!(told[0].to.chat_id, "C1");
    }

    #[tokio::test]
    async fn a_mention_is_answered_in_its_thread_and_a_bot_is_not() {
        let mut receiver = Receiver::start().await;
        let (gate, _folder) = gate(&receiver.url);
        let event = |bot: &str| {
            let text = format!(
                r#"{{"type":"event_callback","event_id":"Ev1","event":{{"type":"app_mention",
                "channel":"C1","user":"U1","text":"<@U0LAN0Z89> kanban list","ts":"9.1"{bot}}}}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        gate.take_event(event(r#","bot_id":"B1""#)).await;
        let answer = r#"{"ok":true,"ts":"9.2"}"#;
        let (_, posted) = tokio::join!(gate.take_event(event("")), receiver.answer(200, answer));
        assert_eq!(posted.json()["thread_ts"], "9.1");
        assert_eq!(posted.json()["text"], "(no matching tasks)");
        // Slack sends an event again when it was not answered in time.
        let again = gate.take_event(event("")).await;
        assert_eq!(again.status(), StatusCode::OK);
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
