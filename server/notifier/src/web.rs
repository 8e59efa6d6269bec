//! Requests to other servers, and what their answers mean for a delivery.

use std::sync::Arc;
use std::time::Duration;

use domain::notify::delivery::Retry;
use domain::time::Seconds;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::channel::Failure;

/// The time limit of an answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest `Retry-After` that is obeyed: a day.
const LONGEST_WAIT: Seconds = Seconds(86_400);

/// The part of an answer that is read, in bytes: far more than any that we ask for says.
pub(super) const LONGEST_ANSWER: usize = 64 * 1024;

/// The part of an answer that is kept to explain a failure, in characters.
const EXCERPT: usize = 200;

/// A client that follows no redirects: a signed message or a token goes where the configuration says
/// and nowhere else.
pub(super) fn client() -> Result<Client, String> {
    // Whoever was first has chosen the same.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let builder = || {
        Client::builder()
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .user_agent(concat!("kanban/", env!("CARGO_PKG_VERSION")))
    };
    // An empty root has no certificates of CAs, of which the first client makes an error. The second one
    // trusts nobody: a board without channels is served all the same, and each request by TLS says why it fails.
    let client = builder()
        .build()
        .or_else(|_| builder().tls_certs_only(std::iter::empty()).build());
    client.map_err(|error| format!("no HTTP client: {}", explain(&error)))
}

/// Sends a request, and takes the answer for a failure where it is one.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, Failure> {
    let response = request.send().await.map_err(|error| unanswered(&error))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, headers) = (response.status(), response.headers().clone());
    let body = beginning(response, LONGEST_ANSWER).await;
    Err(refusal(status, &headers, &String::from_utf8_lossy(&body)))
}

/// Parses an answer as JSON; `None` where it is none, or longer than so many bytes.
pub(super) async fn json<T: DeserializeOwned>(response: Response, longest: usize) -> Option<T> {
    serde_json::from_slice(&beginning(response, longest).await).ok()
}

/// The beginning of an answer, of at most so many bytes. What comes after is never read.
async fn beginning(mut response: Response, longest: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = longest.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if chunk.len() > room {
            break;
        }
    }
    body
}

/// The failure before there was an answer.
pub(super) fn unanswered(error: &reqwest::Error) -> Failure {
    Failure::for_now(format!("no answer: {}", explain(error)))
}

/// The failure in an answer that is no success.
fn refusal(status: StatusCode, headers: &HeaderMap, body: &str) -> Failure {
    let excerpt: String = body.trim().chars().take(EXCERPT).collect();
    let error = match excerpt.as_str() {
        "" => format!("answered {}", status.as_u16()),
        excerpt => format!("answered {}: {excerpt}", status.as_u16()),
    };
    let is_for_now = status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
        );
    if !is_for_now {
        return Failure::for_good(error);
    }
    let after = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let after = after.and_then(|value| value.trim().parse().ok()).map(wait);
    let retry = Retry::Later { after };
    Failure { error, retry }
}

/// A wait that a server asks for, within reason.
pub(super) fn wait(seconds: u32) -> Seconds {
    Seconds(i64::from(seconds)).min(LONGEST_WAIT)
}

/// The error with its causes, and without the address, which may hold a token.
fn explain(error: &reqwest::Error) -> String {
    let mut explained = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        let separator = if explained.is_empty() { "" } else { ": " };
        explained = format!("{explained}{separator}{error}");
        cause = error.source();
    }
    match (explained.is_empty(), error.is_timeout()) {
        (true, true) => "it took too long".to_owned(),
        (true, false) => "the request could not be made".to_owned(),
        _ => explained,
    }
}

/// A client that is shared by the channels.
pub(super) type Shared = Arc<Client>;

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures::stream;
    use reqwest::header::HeaderValue;

    use super::super::receiver::Receiver;
    use super::*;

    /// An answer that never ends.
    fn endless() -> Body {
        let chunk = "x".repeat(1_024);
        Body::from_stream(stream::repeat(Ok::<_, std::convert::Infallible>(chunk)))
    }

    #[tokio::test]
    async fn an_answer_without_end_is_read_to_its_bound_and_no_further() {
        for (status, expected) in [
            (500, format!("answered 500: {}", "x".repeat(EXCERPT))),
            (200, "65536 bytes".to_owned()),
        ] {
            let mut receiver = Receiver::start().await;
            let request = client().unwrap().post(&receiver.url);
            let (sent, _) = tokio::join!(send(request), receiver.answer_by(status, &[], endless()));
            let found = match sent {
                Ok(response) => {
                    let read = beginning(response, LONGEST_ANSWER).await;
                    format!("{} bytes", read.len())
                }
                Err(failure) => failure.error,
            };
            assert_eq!(found, expected);
        }
    }

    fn retry_of(status: u16, retry_after: Option<&'static str>) -> Retry {
        let headers = retry_after.map(|after| (RETRY_AFTER, HeaderValue::from_static(after)));
        let status = StatusCode::from_u16(status).unwrap();
        refusal(status, &headers.into_iter().collect(), "").retry
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for status in [500, 502, 503, 504, 429, 408, 425] {
            assert_eq!(
                retry_of(status, None),
                Retry::Later { after: None },
                "{status}"
            );
        }
        for status in [301, 400, 401, 403, 404, 410, 413, 422] {
            assert_eq!(retry_of(status, None), Retry::Never, "{status}");
        }
    }

    #[test]
    fn a_server_says_when_to_come_back_within_reason() {
        let after = |text| retry_of(429, Some(text));
        let later = |seconds| Retry::Later {
            after: Some(Seconds(seconds)),
        };
        assert_eq!(after("30"), later(30));
        assert_eq!(after("99999999"), later(86_400));
        assert_eq!(after("soon"), Retry::Later { after: None });
    }

    #[test]
    fn a_failure_quotes_a_little_of_the_answer() {
        let failure = refusal(
            StatusCode::BAD_REQUEST,
            &HeaderMap::new(),
            &"x".repeat(1_000),
        );
        assert_eq!(
            failure.error,
            format!("answered 400: {}", "x".repeat(EXCERPT))
        );
    }
}
