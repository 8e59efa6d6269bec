//! The six columns, or what to do while there is nothing in them.

use domain::id::TaskId;
use domain::status::Status;
use leptos::prelude::*;
use reactive_stores::{Field, Store};
use state::connection::Link;
use state::shown::{ColumnsStoreFields, Shown, ShownStoreFields};

use super::clock::Clock;
use super::column::Column;
use super::empty_board::EmptyBoard;

#[component]
pub(crate) fn Board(shown: Store<Shown>) -> impl IntoView {
    let clock = Clock::of(shown);
    let is_stale = move || (shown.link().get() == Link::Lost).then_some("");
    let columns = Status::COLUMNS.map(|status| {
        let cards = cards_of(shown, &status);
        view! { <Column shown status cards clock/> }
    });
    view! {
        <main class="board" data-stale=is_stale>
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
