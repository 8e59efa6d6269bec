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
mod ticket;
mod token;

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::header::{UPGRADE, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::time::Timestamp;

use crate::AppState;
use credential::Credential;
use host::{Hosts, Origin};
use launch::LaunchCodes;
use ticket::Purpose;

pub(crate) use login::routes;
pub use token::Token;

/// The only address where the token may stand in the query: a browser's socket has no headers that
/// a script could set.
const EVENTS: &str = "/api/plugins/kanban/events";

/// Guards one server. It keeps nothing of a visitor but which launch codes were used.
#[derive(Debug)]
pub struct FrontDoor {
    token: Token,
    hosts: Hosts,
    cookie_name: String,
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
    /// The door of the server that listens at `address` since `now`.
    pub fn new(token: Token, address: SocketAddr, now: Timestamp) -> Self {
        Self {
            token,
            hosts: Hosts::of(address),
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
            Credential::Cookies(values) if self.is_session(&values, now) => {
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

    fn is_session(&self, values: &[&str], now: Timestamp) -> bool {
        values
            .iter()
            .any(|value| ticket::read(&self.token, Purpose::Session, value, now).is_some())
    }

    /// The `Set-Cookie` of a browser that has just proved itself.
    fn session_cookie(&self, now: Timestamp) -> String {
        let value = ticket::issue(&self.token, Purpose::Session, now);
        let max_age = Purpose::Session.lifetime().0;
        format!(
            "{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax",
            self.cookie_name
        )
    }
}

/// A link that logs a browser in at the server on `address`, once.
pub fn launch_link(token: &Token, address: SocketAddr, now: Timestamp) -> String {
    let code = ticket::issue(token, Purpose::Launch, now);
    // A server that listens everywhere is near by too.
    match (address.ip().is_unspecified(), address.port()) {
        (true, port) => format!("http://127.0.0.1:{port}/launch?code={code}"),
        (false, _) => format!("http://{address}/launch?code={code}"),
    }
}

/// Lets a request through, or answers it.
pub(crate) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match state.door.admit(&request, state.kernel().now()) {
        Ok(()) => next.run(request).await,
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
            login::page(login::Notice::None).into_response()
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
