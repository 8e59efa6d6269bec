//! The front door: who is let in, and from where. Every response passes it, files and refusals
//! included, and whatever cannot be read is refused.
//!
//! Three checks, in this order: the request is meant for us ([`host`]), it does not come from a
//! page of another site, and it shows a credential. What a credential may do beyond being let in
//! is the kernel's to decide.

mod attempts;
mod caller;
mod credential;
mod exposure;
mod front_door;
mod hash;
mod host;
mod keys;
mod launch;
mod left;
mod login;
mod proof;
mod public_url;
mod rotation;
mod ticket;
mod token;
mod workers;

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{AppendHeaders, IntoResponse, Response};
use domain::id::RunToken;
use domain::time::Timestamp;

use crate::AppState;
use crate::http_error::HttpError;
use crate::listen::Peer;
use caller::Pass;
use front_door::{Refusal, is_upgrade};
use ticket::Purpose;
use workers::Wish;

pub(crate) use caller::Caller;
pub(crate) use exposure::Exposure;
pub(crate) use front_door::FrontDoor;
pub(crate) use hash::hash;
pub(crate) use left::LeftSessions;
pub(crate) use login::routes;
pub(crate) use proof::require as require_proof;
pub(crate) use public_url::PublicUrl;
pub(crate) use rotation::follow;
pub(crate) use token::Token;

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
            let token = credential::bearer_of(request.headers()).and_then(RunToken::offered);
            let worker = let_worker_in(&state, token, &Wish::of(&request), origin).await;
            worker.map(Some)
        }
        admitted => admitted,
    };
    match admitted {
        Ok(pass) => {
            let is_page = request.method() == Method::GET && crate::headers::wants_html(&request);
            let renewed = is_page
                .then(|| state.door.renewed_cookie(request.headers(), now))
                .flatten();
            if let Some(pass) = pass {
                request.extensions_mut().insert(Caller {
                    pass,
                    origin,
                    request: None,
                });
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
            if state.door.may_log(origin) {
                // The path only: a query may hold a secret.
                tracing::info!(
                    http.method = %request.method(),
                    http.path = request.uri().path(),
                    reason = ?refusal,
                    "refused a request"
                );
            }
            refuse(refusal, &request)
        }
    }
}

/// A wrong token may still be that of a run.
async fn let_worker_in(
    state: &AppState,
    token: Option<RunToken>,
    wish: &Wish,
    origin: Option<IpAddr>,
) -> Result<Pass, Refusal> {
    let worker = match token {
        Some(token) => state.door.workers.admit(state.kernel(), token, wish).await,
        None => Ok(None),
    };
    match worker {
        Ok(Some(pass)) => Ok(pass),
        Ok(None) => Err(state.door.wrong_token(origin)),
        Err(kernel::Error::Refused(refusal)) => Err(Refusal::Worker(refusal)),
        Err(error) => {
            crate::http_error::log(&error, "the token of a run cannot be looked up");
            Err(Refusal::Unknown)
        }
    }
}

fn refuse(refusal: Refusal, request: &Request) -> Response {
    let forbidden = |reason| crate::http_error::detail(StatusCode::FORBIDDEN, reason);
    match refusal {
        Refusal::WrongHost(_) => {
            crate::http_error::detail(StatusCode::MISDIRECTED_REQUEST, "this is not that host")
        }
        Refusal::ForeignPage(_) => forbidden("another site may not do this"),
        Refusal::Worker(refusal) => HttpError::from(refusal).into_response(),
        Refusal::TooManyAttempts(wait) => put_off(wait),
        Refusal::Unknown => crate::http_error::busy("the board cannot be read now"),
        // A browser is told nothing but this status when it opens a socket.
        Refusal::Stranger | Refusal::WrongToken if is_upgrade(request) => {
            forbidden("token required")
        }
        Refusal::Stranger | Refusal::WrongToken if crate::headers::wants_html(request) => {
            login::page(
                login::Notice::None,
                request.headers(),
                login::deep_link(request),
            )
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
