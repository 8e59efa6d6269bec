//! The front door: who is let in, and from where. Every response passes it, files and refusals
//! included, and whatever cannot be read is refused.
//!
//! Three checks, in this order: the request is meant for us ([`host`]), it does not come from a
//! page of another site, and it shows a credential. What a credential may do beyond being let in
//! is the kernel's to decide.

mod attempts;
mod caller;
mod credential;
mod host;
mod keys;
mod launch;
mod login;
mod public_url;
mod rotation;
mod ticket;
mod token;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{HeaderMap, RETRY_AFTER, SET_COOKIE, UPGRADE, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{AppendHeaders, IntoResponse, Response};
use domain::time::{Seconds, Timestamp};
use tokio::time::Instant;

use crate::AppState;
use crate::listen::Peer;
use attempts::Attempts;
use caller::Pass;
use credential::Credential;
use host::{Hosts, Origin};
use keys::Keys;
use launch::LaunchCodes;
use ticket::{Purpose, Ticket};

pub(crate) use caller::Caller;
pub(crate) use login::routes;
pub(crate) use public_url::PublicUrl;
pub(crate) use rotation::follow;
pub(crate) use token::Token;

/// What the tokens of runs open: they belong to programs, and the page has verbs beyond theirs.
const API: &str = "/api/plugins/kanban/";

/// The only address where the token may stand in the query: a browser's socket has no headers that
/// a script could set.
const EVENTS: &str = "/api/plugins/kanban/events";

/// Guards one server. It keeps nothing of a visitor but which launch codes were used, which sessions
/// were left and how many wrong tokens came.
#[derive(Debug)]
pub(crate) struct FrontDoor {
    keys: Keys,
    hosts: Hosts,
    cookie_name: String,
    /// Whether browsers may send the cookie by TLS only.
    is_secure: bool,
    launch_codes: LaunchCodes,
    attempts: Attempts,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It is meant for a server of another name.
    WrongHost,
    /// It comes from a page of another site.
    ForeignPage,
    /// It shows no credential, or one that is good no longer.
    Stranger,
    /// It shows a token that is not ours.
    WrongToken,
    /// It shows one wrong token after the other.
    TooManyAttempts(Duration),
    /// It is a worker, and this is not for workers.
    NotForWorkers,
}

impl FrontDoor {
    /// The door of the server that listens at `address` since `now`, and that browsers reach at
    /// `public_url` where that is said.
    pub(crate) fn new(
        token: Token,
        address: SocketAddr,
        public_url: Option<PublicUrl>,
        now: Timestamp,
    ) -> Self {
        Self {
            keys: Keys::new(token),
            hosts: Hosts::of(address, public_url.as_ref()),
            is_secure: public_url.is_some_and(|url| url.is_secure()),
            // Cookies do not tell ports apart: two boards on one machine need two names.
            cookie_name: format!("kanban_{}", address.port()),
            launch_codes: LaunchCodes::new(now),
            attempts: Attempts::default(),
        }
    }

    /// Waits until what let `caller` in is worth nothing any more: the token was replaced, or the
    /// browser has logged out.
    pub(crate) async fn revoked(&self, caller: &Caller) {
        self.keys.revoked(&caller.pass).await;
    }

    /// What lets a request in; `None` where everybody is welcome.
    fn admit(&self, request: &Request, now: Timestamp) -> Result<Option<Pass>, Refusal> {
        let headers = request.headers();
        if !self.hosts.are_asked(headers, request.uri()) {
            return Err(Refusal::WrongHost);
        }
        // A plain link from elsewhere may open the board; only what changes or listens may not.
        let needs_origin = is_upgrade(request) || !request.method().is_safe();
        let origin = self.hosts.origin(headers);
        if needs_origin && origin == Origin::Foreign {
            return Err(Refusal::ForeignPage);
        }
        let path = request.uri().path();
        if is_open(request.method(), path) {
            return Ok(None);
        }
        let query = if path == EVENTS {
            request.uri().query()
        } else {
            None
        };
        match Credential::of(headers, query, &self.cookie_name) {
            Credential::Bearer(token) | Credential::Query(token) => {
                let pass = self.keys.admit_token(token);
                pass.map(Some).ok_or(Refusal::WrongToken)
            }
            Credential::Cookies(values) => match self.keys.admit_session(&values, now) {
                // Only browsers have cookies, and browsers say where a request comes from.
                Some(_) if needs_origin && origin == Origin::Unsaid => Err(Refusal::ForeignPage),
                Some(pass) => Ok(Some(pass)),
                None => Err(Refusal::Stranger),
            },
            Credential::Nothing => Err(Refusal::Stranger),
        }
    }

    /// The session of the browser that sent these headers.
    fn session_of(&self, headers: &HeaderMap, now: Timestamp) -> Option<Ticket> {
        let Credential::Cookies(values) = Credential::of(headers, None, &self.cookie_name) else {
            return None;
        };
        match self.keys.admit_session(&values, now)? {
            Pass::Session { session, .. } => Some(session),
            _ => None,
        }
    }

    /// A new `Set-Cookie` for a browser whose session is past half its life, so that nobody who
    /// comes by every week has to log in again.
    fn renewed_cookie(&self, headers: &HeaderMap, now: Timestamp) -> Option<String> {
        let session = self.session_of(headers, now)?;
        let half = Seconds(Purpose::Session.lifetime().0 / 2);
        (session.expires - half < now).then(|| self.session_cookie(now))
    }

    /// The `Set-Cookie` of a browser that has just proved itself.
    fn session_cookie(&self, now: Timestamp) -> String {
        let value = self.keys.issue(Purpose::Session, now);
        let max_age = Purpose::Session.lifetime().0;
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}",
            self.cookie_name
        )
    }

    /// The `Set-Cookie` that makes a browser forget its session.
    fn no_cookie(&self) -> String {
        format!(
            "{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
            self.cookie_name
        )
    }

    /// Counts a wrong token, and puts off whoever has shown too many.
    fn wrong_token(&self, origin: Option<IpAddr>) -> Refusal {
        match self.attempts.count(origin, Instant::now()) {
            Some(wait) => Refusal::TooManyAttempts(wait),
            None => Refusal::WrongToken,
        }
    }
}

/// A link that logs a browser in at the server that it finds at `url`, once.
pub(crate) fn launch_link(token: &Token, url: &str, now: Timestamp) -> String {
    let code = ticket::issue(token, Purpose::Launch, now);
    format!("{url}/launch?code={code}")
}

/// Lets a request through, or answers it.
pub(crate) async fn guard(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let now = state.kernel().now();
    let peer = request.extensions().get::<Peer>();
    let origin = peer.map(|Peer(address)| address.ip());
    let admitted = match state.door.admit(&request, now) {
        Err(Refusal::WrongToken) => {
            let token = credential::bearer_of(request.headers()).map(str::to_owned);
            // A socket would outlive its run.
            let is_for_workers = !is_upgrade(&request) && request.uri().path().starts_with(API);
            let worker = let_worker_in(&state, token, is_for_workers, origin).await;
            worker.map(Some)
        }
        admitted => admitted,
    };
    match admitted {
        Ok(pass) => {
            let is_page = request.method() == Method::GET && crate::page::wants_html(&request);
            let renewed = is_page
                .then(|| state.door.renewed_cookie(request.headers(), now))
                .flatten();
            if let Some(pass) = pass {
                request.extensions_mut().insert(Caller { pass, origin });
            }
            let response = next.run(request).await;
            match renewed {
                Some(cookie) => (AppendHeaders([(SET_COOKIE, cookie)]), response).into_response(),
                None => response,
            }
        }
        // Whoever tries for ever need not fill the log.
        Err(refusal @ Refusal::TooManyAttempts(_)) => refuse(refusal, &request),
        Err(refusal) => {
            // The path only: a query may hold a secret.
            tracing::info!(
                http.method = %request.method(),
                http.path = request.uri().path(),
                reason = ?refusal,
                "refused a request"
            );
            refuse(refusal, &request)
        }
    }
}

/// A wrong token may still be that of a run.
async fn let_worker_in(
    state: &AppState,
    token: Option<String>,
    is_for_workers: bool,
    origin: Option<IpAddr>,
) -> Result<Pass, Refusal> {
    let worker = match token {
        Some(token) => caller::worker(state.kernel(), &token).await,
        None => None,
    };
    match worker {
        Some(pass) if is_for_workers => Ok(pass),
        Some(_) => Err(Refusal::NotForWorkers),
        None => Err(state.door.wrong_token(origin)),
    }
}

fn refuse(refusal: Refusal, request: &Request) -> Response {
    let forbidden = |reason| crate::http_error::detail(StatusCode::FORBIDDEN, reason);
    match refusal {
        Refusal::WrongHost => {
            crate::http_error::detail(StatusCode::MISDIRECTED_REQUEST, "this is not that host")
        }
        Refusal::ForeignPage => forbidden("another site may not do this"),
        Refusal::NotForWorkers => forbidden("a worker may not do this"),
        Refusal::TooManyAttempts(wait) => put_off(wait),
        // A browser is told nothing but this status when it opens a socket.
        Refusal::Stranger | Refusal::WrongToken if is_upgrade(request) => {
            forbidden("token required")
        }
        Refusal::Stranger | Refusal::WrongToken if crate::page::wants_html(request) => {
            login::page(login::Notice::None, login::deep_link(request)).into_response()
        }
        Refusal::Stranger | Refusal::WrongToken => {
            let response = crate::http_error::detail(StatusCode::UNAUTHORIZED, "token required");
            ([(WWW_AUTHENTICATE, "Bearer")], response).into_response()
        }
    }
}

/// Asks whoever shows one wrong token after the other to wait.
fn put_off(wait: Duration) -> Response {
    let seconds = wait.as_secs().max(1).to_string();
    let response = crate::http_error::detail(StatusCode::TOO_MANY_REQUESTS, "too many attempts");
    ([(RETRY_AFTER, seconds)], response).into_response()
}

/// What is open to strangers: a sign of life, and the ways in.
pub(crate) fn is_open(method: &Method, path: &str) -> bool {
    matches!(
        (method, path),
        (&Method::GET | &Method::HEAD, "/healthz")
            | (&Method::GET, "/launch")
            // Slack signs its requests instead of showing a token.
            | (
                &Method::POST,
                "/login" | "/logout" | "/chat/slack/command" | "/chat/slack/events"
            )
    )
}

fn is_upgrade(request: &Request) -> bool {
    request.headers().contains_key(UPGRADE) || request.method() == Method::CONNECT
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::COOKIE;

    use super::*;

    const NOW: Timestamp = Timestamp(1_777_200_000);

    fn door(public_url: Option<&str>) -> FrontDoor {
        let token = Token::from_text("0123456789abcdef0123456789abcdef");
        let public_url = public_url.map(|url| url.parse().unwrap());
        FrontDoor::new(token, ([127, 0, 0, 1], 8420).into(), public_url, NOW)
    }

    #[test]
    fn a_session_is_renewed_past_half_its_life_and_not_before() {
        let door = door(None);
        let cookie = door.session_cookie(NOW);
        let pair = cookie.split(';').next().unwrap();
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).unwrap())]);
        let half = NOW + Seconds(Purpose::Session.lifetime().0 / 2);
        assert_eq!(door.renewed_cookie(&headers, half), None);
        let renewed = door.renewed_cookie(&headers, half + Seconds(1)).unwrap();
        assert!(renewed.starts_with("kanban_8420=") && !renewed.contains(pair));
        assert_eq!(
            door.renewed_cookie(&headers, NOW + Purpose::Session.lifetime()),
            None
        );
        assert_eq!(door.renewed_cookie(&HeaderMap::new(), half), None);
    }

    #[test]
    fn a_cookie_keeps_to_tls_when_the_proxy_has_it() {
        let is_secure = |url| door(url).session_cookie(NOW).ends_with("; Secure");
        assert!(is_secure(Some("https://kanban.example.com")));
        assert!(!is_secure(Some("http://kanban.lan")) && !is_secure(None));
    }
}
