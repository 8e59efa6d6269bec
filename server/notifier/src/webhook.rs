//! Webhooks that are signed as Standard Webhooks has it
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::notify::Address;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::Kernel;
use reqwest::header::CONTENT_TYPE;
use sha2::Sha256;

use super::channel::{Channel, Failure};
use super::message::Message;
use super::secret::Secret;
use super::web::{self, Shared};

/// The webhooks that `kanban.toml` names: the chat of an address is such a name, because an address
/// comes in over the network and must not say where the server sends requests.
#[derive(Debug)]
pub(super) struct Webhooks {
    pub(super) client: Shared,
    pub(super) clock: Clock,
    pub(super) hooks: BTreeMap<String, Webhook>,
}

/// The address of a webhook, and its key.
#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) url: String,
    /// More than one while a secret is being replaced: the receiver takes any signature it knows.
    pub(super) keys: Vec<Key>,
}

/// The key that signs a webhook.
#[derive(Debug)]
pub(super) struct Key(Secret);

/// The time by the kernel's clock.
pub(super) struct Clock(pub(super) Kernel);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Key {
    /// The key that a secret is: Base64, perhaps after `whsec_`.
    pub(super) fn of(secret: Secret) -> Result<Self, String> {
        let key = Self(secret);
        match key.bytes() {
            Some(bytes) if !bytes.is_empty() => Ok(key),
            _ => Err("it is no Base64, perhaps after whsec_".to_owned()),
        }
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let text = self.0.reveal();
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        STANDARD.decode(text).ok()
    }

    fn sign(&self, id: &str, at: Timestamp, body: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes()?).ok()?;
        mac.update(format!("{id}.{}.{body}", at.0).as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        Some(format!("v1,{signature}"))
    }
}

#[async_trait]
impl Channel for Webhooks {
    fn is_chat(&self) -> bool {
        false
    }

    async fn deliver(&self, to: &Address, message: &Message) -> Result<Option<String>, Failure> {
        let name = &to.chat_id;
        let hook = self
            .hooks
            .get(name)
            .ok_or_else(|| Failure::for_good(format!("kanban.toml names no webhook {name}")))?;
        let (body, now) = (message.json(), self.clock.0.now());
        let keys = hook.keys.iter();
        let signatures: Vec<String> = keys
            .filter_map(|key| key.sign(&message.key, now, &body))
            .collect();
        let mut request = self
            .client
            .post(&hook.url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.key)
            .header("webhook-timestamp", now.0);
        if !signatures.is_empty() {
            request = request.header("webhook-signature", signatures.join(" "));
        }
        web::send(request.body(body)).await?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_signed_as_the_reference_implementation_does() {
        // The example of the reference implementation's tests.
        let secret = Secret::of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = Key::of(secret).unwrap().sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp(1_614_265_330),
            r#"{"test": 2432232314}"#,
        );
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature.as_deref(), Some(expected));
    }

    #[test]
    fn a_secret_that_is_no_key_is_refused() {
        for text in ["whsec_", "whsec_not base64", "?"] {
            assert!(Key::of(Secret::of(text)).is_err(), "{text}");
        }
    }
}
