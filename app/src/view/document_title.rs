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
    let text = move || {
        let text = text();
        if cfg!(feature = "ssr") {
            escape(&text)
        } else {
            text
        }
    };
    view! { <Title text/> }
}

/// Escapes the characters that end the text of an element or begin a character reference.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
