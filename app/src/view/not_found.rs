//! The page for an address that names nothing. The server sends it with status 404.

use leptos::prelude::*;

use super::document_title::DocumentTitle;

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <DocumentTitle text=|| "Nothing here · Kanban".to_owned()/>
        <main class="not-found">
            <h1>"Nothing here"</h1>
            <p>"This address names no board and no task."</p>
            <a href="./">"Open the board"</a>
        </main>
    }
}
