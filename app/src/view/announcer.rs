//! Tells screen readers what moved.

use leptos::prelude::*;

#[component]
pub(crate) fn Announcer(#[prop(into)] announcement: Signal<String>) -> impl IntoView {
    view! { <p class="visually-hidden" role="status">{announcement}</p> }
}
