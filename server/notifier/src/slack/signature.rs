//! Slack's signature (<https://api.slack.com/authentication/verifying-requests-from-slack>).

use axum::http::HeaderMap;
use data_encoding::HEXLOWER;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::secret::Secret;

/// The oldest request, in seconds: Slack's recommendation against replays.
const FRESH: u64 = 300;

/// Returns true when Slack has signed this, lately.
pub(super) fn is_signed(secret: &Secret, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
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
    let Some(expected) = sign(secret, timestamp, body) else {
        return false;
    };
    let is_signed = expected.as_bytes().ct_eq(signature.as_bytes());
    is_fresh && bool::from(is_signed)
}

fn sign(secret: &Secret, timestamp: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).ok()?;
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    Some(format!(
        "v0={}",
        HEXLOWER.encode(&mac.finalize().into_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// The example of Slack's documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const AT: &str = "1531420618";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

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
        is_signed(
            &Secret::of(SECRET),
            &headers,
            body.as_bytes(),
            Timestamp(now),
        )
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
}
