//! What a visitor arranged, from the cookies that the page keeps it in.

use axum::http::header::COOKIE;
use axum::http::request::Parts;
use state::layout::{self, Layout};
use state::theme::{self, Theme};

/// The colours that the visitor chose.
pub(super) fn theme(request: &Parts) -> Theme {
    cookie(request, theme::COOKIE).map_or_else(Theme::default, Theme::from_name)
}

/// How the visitor laid out the board.
pub(super) fn layout(request: &Parts) -> Layout {
    cookie(request, layout::COOKIE).map_or_else(Layout::default, Layout::from_cookie)
}

fn cookie<'a>(request: &'a Parts, name: &str) -> Option<&'a str> {
    request
        .headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}
