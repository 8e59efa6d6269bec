//! The mark of an assignee: the first letters of the name.

use crate::view::says::text;
use leptos::prelude::*;
use state::label;

#[component]
pub(crate) fn Avatar(#[prop(into)] name: Signal<String>) -> impl IntoView {
    view! { <span class="avatar" aria-hidden="true">{text(move || label::initials(&name.read()))}</span> }
}
