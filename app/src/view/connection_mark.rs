//! The mark that shows the state of the connection.

use crate::view::says::word;
use leptos::either::Either;
use leptos::prelude::*;
use state::connection::Link;

#[component]
pub(crate) fn ConnectionMark(
    #[prop(into)] link: Signal<Link>,
    /// True once the server has been replaced by another build.
    #[prop(into)]
    is_outdated: Signal<bool>,
    /// The address of the page: an empty one would lead to its base.
    #[prop(into)]
    here: Signal<String>,
) -> impl IntoView {
    let name = move || match link.get() {
        Link::Idle => "idle",
        Link::Connecting => "connecting",
        Link::Live => "live",
        Link::Lost | Link::SignedOut => "lost",
    };
    let text = move || match link.get() {
        Link::Idle => Either::Left("Not live"),
        Link::Connecting => Either::Left("Connecting"),
        Link::Live => Either::Left("Live"),
        Link::Lost => Either::Left("Reconnecting"),
        // The server answers strangers with the page to sign in, so the router must not answer.
        Link::SignedOut => Either::Right(view! { <a href="./" rel="external">"Sign in again"</a> }),
    };
    let title = move || match link.get() {
        Link::Idle => "Reload the page to see changes.",
        Link::Connecting => "Changes will appear by themselves in a moment.",
        Link::Live => "Changes appear by themselves.",
        Link::Lost => "The server does not answer. What you see may be old.",
        Link::SignedOut => "The session is over. What you see may be old.",
    };
    // The router must not answer: it would keep the old program.
    let reload = move || {
        is_outdated.get().then(|| view! {
            <a class="reload" href=here rel="external" title="The server was updated. Reload for the new page.">"Reload"</a>
        })
    };
    view! {
        {reload}
        <p class="connection-mark" data-link=word(name) title=word(title) role="status">
            {text}
        </p>
    }
}
