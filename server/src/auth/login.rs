//! The ways in for a browser: a launch link, or the token typed into a form.

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, RawQuery, Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderMap, SET_COOKIE};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::credential::parameter;
use super::front_door::Refusal;
use crate::listen::Peer;
use crate::{AppState, http_error, plain_page};

/// What the page says above its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Nothing more than usual.
    None,
    /// The launch link was used before, or is too old.
    StaleLink,
    /// What was typed is not the token.
    WrongToken,
}

#[derive(Deserialize)]
struct TokenForm {
    token: String,
    /// Where the browser wanted to go.
    #[serde(default)]
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
    RawQuery(query): RawQuery,
) -> Response {
    let (door, now) = (&state.door, state.kernel().now());
    let code = query
        .as_deref()
        .and_then(|query| parameter(query, "code"))
        .unwrap_or_default();
    let is_good = door
        .keys
        .with_token(|token| door.launch_codes.redeem(token, code, now));
    if !door.sessions_of(&headers, now).is_empty() {
        // Whoever is in stays in by the same session; the code is used up all the same.
        Redirect::to(HOME).into_response()
    } else if is_good {
        welcome(&state, HOME)
    } else {
        page(Notice::StaleLink, &headers, HOME)
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
        return welcome(&state, next);
    }
    let origin = peer.map(|Extension(Peer(peer))| peer.ip());
    match state.door.wrong_token(origin) {
        Refusal::TooManyAttempts(wait) => super::put_off(wait),
        _ => page(Notice::WrongToken, &headers, next),
    }
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
        Ok(()) => Redirect::to(HOME).into_response(),
        Err(error) => {
            let id = http_error::log(&error, "the next server will not know who logged out");
            let what = format!("logged out until the server starts again: internal error {id}");
            http_error::detail(StatusCode::INTERNAL_SERVER_ERROR, what)
        }
    };
    (headers, answer).into_response()
}

/// Where the browser of this request wanted to go, for after the log-in.
pub(super) fn deep_link(request: &Request) -> &str {
    let path = request.uri().path_and_query().map(PathAndQuery::as_str);
    path.filter(|path| request.method() == Method::GET && is_path_of_ours(path))
        .unwrap_or(HOME)
}

/// Whether a browser that is sent there stays with us. `//` and `/\` begin the name of another host.
fn is_path_of_ours(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

fn welcome(state: &AppState, next: &str) -> Response {
    let cookie = state.door.session_cookie(state.kernel().now());
    let headers = [(SET_COOKIE, cookie.as_str()), (CACHE_CONTROL, "no-store")];
    (headers, Redirect::to(next)).into_response()
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
