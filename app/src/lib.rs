//! The page: one tree of components, rendered by the server and taken over by the browser.
//!
//! It shows the board and asks for changes. It never decides one, and never sees SQL.

#![allow(
    clippy::let_unit_value,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    unreachable_pub,
    reason = "the `view!` and `component` macros, and components' owned arguments, are made of these"
)]

pub mod api;
mod base;
mod runtime;
mod view;

use leptos::prelude::*;
use leptos_meta::{Html, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

pub use base::of_document;

use base::Base;
use view::{BoardPage, NotFound};

/// The document around [`App`]. Its links begin at `root`, the way from the page to the board.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions, root: String) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <base href=root/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="./favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=format!(".{}", options.css_path())/>
                {scripts(options)}
                <leptos_meta::MetaTags/>
            </head>
            <body>
                <App base=""/>
            </body>
        </html>
    }
}

/// The scripts of a page, unless its visitor runs none and so has the proof in the forms.
#[cfg(feature = "ssr")]
fn scripts(options: LeptosOptions) -> impl IntoView {
    use_context::<api::backend::FormProof>().is_none().then(|| {
        view! {
            <script nonce=leptos::nonce::use_nonce() inner_html=include_str!("proof.js")></script>
            <HydrationScripts options root="."/>
        }
    })
}

/// The routes. The board is their parent, so it stays as it is while a task opens and closes on it.
#[component]
pub fn App(
    /// The path below which the browser finds the board: "" or `/kanban`. The server sees none.
    base: &'static str,
) -> impl IntoView {
    provide_meta_context();
    provide_context(Base(base));

    // Effects run in the browser only: the attribute says that WASM has taken over. Style rules and
    // the end-to-end tests wait for it.
    let (is_hydrated, set_hydrated) = signal(false);
    Effect::new(move |_| set_hydrated.set(true));

    view! {
        <Html {..} data-hydrated=move || is_hydrated.get().then_some("")/>
        <Router base>
            // The board is a read of a local file: waiting for it costs less than streaming would,
            // and the page is whole without any script.
            <Routes fallback=NotFound>
                <ParentRoute path=path!("/") view=BoardPage ssr=SsrMode::Async>
                    <Route path=path!("") view=|| () ssr=SsrMode::Async/>
                    <Route path=path!("inbox") view=|| () ssr=SsrMode::Async/>
                    <Route path=path!("t/:id") view=|| () ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
