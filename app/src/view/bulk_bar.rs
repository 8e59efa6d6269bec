//! The bar of actions for all chosen cards.

use domain::status::Status;
use leptos::prelude::*;
use reactive_stores::Store;
use state::Msg;
use state::board::selection;
use state::palette::Page;
use state::shown::{Shown, ShownStoreFields};

use super::icon::{Drawing, Icon};
use crate::runtime::use_dispatch;
use crate::view::says::{click, memo, text};

#[component]
pub(crate) fn BulkBar(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let chosen = shown.chosen();
    let is_choosing = memo(move || chosen.get() > 0);
    let put = move |label: &'static str, column: Status| {
        let send = click(move || dispatch(Msg::PutChosen(column.clone())));
        view! { <button type="button" class="button" on:click=send>{label}</button> }
    };
    let ask = move |label: &'static str, page: Page| {
        let send = click(move || dispatch(Msg::AskedOfChosen(page)));
        view! { <button type="button" class="button" on:click=send>{label}</button> }
    };
    view! {
        <Show when=move || is_choosing.get()>
            <div class="bulk-bar" role="toolbar" aria-label="Chosen cards">
                <p class="count" role="status">{text(move || format!("{} chosen", chosen.get()))}</p>
                <button
                    type="button" class="button"
                    on:click=click(move || dispatch(Msg::Selection(selection::Msg::ChoseAll)))
                >
                    "All shown"
                </button>
                <span class="gap"></span>
                {put("Ready", Status::Ready)}
                {ask("Move to…", Page::Move)}
                {ask("Assign…", Page::Assign)}
                {ask("Priority…", Page::Priority)}
                {ask("Block…", Page::Block)}
                {put("Complete", Status::Done)}
                {put("Archive", Status::Archived)}
                <button
                    type="button" class="button-quiet" aria-label="Clear the choice" title="Clear the choice (Esc)"
                    on:click=click(move || dispatch(Msg::Selection(selection::Msg::Cleared)))
                >
                    <Drawing icon=Icon::Close/>
                </button>
            </div>
        </Show>
    }
}
