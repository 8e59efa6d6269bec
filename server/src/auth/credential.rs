//! The credential of a request.

use axum::http::header::{AUTHORIZATION, COOKIE, HeaderMap};

/// The credential of a request, in the order of precedence: whoever sends a header of its own means
/// it, so a wrong one is not made good by a cookie.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credential<'a> {
    /// `Authorization: Bearer …`, as programs send it.
    Bearer(&'a str),
    /// `?token=…`, for programs that can open a socket but not set its headers.
    Query(&'a str),
    /// The cookies of our name. A program on another port of this machine may have set one beside
    /// ours, so there can be several.
    Cookies(Vec<&'a str>),
    /// Nothing, or nothing that can be read.
    Nothing,
}

impl<'a> Credential<'a> {
    /// Reads the headers, and the query string where `query` is one that may carry a token.
    pub(super) fn of(headers: &'a HeaderMap, query: Option<&'a str>, cookie_name: &str) -> Self {
        if headers.contains_key(AUTHORIZATION) {
            return bearer_of(headers).map_or(Self::Nothing, Self::Bearer);
        }
        if let Some(token) = query.and_then(|query| parameter(query, "token")) {
            return Self::Query(token);
        }
        let cookies: Vec<&str> = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter_map(|(name, value)| (name == cookie_name).then_some(value))
            .collect();
        if cookies.is_empty() {
            Self::Nothing
        } else {
            Self::Cookies(cookies)
        }
    }
}

/// The value of the parameter `name`, as it stands: our secrets need no percent-encoding.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The bearer token that the headers show.
pub(super) fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    bearer(headers.get(AUTHORIZATION)?.to_str().ok()?)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(HeaderName, &'static [u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_bearer_token_counts_before_a_query_and_a_cookie() {
        let headers = headers(&[(COOKIE, b"kanban=c"), (AUTHORIZATION, b"bearer  b")]);
        let shown = Credential::of(&headers, Some("token=q"), "kanban");
        assert_eq!(shown, Credential::Bearer("b"));
    }

    #[test]
    fn a_header_of_another_scheme_shows_nothing_even_beside_a_cookie() {
        for value in [b"Basic dXNlcg==".as_slice(), b"Bearer", b"\xff"] {
            let headers = headers(&[(AUTHORIZATION, value), (COOKIE, b"kanban=c")]);
            assert_eq!(
                Credential::of(&headers, None, "kanban"),
                Credential::Nothing
            );
        }
    }

    #[test]
    fn only_cookies_of_exactly_our_name_count() {
        let headers = headers(&[
            (COOKIE, b"kanban_8421=x; kanban=1;xkanban=y; broken"),
            (COOKIE, b"kanban=2"),
            (COOKIE, b"kanban=\xff"),
        ]);
        let shown = Credential::of(&headers, Some("since=4"), "kanban");
        assert_eq!(shown, Credential::Cookies(vec!["1", "2"]));
    }
}
