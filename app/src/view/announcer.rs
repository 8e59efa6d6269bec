//! The live region for screen readers: moved cards, and the column that a carried card is held
//! over.

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
