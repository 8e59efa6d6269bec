//! The changes of a task in its repository. The server makes the HTML, because a diff of a thousand lines
//! is a text and not a thing to press; it is read when somebody opens the tab.

#[cfg(feature = "ssr")]
pub(crate) mod html;

use leptos::either::EitherOf3;
use leptos::prelude::*;
use reactive_stores::Store;
use state::label;
use state::shown::{self, Shown, ShownStoreFields};

use crate::view::says::memo;

#[component]
pub(super) fn Changes(shown: Store<Shown>) -> impl IntoView {
    let changes = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { changes, .. } => changes.clone(),
        _ => None,
    });
    let content = move || match changes.get() {
        None => EitherOf3::A(view! { <p class="hint">"Asking git…"</p> }),
        Some(Ok(html)) => EitherOf3::B(view! { <div inner_html=html.to_string()></div> }),
        Some(Err(refusal)) => EitherOf3::C(view! {
            <p class="callout">{label::capitalised(&refusal.message)}</p>
        }),
    };
    view! {
        <section class="changes" aria-label="Changes" aria-live="polite">
            <h3 class="visually-hidden">"Changes"</h3>
            {content}
        </section>
    }
}
