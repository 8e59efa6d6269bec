//! `/guide`: the guide in a browser, as a document that needs no script.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{PAGES, Page, html, page};
use crate::AppState;
use crate::plain_page::{document, escape};

/// The addresses of the guide.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/guide", get(contents))
        .route("/guide/{topic}", get(topic))
}

async fn contents(headers: HeaderMap) -> Response {
    let mut article = "<h1>The guide</h1>\n<dl>\n".to_owned();
    for page in PAGES {
        let (link, about) = (link(page, None), page.about);
        // Writing to a `String` cannot fail.
        writeln!(article, "<dt>{link}</dt><dd>{about}</dd>").ok();
    }
    article.push_str("</dl>\n");
    shown(&headers, "The guide", None, &article).into_response()
}

async fn topic(Path(topic): Path<String>, headers: HeaderMap) -> Response {
    if let Some(page) = page(&topic) {
        let article = html::of_markdown(&page.text());
        return shown(&headers, title(page), Some(page), &article).into_response();
    }
    let title = "No such page";
    let topic = escape(&topic);
    let article =
        format!("<h1>{title}</h1>\n<p>The guide has no page called <code>{topic}</code>.</p>\n");
    let document = shown(&headers, title, None, &article);
    (StatusCode::NOT_FOUND, document).into_response()
}

/// An article beside the list of all pages; `open` is the one that is read.
fn shown(
    headers: &HeaderMap,
    title: &str,
    open: Option<Page>,
    article: &str,
) -> impl IntoResponse + use<> {
    let links = PAGES.into_iter().fold(String::new(), |mut links, page| {
        writeln!(links, "<li>{}</li>", link(page, open)).ok();
        links
    });
    let content = include_str!("page.html")
        .replace("{links}", &links)
        .replace("{article}", article);
    document(headers, title, include_str!("page.css"), &content)
}

fn link(page: Page, open: Option<Page>) -> String {
    let is_open = open.is_some_and(|open| open.topic == page.topic);
    let current = if is_open {
        " aria-current=\"page\""
    } else {
        ""
    };
    let (topic, title) = (page.topic, title(page));
    format!("<a href=\"./guide/{topic}\"{current}>{title}</a>")
}

/// The heading of a page.
fn title(page: Page) -> &'static str {
    let heading = page.markdown.lines().next().unwrap_or_default();
    heading.trim_start_matches("# ")
}
