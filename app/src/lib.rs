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

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::{Html, provide_meta_context};

pub use base::of_document;

use base::Base;
use runtime::Location;
use view::{BoardPage, NotFound};

/// The changes of a task as HTML that is safe to show.
#[cfg(feature = "ssr")]
pub fn changes_html(changes: &domain::changes::Changes) -> String {
    Owner::new().with(|| view::changes_html(changes))
}

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

/// The page of an address: the board, which stays as it is while a task opens and closes on it, or that
/// there is nothing.
#[component]
pub fn App(
    /// The path below which the browser finds the board: "" or `/kanban`. The server sees none.
    base: &'static str,
) -> impl IntoView {
    provide_meta_context();
    let base = Base(base);
    provide_context(base);
    let location = Location::current(base);

    // Effects run in the browser only: the attribute says that WASM has taken over. Style rules and
    // the end-to-end tests wait for it.
    let (is_hydrated, set_hydrated) = signal(false);
    Effect::new(move |_| set_hydrated.set(true));

    let page = if location.is_page() {
        Either::Left(view! { <BoardPage location/> })
    } else {
        Either::Right(view! { <NotFound/> })
    };
    view! {
        <Html {..} data-hydrated=move || is_hydrated.get().then_some("")/>
        {page}
    }
}
