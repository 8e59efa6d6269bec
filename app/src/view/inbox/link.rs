//! The way to the inbox, with how much there is in it.

use leptos::prelude::*;
use reactive_stores::Store;
use state::shown::{Shown, ShownStoreFields};

use crate::view::icon::{Drawing, Icon};
use crate::view::says::{memo, text};

#[component]
pub(crate) fn InboxLink(shown: Store<Shown>) -> impl IntoView {
    let count = memo(move || shown.inbox().read().len());
    let address = move || shown.address().read().with_inbox().href();
    let is_here = move || shown.address().read().is_inbox.then_some("page");
    let name = move || match count.get() {
        0 => "Inbox".to_owned(),
        1 => "Inbox: 1 thing needs you".to_owned(),
        count => format!("Inbox: {count} things need you"),
    };
    view! {
        <a class="inbox-link" href=text(address) aria-label=text(name) title="Inbox (G I)" aria-current=is_here>
            <Drawing icon=Icon::Inbox/>
            {move || (count.get() > 0).then(|| view! { <span class="count">{count}</span> })}
        </a>
    }
}
