//! The front door: who is let in, and from where. Every response passes it, files and refusals
//! included, and whatever cannot be read is refused.
//!
//! Three checks, in this order: the request is meant for us ([`host`]), it does not come from a
//! page of another site, and it shows a credential. What a credential may do beyond being let in
//! is the kernel's to decide.

mod credential;
mod host;
mod launch;
mod login;
mod public_url;
mod ticket;
mod token;

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::header::{HeaderMap, SET_COOKIE, UPGRADE, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{AppendHeaders, IntoResponse, Response};
use domain::time::{Seconds, Timestamp};

use crate::AppState;
use credential::Credential;
use host::{Hosts, Origin};
use launch::LaunchCodes;
use ticket::{Purpose, Ticket};

pub(crate) use login::routes;
pub(crate) use public_url::PublicUrl;
pub(crate) use token::Token;

/// The only address where the token may stand in the query: a browser's socket has no headers that
/// a script could set.
const EVENTS: &str = "/api/plugins/kanban/events";

/// Guards one server. It keeps nothing of a visitor but which launch codes were used.
#[derive(Debug)]
pub(crate) struct FrontDoor {
    token: Token,
    hosts: Hosts,
    cookie_name: String,
    /// Whether browsers may send the cookie by TLS only.
    is_secure: bool,
    launch_codes: LaunchCodes,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It is meant for a server of another name.
    WrongHost,
    /// It comes from a page of another site.
    ForeignPage,
    /// It shows no credential that is good.
    Stranger,
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
            token,
            hosts: Hosts::of(address, public_url.as_ref()),
            is_secure: public_url.is_some_and(|url| url.is_secure()),
            // Cookies do not tell ports apart: two boards on one machine need two names.
            cookie_name: format!("kanban_{}", address.port()),
            launch_codes: LaunchCodes::new(now),
        }
    }

    fn admit(&self, request: &Request, now: Timestamp) -> Result<(), Refusal> {
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
            return Ok(());
        }
        let query = if path == EVENTS {
            request.uri().query()
        } else {
            None
        };
        match Credential::of(headers, query, &self.cookie_name) {
            Credential::Bearer(token) | Credential::Query(token) if self.token.is(token) => Ok(()),
            Credential::Cookies(values) if self.session(&values, now).is_some() => {
                // Only browsers have cookies, and browsers say where a request comes from.
                if needs_origin && origin == Origin::Unsaid {
                    Err(Refusal::ForeignPage)
                } else {
                    Ok(())
                }
            }
            _ => Err(Refusal::Stranger),
        }
    }

    /// The longest-lived session among these cookies.
    fn session(&self, values: &[&str], now: Timestamp) -> Option<Ticket> {
        values
            .iter()
            .filter_map(|value| ticket::read(&self.token, Purpose::Session, value, now))
            .max_by_key(|ticket| ticket.expires)
    }

    /// The session of the browser that sent these headers.
    fn session_of(&self, headers: &HeaderMap, now: Timestamp) -> Option<Ticket> {
        match Credential::of(headers, None, &self.cookie_name) {
            Credential::Cookies(values) => self.session(&values, now),
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
        let value = ticket::issue(&self.token, Purpose::Session, now);
        let max_age = Purpose::Session.lifetime().0;
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}",
            self.cookie_name
        )
    }
}

/// A link that logs a browser in at the server that it finds at `url`, once.
pub(crate) fn launch_link(token: &Token, url: &str, now: Timestamp) -> String {
    let code = ticket::issue(token, Purpose::Launch, now);
    format!("{url}/launch?code={code}")
}

/// Lets a request through, or answers it.
pub(crate) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let now = state.kernel().now();
    match state.door.admit(&request, now) {
        Ok(()) => {
            let is_page = request.method() == Method::GET && crate::page::wants_html(&request);
            let renewed = is_page
                .then(|| state.door.renewed_cookie(request.headers(), now))
                .flatten();
            let response = next.run(request).await;
            match renewed {
                Some(cookie) => (AppendHeaders([(SET_COOKIE, cookie)]), response).into_response(),
                None => response,
            }
        }
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

fn refuse(refusal: Refusal, request: &Request) -> Response {
    match refusal {
        Refusal::WrongHost => {
            crate::http_error::detail(StatusCode::MISDIRECTED_REQUEST, "this is not that host")
        }
        Refusal::ForeignPage => {
            crate::http_error::detail(StatusCode::FORBIDDEN, "another site may not do this")
        }
        // A browser is told nothing but this status when it opens a socket.
        Refusal::Stranger if is_upgrade(request) => {
            crate::http_error::detail(StatusCode::FORBIDDEN, "token required")
        }
        Refusal::Stranger if crate::page::wants_html(request) => {
            login::page(login::Notice::None, login::deep_link(request)).into_response()
        }
        Refusal::Stranger => {
            let response = crate::http_error::detail(StatusCode::UNAUTHORIZED, "token required");
            ([(WWW_AUTHENTICATE, "Bearer")], response).into_response()
        }
    }
}

/// What is open to strangers: a sign of life, and the ways in.
fn is_open(method: &Method, path: &str) -> bool {
    matches!(
        (method, path),
        (&Method::GET | &Method::HEAD, "/healthz")
            | (&Method::GET, "/launch")
            | (&Method::POST, "/login")
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
