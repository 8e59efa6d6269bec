//! The columns, or what to do while there is nothing in them.

use domain::id::TaskId;
use domain::status::Status;
use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::web_sys::Element;
use leptos::web_sys::wasm_bindgen::JsCast;
use reactive_stores::{Field, Store};
use state::board::selection;
use state::connection::Link;
use state::shown::{ColumnsStoreFields, Shown, ShownStoreFields};
use state::{Msg, shown};

use super::bulk_bar::BulkBar;
use super::card::{ACT, card_of};
use super::clock::Clock;
use super::column::Column;
use super::copy::copy;
use super::drag::Drag;
use super::empty_board::EmptyBoard;
use super::figures::FigureStrip;
use crate::runtime::{Runtime, use_dispatch};
use crate::view::says::{flag, memo};

/// The target of the link that skips the head of the page.
pub(crate) const BOARD_ID: &str = "board";

#[component]
pub(crate) fn Board(shown: Store<Shown>) -> impl IntoView {
    let clock = Clock::of(shown);
    let is_stale = flag(move || matches!(shown.link().get(), Link::Lost | Link::SignedOut));
    let is_compact = flag(move || shown.layout().read().is_compact);
    let is_choosing = flag(move || shown.chosen().get() > 0);
    let is_beside = memo(move || shown.address().read().task.is_some());
    let has_archive = memo(move || shown.address().read().filter.archived);
    Drag::listen(expect_context::<Runtime>());
    let dispatch = use_dispatch();
    let click = move |event: MouseEvent| {
        if let Some(msg) = meaning(&event, dispatch) {
            // A box that was ticked stays so.
            if !matches!(msg, Msg::Selection(_)) || event.ctrl_key() || event.meta_key() {
                event.prevent_default();
            }
            dispatch(msg);
        }
    };
    let column = |status: Status| {
        let column = column_of(shown, &status);
        view! { <Column shown status column clock/> }
    };
    let (before, after) = Status::COLUMNS.split_at(Status::COLUMNS.len() - 2);
    let before: Vec<_> = before.iter().cloned().map(column).collect();
    let after: Vec<_> = after.iter().cloned().map(column).collect();
    view! {
        <main class="board" id=BOARD_ID tabindex="-1" hidden=move || shown.address().read().is_inbox data-stale=is_stale data-compact=is_compact data-choosing=is_choosing on:click=click>
            <FigureStrip shown/>
            <Show when=move || shown.is_empty().get()>
                <EmptyBoard is_filling=shown.is_filling()/>
            </Show>
            <div
                class="columns" data-empty=flag(move || shown.is_empty().get())
                data-beside=flag(move || is_beside.get())
            ><div class="row">
                {before}
                <Show when=move || shown.has_reviews().get()>
                    <Column shown status=Status::Review column=shown.columns().review().into() clock/>
                </Show>
                {after}
                <Show when=move || has_archive.get()>
                    <Column shown status=Status::Archived column=shown.columns().archived().into() clock/>
                </Show>
            </div></div>
            <BulkBar shown/>
        </main>
    }
}

/// The message of a click on the board, where the browser itself would not act. One listener serves
/// every card: thousands would take long to attach.
fn meaning(event: &MouseEvent, dispatch: impl Fn(Msg) + Copy + 'static) -> Option<Msg> {
    let target = event
        .target()
        .and_then(|it| it.dyn_into::<Element>().ok())?;
    let act = target.closest(&format!("[{ACT}]")).ok().flatten();
    let act = act.and_then(|it| it.get_attribute(ACT));
    let is_toggled = event.ctrl_key() || event.meta_key();
    match (card_of(&target), act.as_deref()) {
        (Some(task), Some("choose")) if event.shift_key() => Some(reach(task)),
        (Some(task), Some("choose")) => Some(Msg::Selection(selection::Msg::Toggled(task))),
        (Some(task), Some("menu")) => Some(Msg::OpenedMenu(task)),
        (Some(task), Some("copy")) => {
            copy(dispatch, task.to_string());
            None
        }
        (Some(task), _) if is_toggled => Some(Msg::Selection(selection::Msg::Toggled(task))),
        (Some(task), _) if event.shift_key() => Some(reach(task)),
        (Some(task), _) => Some(Msg::OpenedTask(task)),
        // The bare board around the cards is outside of the open task. Escape does the same.
        (None, _) => {
            let is_on_something = matches!(target.closest("a, button, input, .card"), Ok(Some(_)));
            (!is_on_something).then_some(Msg::LeftTask)
        }
    }
}

fn reach(task: TaskId) -> Msg {
    Msg::Selection(selection::Msg::ReachedTo(task))
}

fn column_of(shown: Store<Shown>, column: &Status) -> Field<shown::Column> {
    let columns = shown.columns();
    match column {
        Status::Triage => columns.triage().into(),
        Status::Todo | Status::Other(_) => columns.todo().into(),
        Status::Ready => columns.ready().into(),
        Status::Running => columns.running().into(),
        Status::Review => columns.review().into(),
        Status::Blocked => columns.blocked().into(),
        Status::Done => columns.done().into(),
        Status::Archived => columns.archived().into(),
    }
}
