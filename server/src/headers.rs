//! Headers that tell a browser what a response of ours may do. They belong on every response.

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Request};
use tower_http::set_header::SetResponseHeaderLayer;

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Returns true when a person in front of a browser waits for the answer.
pub(crate) fn wants_html(request: &Request<Body>) -> bool {
    request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// The policy of a page whose inline scripts carry `nonce`.
///
/// Scripts run when they are our files or carry the nonce; everything else comes from this server
/// and nowhere else. Inline styles are refused, so the style bundle is the only source of style.
pub(crate) fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; \
         script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; \
         style-src 'self'; \
         img-src 'self'; \
         connect-src 'self'; \
         form-action 'self'; \
         base-uri 'self'; \
         frame-ancestors 'none'"
    )
}

/// Adds the headers to every response of `router` that has not set its own.
pub(crate) fn secure(router: Router) -> Router {
    router
        // A response that is not a page loads nothing, whatever a browser takes it for.
        .layer(absent(
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ))
        .layer(absent(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // An answer is of one moment and for one person; no cache may give it later.
        .layer(absent(CACHE_CONTROL, "no-store"))
        // `no-referrer` would make browsers send `Origin: null` with plain forms, which the origin
        // check must refuse.
        .layer(absent(REFERRER_POLICY, "same-origin"))
        // No other page may hold a handle to ours, or load what we answer.
        .layer(absent(CROSS_ORIGIN_OPENER_POLICY, "same-origin"))
        .layer(absent(CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"))
}

fn absent(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
