//! The page for an address that names nothing. The server sends it with status 404.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <Title text="Nothing here · Kanban"/>
        <main class="not-found">
            <h1>"Nothing here"</h1>
            <p>"This address names no board and no task."</p>
            <A href="/">"Open the board"</A>
        </main>
    }
}
