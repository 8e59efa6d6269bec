//! The path below which a proxy shows the board, as in `https://example.com/kanban/`.
//!
//! Nothing inside knows of it. The path is taken off before a request is routed, whether or not the
//! proxy has done so already, and each document names the way back to its root as its base: every link
//! begins there.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};

/// The way from the requested path to the root, such as `../`: a header of our own, since that is what
/// all that write a document are given. A visitor's is overwritten.
const ROOT: HeaderName = HeaderName::from_static("x-kanban-root");

/// The depth of a path beyond which nobody looks for the root: no route is as deep.
const MAX_DEPTH: usize = 32;

/// The base of the document that answers a request with these headers.
pub(crate) fn of(headers: &HeaderMap) -> &str {
    let root = headers.get(ROOT).and_then(|root| root.to_str().ok());
    root.unwrap_or("./")
}

/// The routes, also below this path: "" or `/kanban`.
pub(crate) fn mount(path: String, routes: Router) -> Router {
    // Middleware of the routes themselves would run after one of them is chosen.
    Router::new()
        .fallback_service(routes)
        .layer(from_fn_with_state(Arc::from(path), enter))
}

async fn enter(State(path): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    match request.uri().path().strip_prefix(&*path) {
        // What is relative to the root would be relative to its parent.
        Some("") => {
            let query = request.uri().query().map(|query| format!("?{query}"));
            let board = format!("{path}/{}", query.unwrap_or_default());
            return Redirect::permanent(&board).into_response();
        }
        Some(rest) if rest.starts_with('/') && !path.is_empty() => {
            *request.uri_mut() = without(request.uri(), &path);
        }
        _ => {}
    }
    let root = root(request.uri().path());
    request.headers_mut().insert(ROOT, root);
    next.run(request).await
}

/// The address without a path that it begins with.
fn without(uri: &Uri, path: &str) -> Uri {
    let rest = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = rest.strip_prefix(path).and_then(|rest| rest.parse().ok());
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = rest;
    Uri::from_parts(parts).unwrap_or_default()
}

/// The way up from this path.
fn root(path: &str) -> HeaderValue {
    let depth = path.matches('/').count().saturating_sub(1);
    let root = match depth {
        0 => "./".to_owned(),
        depth => "../".repeat(depth.min(MAX_DEPTH)),
    };
    // It has no character that a header may not have.
    HeaderValue::from_str(&root).unwrap_or(HeaderValue::from_static("./"))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::header::LOCATION;
    use tower::ServiceExt;

    use super::*;

    async fn asked(path: &str, uri: &str) -> (Option<String>, String) {
        let says = |request: Request| async move {
            format!("{} {}", of(request.headers()), request.uri())
        };
        let request = Request::get(uri).header(ROOT, "https://evil.example/");
        let request = request.body(Body::empty()).unwrap();
        let routes = mount(path.to_owned(), Router::new().fallback(says));
        let answer = routes.oneshot(request).await.unwrap();
        let location = answer.headers().get(LOCATION);
        let location = location.map(|it| it.to_str().unwrap().to_owned());
        let body = to_bytes(answer.into_body(), 1_000).await.unwrap();
        (location, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_path_is_taken_off_whether_or_not_the_proxy_has_done_so() {
        for (path, uri, heard) in [
            ("/kanban", "/kanban/", "./ /"),
            ("/kanban", "/kanban/t/t_1/log?a=b", "../../ /t/t_1/log?a=b"),
            ("/kanban", "/t/t_1?a=b", "../ /t/t_1?a=b"),
            ("/kanban", "/kanbanana", "./ /kanbanana"),
            ("/kanban", "/kanban//evil", "../ //evil"),
            (
                "/kanban",
                "http://a.example/kanban/b",
                "./ http://a.example/b",
            ),
            ("", "/", "./ /"),
            ("", "/kanban/t", "../ /kanban/t"),
        ] {
            assert_eq!(
                asked(path, uri).await,
                (None, heard.to_owned()),
                "{path} {uri}"
            );
        }
    }

    #[tokio::test]
    async fn the_path_without_its_slash_leads_to_the_board() {
        for (uri, board) in [("/kanban", "/kanban/"), ("/kanban?q=a", "/kanban/?q=a")] {
            let (location, _) = asked("/kanban", uri).await;
            assert_eq!(location.as_deref(), Some(board));
        }
    }
}
