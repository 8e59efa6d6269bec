//! The site's files: scripts, WASM, styles, icons. A release binary carries them inside; a debug
//! build reads them from `target/site`, so that `make site` and a reload show a change.
//!
//! It renders nothing and asks nobody who they are.

use std::borrow::Cow;
use std::io::{self, Read as _};

use axum::body::Bytes;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use brotli_decompressor::Decompressor;
use data_encoding::HEXLOWER;
use rust_embed::{EmbeddedFile, RustEmbed};
use tokio::task::spawn_blocking;

/// Empty after a plain `cargo build`: `build.rs` makes the folder, `make site` fills it. Of each file
/// there is the copy that every browser takes, compressed by Brotli (RFC 7932): with the file itself
/// the program would be a tenth larger.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[include = "*.br"]
struct Site;

/// The coding of the copies.
const BROTLI: &str = "br";

/// The size of the pieces in which a copy is read, in bytes.
const PIECE: usize = 64 * 1024;

/// The answer to a request that names a file of the site.
pub(crate) async fn file(method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let name = path.trim_start_matches('/');
    let content_type = content_type(name)?;
    let file = Site::get(&format!("{name}.{BROTLI}"))?;
    let takes_brotli = takes_brotli(headers);
    let etag = etag(&file, takes_brotli);
    // File names stay the same from build to build, so a browser asks every time; the answer is
    // nearly always a 304.
    let caching: [(HeaderName, &str); 3] = [
        (CACHE_CONTROL, "no-cache"),
        (ETAG, &etag),
        (VARY, "accept-encoding"),
    ];
    if is_known(&etag, headers) {
        return Some((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let copy = bytes(file);
    let typed = [(CONTENT_TYPE, content_type)];
    if takes_brotli {
        let encoding = [(CONTENT_ENCODING, BROTLI)];
        return Some((caching, typed, encoding, copy).into_response());
    }
    // Browsers ask for Brotli of whoever has TLS and of this machine; others are few.
    let plain = spawn_blocking(move || plain(&copy)).await;
    Some(match plain {
        Ok(Ok(plain)) => (caching, typed, plain).into_response(),
        Ok(Err(_)) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}

fn plain(copy: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    Decompressor::new(copy, PIECE).read_to_end(&mut plain)?;
    Ok(plain)
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

/// Reads `Accept-Encoding` (RFC 9110, section 12.5.3). Weights are not compared: a client that
/// takes Brotli at all gets it.
fn takes_brotli(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|it| it.to_str().ok());
    accepted.unwrap_or_default().split(',').any(|choice| {
        let (token, weight) = choice.split_once(';').unwrap_or((choice, ""));
        let is_refused = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|weight| weight.parse::<f32>().ok())
            .is_some_and(|weight| weight <= 0.0);
        token.trim().eq_ignore_ascii_case(BROTLI) && !is_refused
    })
}

/// Names the bytes that are sent, so the copies of one file have tags of their own, as RFC 9110,
/// section 8.8.3, asks.
fn etag(file: &EmbeddedFile, is_compressed: bool) -> String {
    // Half of a SHA-256 tells builds apart.
    let hash = file.metadata.sha256_hash();
    let (half, _) = hash.split_at(16);
    let coding = if is_compressed { "-br" } else { "" };
    format!("\"{}{coding}\"", HEXLOWER.encode(half))
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
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn whoever_takes_brotli_gets_it() {
        let takes = |accepted: &'static str| {
            let accepted = HeaderValue::from_static(accepted);
            takes_brotli(&HeaderMap::from_iter([(ACCEPT_ENCODING, accepted)]))
        };
        assert!(takes("gzip, deflate, br, zstd") && takes("gzip;q=1.0, BR;q=0.5"));
        assert!(!takes("gzip, br;q=0") && !takes("identity") && !takes(""));
        assert!(!takes_brotli(&HeaderMap::new()));
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
            HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(tags))])
        };

        assert!(is_known("\"b\"", &headers("\"a\", W/\"b\"")));
        assert!(!is_known("\"c\"", &headers("\"a\", W/\"b\"")));
        assert!(!is_known("\"c\"", &HeaderMap::new()));
    }
}
