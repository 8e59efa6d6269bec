//! The names that the board answers to, and the pages that may write to it.
//!
//! A page of another site may have its own name point at 127.0.0.1 (DNS rebinding); its requests
//! then reach us but still carry that name as their `Host`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::header::{HOST, HeaderMap, ORIGIN};
use axum::http::{HeaderName, Uri};

use super::exposure::Exposure;
use crate::tls::Certificate;

/// Every current browser says by this how the page that asks is related to us (Fetch Metadata).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names of this server.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    /// The valid values of `Host`: each name with its port.
    names: Vec<String>,
    /// The valid values of `Origin`.
    origins: Vec<String>,
    /// Names every host that browsers accept it for.
    certificate: Option<Arc<Certificate>>,
}

/// The origin of a request, by the browser's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// One of ours.
    Ours,
    /// One of another site, or of another program on this machine.
    Foreign,
    /// No browser says anything, so it is a program.
    Unsaid,
}

/// The name in a request, and the valid ones; for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) found: String,
    pub(super) expected: String,
}

/// The longest part of a header that is logged, in bytes.
const MAX_LOGGED: usize = 200;

impl Hosts {
    /// The names of the server that listens at `address`.
    pub(super) fn of(address: SocketAddr, exposure: &Exposure) -> Self {
        let port = address.port();
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "[::1]"]
            .map(|name| format!("{name}:{port}"))
            .into();
        if !address.ip().is_unspecified() {
            names.push(address.to_string());
        }
        if port == 80 {
            // Browsers leave out the port that every web address has.
            let bare: Vec<String> = names
                .iter()
                .filter_map(|name| name.strip_suffix(":80"))
                .map(str::to_owned)
                .collect();
            names.extend(bare);
        }
        let scheme = match exposure {
            Exposure::Tls(_) => "https",
            Exposure::None | Exposure::Proxy(_) => "http",
        };
        let origins = names.iter().map(|name| format!("{scheme}://{name}"));
        let mut origins: Vec<_> = origins.collect();
        let mut certificate = None;
        match exposure {
            Exposure::None => {}
            Exposure::Proxy(public) => {
                origins.push(public.origin());
                names.push(public.authority().to_owned());
            }
            Exposure::Tls(shown) => certificate = Some(shown.clone()),
        }
        Self {
            names,
            origins,
            certificate,
        }
    }

    /// Returns true when a request is meant for us: one `Host`, and that and any name in the
    /// address ours.
    pub(super) fn are_asked(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        host.to_str().is_ok_and(|host| self.is_ours(host))
            && uri
                .authority()
                .is_none_or(|authority| self.is_ours(authority.as_str()))
    }

    /// Returns true for a name of this server: with a certificate, also for any that it is for, since a
    /// page of another site has no certificate for the name that it points here.
    fn is_ours(&self, host: &str) -> bool {
        let by_certificate = || self.certificate.as_ref().is_some_and(|it| it.is_for(host));
        contains(&self.names, host) || by_certificate()
    }

    /// Returns true for the origin of our own pages: with a certificate, that of the very host and port
    /// that a request names.
    fn is_our_page(&self, origin: &str, headers: &HeaderMap) -> bool {
        let by_certificate = || {
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            let asked = origin.strip_prefix("https://").zip(host);
            asked.is_some_and(|(page, host)| page.eq_ignore_ascii_case(host) && self.is_ours(host))
        };
        contains(&self.origins, origin) || (self.certificate.is_some() && by_certificate())
    }

    /// The host that a request names instead of ours.
    pub(super) fn wrong_host(&self, headers: &HeaderMap) -> Mismatch {
        Mismatch {
            found: shown(headers, &[HOST]),
            expected: self.names.join(", "),
        }
    }

    /// The page that a request comes from instead of one of ours.
    pub(super) fn foreign_page(&self, headers: &HeaderMap) -> Mismatch {
        Mismatch {
            found: shown(headers, &[ORIGIN, SEC_FETCH_SITE]),
            expected: self.origins.join(", "),
        }
    }

    /// The origin of a request. A header that cannot be read counts as foreign.
    pub(super) fn origin(&self, headers: &HeaderMap) -> Origin {
        let origins = headers.get_all(ORIGIN).iter().map(|value| {
            value
                .to_str()
                .ok()
                .is_some_and(|origin| self.is_our_page(origin, headers))
        });
        // `none` is a person's own doing: an address typed, a bookmark, a page loaded again.
        let sites = headers
            .get_all(SEC_FETCH_SITE)
            .iter()
            .map(|value| matches!(value.as_bytes(), b"same-origin" | b"none"));
        origins
            .chain(sites)
            .fold(Origin::Unsaid, |said, is_ours| match (said, is_ours) {
                (Origin::Foreign, _) | (_, false) => Origin::Foreign,
                (_, true) => Origin::Ours,
            })
    }
}

/// These headers as they may stand in a log: in quotes, with everything escaped that is not printable
/// ASCII.
fn shown(headers: &HeaderMap, names: &[HeaderName]) -> String {
    let all = names.iter().flat_map(|name| {
        let values = headers.get_all(name).iter();
        values.map(move |value| format!("{name}: \"{}\"", value.as_bytes().escape_ascii()))
    });
    let mut all = all.collect::<Vec<_>>().join(", ");
    all.truncate(MAX_LOGGED);
    all
}

fn contains(known: &[String], asked: &str) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(asked))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn hosts() -> Hosts {
        Hosts::of(([127, 0, 0, 1], 8420).into(), &Exposure::None)
    }

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_board_answers_to_its_loopback_names_with_its_own_port_only() {
        let uri = Uri::from_static("/board");
        for host in [
            "localhost:8420",
            "LocalHost:8420",
            "127.0.0.1:8420",
            "[::1]:8420",
        ] {
            assert!(hosts().are_asked(&headers(&[(HOST, host)]), &uri), "{host}");
        }
        for host in [
            "localhost",
            "localhost:80",
            "evil.example:8420",
            "localhost.:8420",
            "",
        ] {
            assert!(
                !hosts().are_asked(&headers(&[(HOST, host)]), &uri),
                "{host}"
            );
        }
    }

    #[test]
    fn a_proxy_adds_exactly_its_own_name_and_scheme() {
        let proxy = Exposure::Proxy("https://kanban.example.com".parse().unwrap());
        let hosts = Hosts::of(([0, 0, 0, 0], 8420).into(), &proxy);
        let uri = Uri::from_static("/");
        for (host, is_ours) in [
            ("kanban.example.com", true),
            ("localhost:8420", true),
            ("kanban.example.com:8420", false),
            ("example.com", false),
            ("0.0.0.0:8420", false),
        ] {
            assert_eq!(
                hosts.are_asked(&headers(&[(HOST, host)]), &uri),
                is_ours,
                "{host}"
            );
        }
        for (origin, expected) in [
            ("https://kanban.example.com", Origin::Ours),
            ("http://localhost:8420", Origin::Ours),
            ("http://kanban.example.com", Origin::Foreign),
            ("https://kanban.example.com:8443", Origin::Foreign),
            ("https://localhost:8420", Origin::Foreign),
        ] {
            assert_eq!(
                hosts.origin(&headers(&[(ORIGIN, origin)])),
                expected,
                "{origin}"
            );
        }
    }

    #[test]
    fn two_hosts_or_none_or_another_in_the_address_are_refused() {
        let ours = (HOST, "localhost:8420");
        let uri = Uri::from_static("/");
        assert!(!hosts().are_asked(&headers(&[]), &uri));
        assert!(!hosts().are_asked(&headers(&[ours.clone(), ours.clone()]), &uri));
        assert!(!hosts().are_asked(&headers(&[ours]), &Uri::from_static("http://evil.example/")));
    }

    #[test]
    fn a_page_is_ours_only_when_all_that_the_browser_says_agrees() {
        let ours = (ORIGIN, "http://localhost:8420");
        let same = (SEC_FETCH_SITE, "same-origin");
        for (said, expected) in [
            (vec![], Origin::Unsaid),
            (vec![ours.clone()], Origin::Ours),
            (vec![same.clone()], Origin::Ours),
            (vec![ours.clone(), same.clone()], Origin::Ours),
            (vec![(ORIGIN, "null")], Origin::Foreign),
            (vec![(ORIGIN, "http://localhost:3000")], Origin::Foreign),
            (
                vec![(ORIGIN, "https://evil.example"), same],
                Origin::Foreign,
            ),
            (
                vec![ours.clone(), (SEC_FETCH_SITE, "same-site")],
                Origin::Foreign,
            ),
            (vec![(SEC_FETCH_SITE, "cross-site"), ours], Origin::Foreign),
        ] {
            assert_eq!(hosts().origin(&headers(&said)), expected, "{said:?}");
        }
    }
}
