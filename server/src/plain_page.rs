//! Pages that load nothing: they are shown to strangers too, to whom no file is open, and when the
//! rest of the server does not work. They have the measures and colours of the board all the same.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::response::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use domain::text::one_line;
use serde::Deserialize;

use crate::headers::wants_html;
use crate::{preferences, root};

/// The part of a refusal that is read, in bytes: more is none.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// A page with this title and content.
pub(crate) fn page(
    status: StatusCode,
    headers: &HeaderMap,
    title: &str,
    content: &str,
) -> Response {
    let style = include_str!("plain_page.css");
    (
        status,
        document(headers, title, style, &main_part(title, content)),
    )
        .into_response()
}

/// A page with this title and content, after which this script runs.
pub(crate) fn page_with_script(
    headers: &HeaderMap,
    title: &str,
    content: &str,
    script: &str,
) -> Response {
    let style = include_str!("plain_page.css");
    let script = format!("<script nonce=\"{{nonce}}\">\n{script}</script>\n");
    write(headers, title, style, &main_part(title, content), &script).into_response()
}

fn main_part(title: &str, content: &str) -> String {
    include_str!("plain_page.html")
        .replace("{title}", &escape(title))
        // Last: what came from elsewhere is not filled in again.
        .replace("{content}", content)
}

/// A document with this content and these rules of style, which a nonce lets in.
pub(crate) fn document(
    headers: &HeaderMap,
    title: &str,
    style: &str,
    content: &str,
) -> impl IntoResponse + use<> {
    write(headers, title, style, content, "")
}

fn write(
    headers: &HeaderMap,
    title: &str,
    style: &str,
    content: &str,
    script: &str,
) -> impl IntoResponse + use<> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let script_src = match script {
        "" => String::new(),
        _ => format!("; script-src 'nonce-{nonce}'"),
    };
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'self'; \
         frame-ancestors 'none'{script_src}"
    );
    let html = include_str!("plain_page/document.html")
        .replace("{root}", root::of(headers))
        .replace("{theme}", preferences::theme(headers).as_str())
        .replace("{tokens}", include_str!("../../style/tokens.css"))
        .replace("{style}", style)
        .replace("{script}", script)
        .replace("{nonce}", &nonce)
        .replace("{title}", &escape(title))
        .replace("{content}", content);
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Html(html))
}

/// Dresses refusals for people: whoever waits in front of a browser gets a page instead of a line.
/// Answers to programs stay as they are, also when a browser asks.
pub(crate) async fn dress(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_for_people =
        wants_html(&request) && !path.starts_with("/api/") && !path.starts_with("/fn/");
    let headers = request.headers().clone();
    let response = next.run(request).await;
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    if !is_for_people || !is_refusal || is_html(&response) {
        return response;
    }
    let (head, body) = response.into_parts();
    let said = said(body).await;
    let (title, words) = in_words(status);
    let said = said.map(|said| format!("<p class=\"said\">{}</p>\n", escape(&said)));
    let content = format!(
        "<p>{words}</p>\n{}<p><a href=\"./\">Open the board</a></p>",
        said.unwrap_or_default(),
    );
    keep_headers(page(status, &headers, title, &content), &head)
}

/// Keeps the headers that belong to the refusal itself, such as `retry-after`.
fn keep_headers(mut page: Response, head: &Parts) -> Response {
    for (name, value) in &head.headers {
        if name.as_str() == "retry-after" || name.as_str() == "set-cookie" {
            page.headers_mut().append(name, value.clone());
        }
    }
    page
}

/// The reason that a refusal gives to programs.
async fn said(body: Body) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        detail: String,
    }
    let body = to_bytes(body, MAX_REFUSAL_BYTES).await.ok()?;
    let refusal: Refusal = serde_json::from_slice(&body).ok()?;
    Some(refusal.detail)
}

/// The meaning of a status, and what can be done about it.
fn in_words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::FORBIDDEN => (
            "Not from there",
            "This was asked for by a page of another site, or by one that was not logged in, so it was not \
             done.",
        ),
        StatusCode::NOT_FOUND => ("Nothing here", "This address names nothing on this board."),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("Not like this", "This address cannot be used in this way.")
        }
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::URI_TOO_LONG => (
            "Too much at once",
            "That is more than the board takes at once.",
        ),
        StatusCode::MISDIRECTED_REQUEST => (
            "Not this board",
            "The board has another address: the one that <code>kanban open</code> prints.",
        ),
        StatusCode::TOO_MANY_REQUESTS => (
            "Too many attempts",
            "Too many wrong tokens came from your address. Wait a moment and try again.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "Busy",
            "The server has too much to do just now. Try again in a moment.",
        ),
        status if status.is_server_error() => (
            "Something broke",
            "The server failed, and its log says why. What you asked for was not done.",
        ),
        _ => (
            "Not done",
            "The server did not understand what was asked for.",
        ),
    }
}

fn is_html(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html"))
}

/// A text in one line as it stands in HTML, also in an attribute in double quotes: whatever a plain page
/// quotes goes through here.
pub(crate) fn escape(text: &str) -> String {
    one_line(text)
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::header::ACCEPT;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;
    use crate::http_error;

    #[test]
    fn a_text_stays_inside_its_place() {
        assert_eq!(escape(r#"/?a="><b&"#), "/?a=&quot;>&lt;b&amp;");
        assert_eq!(escape("a\u{1b}[2J\u{202e}\nb"), "a b");
    }

    #[tokio::test]
    async fn a_refusal_is_a_page_for_people_and_a_line_for_programs() {
        let refuse = || async { http_error::detail(StatusCode::NOT_FOUND, "task <b> not found") };
        let router = Router::new()
            .route("/t/{id}/log", get(refuse))
            .route("/api/plugins/kanban/board", get(refuse))
            .layer(from_fn(dress));
        for (path, accept, is_page) in [
            ("/t/x/log", "text/html,*/*", true),
            ("/t/x/log", "*/*", false),
            ("/api/plugins/kanban/board", "text/html,*/*", false),
        ] {
            let request = Request::get(path)
                .header(ACCEPT, accept)
                .body(Body::empty());
            let response = router.clone().oneshot(request.unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
            assert_eq!(is_html(&response), is_page, "{path} as {accept}");
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let html = String::from_utf8(body.to_vec()).unwrap();
            assert_eq!(html.contains("task &lt;b> not found"), is_page, "{html}");
        }
    }

    #[test]
    fn every_refusal_has_words() {
        for code in 400..600 {
            let status = StatusCode::from_u16(code).unwrap();
            let (title, words) = in_words(status);
            assert!(!title.is_empty() && words.ends_with('.'), "{status}");
        }
    }
}
