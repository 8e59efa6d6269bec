//! Tells screen readers what moved, and where a carried card is held.

use leptos::prelude::*;

#[component]
pub(crate) fn Announcer(
    #[prop(into)] announcement: Signal<String>,
    #[prop(into)] carried: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <p class="visually-hidden" role="status">{announcement}</p>
        <p class="visually-hidden" role="status">{carried}</p>
    }
}
