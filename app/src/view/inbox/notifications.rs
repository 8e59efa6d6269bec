//! The switch for browser notifications. The browser is asked only here, by a click.

use leptos::prelude::*;
use state::Msg;
use state::visitor::notification::{self, State};

use crate::runtime::use_dispatch;
use crate::view::icon::{Drawing, Icon};
use crate::view::says::{click, truth, word};

#[component]
pub(super) fn Notifications(#[prop(into)] state: Signal<State>) -> impl IntoView {
    let dispatch = use_dispatch();
    let is_on = move || state.get() == State::On;
    let words = move || match state.get() {
        State::Off => "Notify me",
        State::On => "Notifies you",
        State::Refused => "Your browser refuses to notify",
    };
    let title = move || match state.get() {
        State::Off => "Let this browser notify you while you look elsewhere",
        State::On => "Stop the notifications of this browser",
        State::Refused => "Allow notifications for this page in the browser's settings",
    };
    let toggle = click(move || {
        let msg = if state.get_untracked() == State::On {
            notification::Msg::Declined
        } else {
            notification::Msg::Wanted
        };
        dispatch(Msg::Notification(msg));
    });
    view! {
        <button
            type="button" class="notifications button needs-script" aria-pressed=truth(is_on)
            title=word(title) on:click=toggle
        >
            <Drawing icon=Icon::Bell/>
            {word(words)}
        </button>
    }
}
