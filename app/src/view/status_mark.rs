//! The mark of a status: a shape of its own, so that its colour is not the only sign.

use crate::view::says::{text, word};
use domain::status::Status;
use leptos::prelude::*;

#[component]
pub(crate) fn StatusMark(#[prop(into)] status: Signal<Status>) -> impl IntoView {
    view! {
        <svg
            class="status-mark"
            data-status=text(move || status.get().column().as_str().to_owned())
            viewBox="0 0 16 16"
            aria-hidden="true"
        >
            <circle class="ring" cx="8" cy="8" r="6"/>
            <path class="sign" d=word(move || sign(&status.read()))/>
        </svg>
    }
}

fn sign(status: &Status) -> &'static str {
    match status.column() {
        Status::Ready => "M6.6 5.4v5.2L10.8 8z",
        Status::Running => "M8 2a6 6 0 0 1 6 6",
        Status::Review => "M5.4 8a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0-5.2 0",
        Status::Blocked => "M8 4.8v3.8M8 11v.3",
        Status::Done => "M5.2 8.3l2 2 3.6-4.2",
        Status::Archived => "M5 8h6",
        Status::Triage | Status::Todo | Status::Other(_) => "",
    }
}
