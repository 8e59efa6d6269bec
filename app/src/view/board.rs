//! The six columns, or what to do while there is nothing in them.

use domain::id::TaskId;
use domain::status::Status;
use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::web_sys::Element;
use leptos::web_sys::wasm_bindgen::JsCast;
use reactive_stores::{Field, Store};
use state::Msg;
use state::connection::Link;
use state::shown::{ColumnsStoreFields, Shown, ShownStoreFields};

use super::clock::Clock;
use super::column::Column;
use super::empty_board::EmptyBoard;
use crate::runtime::use_dispatch;

#[component]
pub(crate) fn Board(shown: Store<Shown>) -> impl IntoView {
    let clock = Clock::of(shown);
    let is_stale = move || matches!(shown.link().get(), Link::Lost | Link::SignedOut).then_some("");
    let dispatch = use_dispatch();
    // The bare board around the cards is outside of the open task. Escape does the same.
    let leave = move |event: MouseEvent| {
        let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        let is_on_something =
            target.is_some_and(|it| matches!(it.closest("a, button, .card"), Ok(Some(_))));
        if !is_on_something {
            dispatch(Msg::LeftTask);
        }
    };
    let columns = Status::COLUMNS.map(|status| {
        let cards = cards_of(shown, &status);
        view! { <Column shown status cards clock/> }
    });
    view! {
        <main class="board" data-stale=is_stale on:click=leave>
            <Show when=move || shown.is_empty().get()>
                <EmptyBoard is_filling=shown.is_filling()/>
            </Show>
            <div class="columns" data-empty=move || shown.is_empty().get().then_some("")>
                {columns.collect_view()}
            </div>
        </main>
    }
}

fn cards_of(shown: Store<Shown>, column: &Status) -> Field<Vec<TaskId>> {
    let columns = shown.columns();
    match column {
        Status::Triage => columns.triage().into(),
        Status::Todo | Status::Archived | Status::Other(_) => columns.todo().into(),
        Status::Ready => columns.ready().into(),
        Status::Running => columns.running().into(),
        Status::Blocked => columns.blocked().into(),
        Status::Done => columns.done().into(),
    }
}
