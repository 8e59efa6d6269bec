//! Where browsers find the board when a proxy stands in front of it.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;

/// An address as browsers write it in `Host` and `Origin`: in lower case and without a port that
/// its scheme implies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    scheme: &'static str,
    authority: String,
}

impl PublicUrl {
    /// The host, with its port where that needs to be said.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether browsers reach it by TLS only.
    pub(super) fn is_secure(&self) -> bool {
        self.scheme == "https"
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ASK: &str = "write an address like https://kanban.example.com, without a path";
        let uri: Uri = text.parse().map_err(|_| ASK)?;
        let (scheme, implied_port) = match uri.scheme_str() {
            Some("https") => ("https", ":443"),
            Some("http") => ("http", ":80"),
            _ => return Err(ASK),
        };
        let authority = uri.authority().ok_or(ASK)?.as_str().to_ascii_lowercase();
        // A path would need pages that know of it; a name and a password are the proxy's affair.
        if uri.path() != "/" || uri.query().is_some() || authority.contains('@') {
            return Err(ASK);
        }
        let bare = authority.strip_suffix(implied_port).unwrap_or(&authority);
        Ok(Self {
            scheme,
            authority: bare.to_owned(),
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
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
            ("http://board.lan:80", "http://board.lan"),
            ("http://board.lan:443", "http://board.lan:443"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_is_no_bare_web_address_is_refused() {
        for text in [
            "",
            "kanban.example.com",
            "ftp://kanban.example.com",
            "https://kanban.example.com/board",
            "https://kanban.example.com/?a=b",
            "https://me:secret@kanban.example.com",
            "https://",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
