//! The inbox, in place of the board: one list, to be answered from top to bottom.

mod answers;
mod concern;
mod link;
mod notifications;

use domain::inbox::Concern;
use leptos::prelude::*;
use reactive_stores::Store;
use state::connection::Link;
use state::keys;
use state::shown::{Shown, ShownStoreFields};

use super::clock::Clock;
use super::icon::{Drawing, Icon};
use crate::view::says::{flag, memo, text};
use concern::ConcernRow;
use notifications::Notifications;

pub(crate) use answers::{Answers, answer_id};
pub(crate) use concern::{concern_id, concern_of, words};
pub(crate) use link::InboxLink;

/// The name of the heading, which takes the keyboard when there is nothing to answer.
pub(crate) const INBOX_ID: &str = "inbox";

#[component]
pub(crate) fn Inbox(shown: Store<Shown>) -> impl IntoView {
    let clock = Clock::of(shown);
    let count = memo(move || shown.inbox().read().len());
    let is_stale = flag(move || matches!(shown.link().get(), Link::Lost | Link::SignedOut));
    view! {
        <main class="inbox" aria-labelledby=INBOX_ID data-stale=is_stale>
            <header class="head">
                <h2 id=INBOX_ID tabindex="-1">"Inbox"</h2>
                <p class="count" role="status">{text(move || in_words(count.get()))}</p>
                <Notifications state=shown.notifications()/>
            </header>
            <ul class="concerns" role="list">
                <For each=move || shown.inbox().get() key=Concern::clone let(concern)>
                    <ConcernRow shown concern clock/>
                </For>
            </ul>
            <Show when=move || count.get() == 0 fallback=Hint>
                <Empty/>
            </Show>
        </main>
    }
}

fn in_words(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 thing needs you".to_owned(),
        count => format!("{count} things need you"),
    }
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <div class="empty">
            <Drawing icon=Icon::Check/>
            <p class="what">"Nothing needs you"</p>
            <p>"Questions of your workers come here, tasks that gave up, and dead letters."</p>
            <a class="button" href="./">"Go to the board"</a>
        </div>
    }
}

/// The keys for whoever has some.
#[component]
fn Hint() -> impl IntoView {
    let key = |action| view! { <kbd>{keys::printed(keys::of(action))}</kbd> };
    view! {
        <p class="hint needs-script">
            <kbd>"J"</kbd><kbd>"K"</kbd>" up and down "
            {key(keys::Action::Answer)}" answer "
            {key(keys::Action::TryAgain)}" try again "
            {key(keys::Action::Archive)}" archive, drop "
            {key(keys::Action::Open)}" open"
        </p>
    }
}
