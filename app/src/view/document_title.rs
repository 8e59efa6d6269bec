//! The title of the document. It is the only use of `leptos_meta::Title`, which writes its text into
//! the HTML of the server as it stands.

use leptos::prelude::*;
use leptos_meta::Title;

/// Sets the title of the document. The server writes it as HTML, so it is escaped there; the browser
/// sets it as text, and so takes it as it is.
#[component]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that escapes"
)]
pub(crate) fn DocumentTitle<F>(text: F) -> impl IntoView
where
    F: Fn() -> String + Send + Sync + 'static,
{
    let text = move || raw_text(text());
    view! { <Title text/> }
}

/// Returns a text for an element whose content Leptos writes into the HTML of the server as it stands:
/// `title` and `textarea`. The browser sets it as text, and so takes it as it is.
pub(crate) fn raw_text(text: String) -> String {
    if cfg!(feature = "ssr") {
        escape(&text)
    } else {
        text
    }
}

/// Escapes the characters that end the text of an element or begin a character reference.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
