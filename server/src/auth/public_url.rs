//! The board's address behind a reverse proxy.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::Uri;

/// The first words of the board's own paths. Below one of them, a path that a proxy has taken off
/// would look as if it had not.
const ROUTES: [&str; 13] = [
    "api",
    "chat",
    "favicon.svg",
    "fn",
    "guide",
    "healthz",
    "inbox",
    "launch",
    "login",
    "logout",
    "metrics",
    "pkg",
    "t",
];

/// An address as browsers write it in `Host` and `Origin`: in lower case and without a port that
/// its scheme implies. It may have a path, below which the proxy shows the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    scheme: &'static str,
    authority: String,
    /// "" or `/kanban`.
    path: String,
}

impl PublicUrl {
    /// The host, with its port where that needs to be said.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The path of the board without a slash at its end: "" or `/kanban`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The value of `Origin` that browsers send with requests of its pages.
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// Returns true when browsers reach it by TLS only.
    pub(super) fn is_secure(&self) -> bool {
        self.scheme == "https"
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ASK: &str =
            "write an address like https://kanban.example.com or https://example.com/kanban";
        const OURS: &str = "the board has such a path itself; choose another, such as /kanban";
        const NO_TLS: &str = "browsers would send the cookie of a session unencrypted; write an address \
                              that begins with https://";
        let uri: Uri = text.parse().map_err(|_| ASK)?;
        let (scheme, implied_port) = match uri.scheme_str() {
            Some("https") => ("https", ":443"),
            Some("http") => ("http", ":80"),
            _ => return Err(ASK),
        };
        let authority = uri.authority().ok_or(ASK)?;
        let (host, port) = (authority.host(), authority.port_u16());
        let authority = authority.as_str().to_ascii_lowercase();
        let path = uri.path().trim_end_matches('/');
        let first = path.split('/').nth(1).unwrap_or_default();
        if ROUTES.contains(&first) {
            return Err(OURS);
        }
        // A name and a password are the proxy's affair.
        let is_bare = is_plain_path(path) && uri.query().is_none() && !text.contains('#');
        // What follows the host is a port that there can be.
        let has_good_end = authority.len() == host.len() || port.is_some_and(|port| port > 0);
        if !is_bare || !has_good_end || authority.contains('@') || !is_host(host) {
            return Err(ASK);
        }
        if scheme == "http" && !is_loopback(host) {
            return Err(NO_TLS);
        }
        let bare = authority.strip_suffix(implied_port).unwrap_or(&authority);
        Ok(Self {
            scheme,
            authority: bare.to_owned(),
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

/// Returns true for a path that reads the same in a link, in a cookie and in a proxy's file.
fn is_plain_path(path: &str) -> bool {
    let is_plain = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"-_.~".contains(&it))
    };
    path.is_empty() || path.split('/').skip(1).all(is_plain)
}

/// Returns true when browsers can write this as a host: a name without a wildcard, or an address.
fn is_host(host: &str) -> bool {
    let is_name = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
    };
    address(host).is_some() || host.split('.').all(is_name)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || address(host).is_some_and(|address| address.is_loopback())
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_browsers_write_it() {
        for (text, written) in [
            ("https://Kanban.Example.com", "https://kanban.example.com"),
            ("https://kanban.example.com/", "https://kanban.example.com"),
            (
                "https://kanban.example.com:443",
                "https://kanban.example.com",
            ),
            ("http://localhost:80", "http://localhost"),
            ("http://127.0.0.1:443", "http://127.0.0.1:443"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("https://Example.com/Kanban/", "https://example.com/Kanban"),
            ("https://example.com/team/a", "https://example.com/team/a"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_is_no_plain_web_address_is_refused() {
        for text in [
            "",
            "kanban.example.com",
            "ftp://kanban.example.com",
            "https://kanban.example.com/a//b",
            "https://kanban.example.com/api",
            "https://kanban.example.com/t/kanban",
            "https://kanban.example.com/../b",
            "https://kanban.example.com/a%20b",
            "https://kanban.example.com/a;b",
            "https://kanban.example.com/a#b",
            "https://kanban.example.com/?a=b",
            "https://me:secret@kanban.example.com",
            "https://",
            "https://*.example.com",
            "https://kanban..example.com",
            "https://kanban.example.com:99999",
            "https://kanban.example.com:0",
            "https://kanban.example.com:",
            "http://kanban.example.com",
            "http://10.0.0.7:8420",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
