//! A visitor's preferences, from the cookies that the page keeps them in.

use axum::http::header::{COOKIE, HeaderMap};
use state::visitor::layout::{self, Layout};
use state::visitor::me;
use state::visitor::notification;
use state::visitor::theme::{self, Theme};

/// The colours that the visitor chose.
pub(crate) fn theme(headers: &HeaderMap) -> Theme {
    cookie(headers, theme::COOKIE).map_or_else(Theme::default, Theme::from_name)
}

/// The name by which the visitor is known.
pub(crate) fn me(headers: &HeaderMap) -> Option<String> {
    cookie(headers, me::COOKIE).and_then(me::from_cookie)
}

/// The visitor's layout of the board.
pub(crate) fn layout(headers: &HeaderMap) -> Layout {
    cookie(headers, layout::COOKIE).map_or_else(Layout::default, Layout::from_cookie)
}

/// Returns true when the visitor wants notifications.
pub(crate) fn notifies(headers: &HeaderMap) -> bool {
    cookie(headers, notification::COOKIE) == Some(notification::WANTED)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}
