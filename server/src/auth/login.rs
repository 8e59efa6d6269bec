//! The ways in for a browser: a launch link, or the token typed into a form.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Extension, Form, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderMap, SET_COOKIE};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::front_door::Refusal;
use super::keys::Session;
use super::ticket::Purpose;
use crate::listen::Peer;
use crate::{AppState, http_error, plain_page};

/// The notice above the page's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Nothing more than usual.
    None,
    /// The launch link was used before, or is too old.
    StaleLink,
    /// The typed text is not the token.
    WrongToken,
}

#[derive(Deserialize)]
struct TokenForm {
    token: String,
    /// The path that the browser wanted.
    #[serde(default)]
    next: String,
}

/// The query of a launch link.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Launch {
    code: String,
    /// The code for a browser without scripts.
    plain: String,
    next: String,
}

/// The board itself.
const HOME: &str = "/";

/// The addresses of the ways in.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/launch", get(launch))
        .route("/login", post(log_in))
        .route("/logout", post(log_out))
}

async fn launch(
    State(state): State<AppState>,
    headers: HeaderMap,
    query: Result<Query<Launch>, QueryRejection>,
) -> Response {
    let (door, now) = (&state.door, state.kernel().now());
    let query = query.map(|Query(query)| query).unwrap_or_default();
    let redeem = |purpose, code: &str| {
        let redeem = |token: &_| door.launch_codes.redeem(token, purpose, code, now);
        door.keys.with_token(redeem)
    };
    let next = if is_path_of_ours(&query.next) {
        &query.next
    } else {
        HOME
    };
    if redeem(Purpose::Launch, &query.code) {
        welcome(&state, &headers, HOME)
    } else if redeem(Purpose::PlainLaunch, &query.plain) {
        let cookie = door.session_cookie(Session::new(now, true), now);
        ([(SET_COOKIE, cookie)], lead_to(next)).into_response()
    } else if door.sessions_of(&headers, now).is_empty() {
        page(Notice::StaleLink, &headers, HOME)
    } else {
        // Whoever clicks a second time is in already.
        lead_to(HOME).into_response()
    }
}

async fn log_in(
    State(state): State<AppState>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return page(Notice::WrongToken, &headers, HOME);
    };
    let next = if is_path_of_ours(&form.next) {
        &form.next
    } else {
        HOME
    };
    if state.door.keys.admit_token(form.token.trim()).is_some() {
        return welcome(&state, &headers, next);
    }
    let origin = peer.map(|Extension(Peer(peer))| peer.ip());
    match state.door.wrong_token(origin) {
        Refusal::TooManyAttempts(wait) => super::put_off(wait),
        _ => page(Notice::WrongToken, &headers, next),
    }
}

/// Leads to a path of ours. The ways in lie at the top of the board, so that it can be said without
/// the path below which a proxy may show all of it.
fn lead_to(path: &str) -> Redirect {
    Redirect::to(&format!(".{path}"))
}

/// Ends the browser's session, also for those who hold a copy of its cookie, and leads to the form.
/// Whoever has none is led there too.
async fn log_out(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let (door, now) = (&state.door, state.kernel().now());
    let sessions = door.sessions_of(&headers, now);
    let left = if sessions.is_empty() {
        Ok(())
    } else {
        door.keys.leave(&sessions, now).await
    };
    let headers = [
        (SET_COOKIE, door.no_cookie()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    let answer = match left {
        Ok(()) => lead_to(HOME).into_response(),
        Err(error) => {
            let id = http_error::log(&error, "the next server will not know who logged out");
            let what = format!("logged out until the server starts again: internal error {id}");
            http_error::detail(StatusCode::INTERNAL_SERVER_ERROR, what)
        }
    };
    (headers, answer).into_response()
}

/// The path that the browser of this request wanted, for after the log-in.
pub(super) fn deep_link(request: &Request) -> &str {
    let path = request.uri().path_and_query().map(PathAndQuery::as_str);
    path.filter(|path| request.method() == Method::GET && is_path_of_ours(path))
        .unwrap_or(HOME)
}

/// Returns true when a browser that is sent there stays with us. `//` and `/\` begin the name of
/// another host.
fn is_path_of_ours(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Lets a browser in: with a cookie, and with the proof that its pages give with whatever they ask for.
/// The proof goes into the storage of the origin, which other ports of this machine do not share as they
/// share cookies. A browser without scripts goes on to a session whose forms hold it.
fn welcome(state: &AppState, headers: &HeaderMap, next: &str) -> Response {
    let (door, now) = (&state.door, state.kernel().now());
    let known = door.sessions_of(headers, now).pop();
    let session = known.filter(|it| !it.is_plain);
    let session = session.unwrap_or_else(|| Session::new(now, false));
    let plain = format!(
        "./launch?plain={}&next={}",
        door.keys.issue(Purpose::PlainLaunch, now),
        percent_encoded(next)
    );
    let content = include_str!("welcome.html")
        .replace("{proof}", &door.keys.proof(session))
        .replace("{plain}", &plain_page::escape(&plain))
        .replace("{next}", &plain_page::escape(&format!(".{next}")));
    let script = include_str!("welcome.js");
    let page = plain_page::page_with_script(headers, "Opening the board", &content, script);
    ([(SET_COOKIE, door.session_cookie(session, now))], page).into_response()
}

/// A text as the value of a parameter (RFC 3986, section 2.3).
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            write!(encoded, "%{byte:02X}").ok();
        }
        encoded
    })
}

/// The page that asks a browser for the token; `next` is where it leads.
pub(super) fn page(notice: Notice, headers: &HeaderMap, next: &str) -> Response {
    let notice = match notice {
        Notice::None => "",
        Notice::StaleLink => {
            "<p role=\"alert\">This link has been used already, or is too old.</p>"
        }
        Notice::WrongToken => "<p role=\"alert\">That is not the token of this board.</p>",
    };
    let content = include_str!("login.html")
        .replace("{notice}", notice)
        .replace("{next}", &plain_page::escape(next));
    plain_page::page(
        StatusCode::UNAUTHORIZED,
        headers,
        "Log in to this board",
        &content,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_leads_nowhere_but_to_the_board() {
        for path in ["/", "/t/t_1a2b3c4d", "/?q=a%20b&tenant=x"] {
            assert!(is_path_of_ours(path), "{path}");
        }
        for path in [
            "",
            "t/t_1",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/a\r\nset-cookie: a=b",
        ] {
            assert!(!is_path_of_ours(path), "{path}");
        }
    }
}
