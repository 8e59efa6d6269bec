//! The site's files: scripts, WASM, styles, icons. A release binary carries them inside; a debug
//! build reads them from `target/site`, so that `make site` and a reload show a change.
//!
//! It renders nothing and asks nobody who they are.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use rust_embed::{EmbeddedFile, RustEmbed};

/// Empty after a plain `cargo build`: `build.rs` makes the folder, `make site` fills it.
#[derive(RustEmbed)]
#[folder = "../target/site"]
struct Site;

/// A compressed copy that the build leaves beside a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// The smallest copy comes first.
    const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    const fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }
}

/// The answer to a request that names a file of the site.
pub(crate) fn file(request: &Request<Body>) -> Option<Response> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let name = request.uri().path().trim_start_matches('/');
    let content_type = content_type(name)?;
    let plain = Site::get(name)?;
    let (coding, file) = smallest(name, request.headers())
        .map_or((None, plain), |(coding, file)| (Some(coding), file));

    let etag = etag(&file);
    // File names stay the same from build to build, so a browser asks every time; the answer is
    // nearly always a 304.
    let caching: [(HeaderName, &str); 3] = [
        (CACHE_CONTROL, "no-cache"),
        (ETAG, &etag),
        (VARY, "accept-encoding"),
    ];
    if is_known(&etag, request.headers()) {
        return Some((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let encoding = coding.map(|coding| [(CONTENT_ENCODING, coding.token())]);
    Some(
        (
            caching,
            [(CONTENT_TYPE, content_type)],
            encoding,
            bytes(file),
        )
            .into_response(),
    )
}

/// The types of the files that the build makes. What is not listed, the compressed copies among
/// them, has no address of its own.
fn content_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        _ => return None,
    })
}

fn smallest(name: &str, headers: &HeaderMap) -> Option<(Coding, EmbeddedFile)> {
    let accepted = headers.get(ACCEPT_ENCODING)?.to_str().ok()?;
    Coding::ALL
        .into_iter()
        .filter(|coding| accepts(accepted, *coding))
        .find_map(|coding| Some((coding, Site::get(&format!("{name}{}", coding.extension()))?)))
}

/// Reads `Accept-Encoding` (RFC 9110, section 12.5.3). Weights are not compared: a client that
/// takes brotli at all gets it.
fn accepts(accepted: &str, coding: Coding) -> bool {
    accepted.split(',').any(|choice| {
        let (token, weight) = choice.split_once(';').unwrap_or((choice, ""));
        let is_refused = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|weight| weight.parse::<f32>().ok())
            .is_some_and(|weight| weight <= 0.0);
        token.trim().eq_ignore_ascii_case(coding.token()) && !is_refused
    })
}

/// Names the bytes that are sent, so the copies of one file have tags of their own, as RFC 9110,
/// section 8.8.3, asks.
fn etag(file: &EmbeddedFile) -> String {
    // Half of a SHA-256 tells builds apart.
    let hash = file.metadata.sha256_hash();
    let (half, _) = hash.split_at(16);
    format!("\"{}\"", HEXLOWER.encode(half))
}

fn is_known(etag: &str, headers: &HeaderMap) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .into_iter()
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == etag)
}

fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_brotli_before_gzip() {
        let first = |accepted: &str| Coding::ALL.into_iter().find(|it| accepts(accepted, *it));

        assert_eq!(first("gzip, deflate, br, zstd"), Some(Coding::Brotli));
        assert_eq!(first("gzip;q=1.0, BR;q=0.5"), Some(Coding::Brotli));
        assert_eq!(first("gzip, br;q=0"), Some(Coding::Gzip));
        assert_eq!(first("identity"), None);
        assert_eq!(first(""), None);
    }

    #[test]
    fn compressed_copies_have_no_address_of_their_own() {
        assert_eq!(content_type("pkg/kanban_bg.wasm"), Some("application/wasm"));
        assert_eq!(content_type("pkg/kanban_bg.wasm.br"), None);
        assert_eq!(content_type("pkg"), None);
    }

    #[test]
    fn a_tag_is_known_in_a_list_and_after_a_proxy_weakened_it() {
        let headers = |tags: &'static str| {
            HeaderMap::from_iter([(IF_NONE_MATCH, axum::http::HeaderValue::from_static(tags))])
        };

        assert!(is_known("\"b\"", &headers("\"a\", W/\"b\"")));
        assert!(!is_known("\"c\"", &headers("\"a\", W/\"b\"")));
        assert!(!is_known("\"c\"", &HeaderMap::new()));
    }
}
