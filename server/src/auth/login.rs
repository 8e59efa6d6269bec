//! The ways in for a browser: a launch link, or the token typed into a form.

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, SET_COOKIE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::credential::parameter;
use crate::AppState;

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
}

/// The addresses of the ways in.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/launch", get(launch))
        .route("/login", post(log_in))
}

async fn launch(State(state): State<AppState>, RawQuery(query): RawQuery) -> Response {
    let code = query
        .as_deref()
        .and_then(|query| parameter(query, "code"))
        .unwrap_or_default();
    let door = &state.door;
    if door
        .launch_codes
        .redeem(&door.token, code, state.kernel().now())
    {
        welcome(&state)
    } else {
        page(Notice::StaleLink).into_response()
    }
}

async fn log_in(
    State(state): State<AppState>,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Response {
    if form.is_ok_and(|Form(form)| state.door.token.is(form.token.trim())) {
        welcome(&state)
    } else {
        page(Notice::WrongToken).into_response()
    }
}

fn welcome(state: &AppState) -> Response {
    let cookie = state.door.session_cookie(state.kernel().now());
    let headers = [(SET_COOKIE, cookie.as_str()), (CACHE_CONTROL, "no-store")];
    (headers, Redirect::to("/")).into_response()
}

/// The page that asks a browser for the token. It loads nothing, so that nothing needs to be open
/// to strangers; a nonce lets in its few rules of style, with the measures and colours of the board.
pub(super) fn page(notice: Notice) -> impl IntoResponse {
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
        .replace("{notice}", notice);
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (StatusCode::UNAUTHORIZED, headers, Html(html))
}
