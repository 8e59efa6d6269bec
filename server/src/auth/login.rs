//! The ways in for a browser: a launch link, or the token typed into a form.

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, RawQuery, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, SET_COOKIE};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::Refusal;
use super::credential::parameter;
use crate::AppState;
use crate::listen::Peer;

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
    // Whoever clicks a second time is in already.
    if door.session_of(&headers, now).is_some() {
        return Redirect::to(HOME).into_response();
    }
    let code = query
        .as_deref()
        .and_then(|query| parameter(query, "code"))
        .unwrap_or_default();
    let is_good = door
        .keys
        .with_token(|token| door.launch_codes.redeem(token, code, now));
    if is_good {
        welcome(&state, HOME)
    } else {
        page(Notice::StaleLink, HOME).into_response()
    }
}

async fn log_in(
    State(state): State<AppState>,
    peer: Option<Extension<Peer>>,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return page(Notice::WrongToken, HOME).into_response();
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
        _ => page(Notice::WrongToken, next).into_response(),
    }
}

/// Ends the browser's session, also for those who hold a copy of its cookie, and leads to the form.
/// Whoever has none is led there too.
async fn log_out(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let now = state.kernel().now();
    if let Some(session) = state.door.session_of(&headers, now) {
        state.door.keys.leave(session, now);
    }
    let headers = [
        (SET_COOKIE, state.door.no_cookie()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Redirect::to(HOME)).into_response()
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

/// The page that asks a browser for the token. It loads nothing, so that nothing needs to be open
/// to strangers; a nonce lets in its few rules of style, with the measures and colours of the board.
/// `next` is where it leads.
pub(super) fn page(notice: Notice, next: &str) -> impl IntoResponse + use<> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let notice = match notice {
        Notice::None => "",
        Notice::StaleLink => {
            "<p role=\"alert\">This link has been used already, or is too old.</p>"
        }
        Notice::WrongToken => "<p role=\"alert\">That is not the token of this board.</p>",
    };
    let html = include_str!("login.html")
        .replace("{tokens}", include_str!("../../../style/tokens.css"))
        .replace("{style}", include_str!("login.css"))
        .replace("{nonce}", &nonce)
        .replace("{notice}", notice)
        // Last: what stands in an address is not filled in again.
        .replace("{next}", &escape(next));
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (StatusCode::UNAUTHORIZED, headers, Html(html))
}

/// A text as the value of an attribute in double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
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

    #[test]
    fn an_address_stays_inside_its_attribute() {
        assert_eq!(escape(r#"/?a="><b&"#), "/?a=&quot;>&lt;b&amp;");
    }
}
