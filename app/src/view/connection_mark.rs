//! Says whether what is shown is current.

use leptos::prelude::*;
use state::connection::Link;

#[component]
pub(crate) fn ConnectionMark(#[prop(into)] link: Signal<Link>) -> impl IntoView {
    let name = move || match link.get() {
        Link::Idle => "idle",
        Link::Connecting => "connecting",
        Link::Live => "live",
        Link::Lost => "lost",
    };
    let text = move || match link.get() {
        Link::Idle => "Not live",
        Link::Connecting => "Connecting",
        Link::Live => "Live",
        Link::Lost => "Reconnecting",
    };
    let title = move || match link.get() {
        Link::Idle => "Reload the page to see changes.",
        Link::Connecting => "Changes will appear by themselves in a moment.",
        Link::Live => "Changes appear by themselves.",
        Link::Lost => "The server does not answer. What you see may be old.",
    };
    view! {
        <p class="connection-mark" data-link=name title=title role="status">
            {text}
        </p>
    }
}
