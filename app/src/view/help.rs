//! The keys of the board, from the same table that the board obeys.

use leptos::prelude::*;
use reactive_stores::Store;
use state::shown::{Shown, ShownStoreFields};
use state::{Msg, keys};

use super::dialog::Dialog;
use super::icon::{Drawing, Icon};
use crate::runtime::use_dispatch;
use crate::view::says::click;

#[component]
pub(crate) fn Help(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let close = Callback::new(move |()| dispatch(Msg::LeftHelp));
    view! {
        <Dialog class="help" label="Keys" is_open=shown.is_helping() on_close=close>
            <header class="bar">
                <h2>"Keys"</h2>
                <button
                    type="button" class="button-quiet" aria-label="Close" title="Close (Esc)"
                    on:click=click(move || dispatch(Msg::LeftHelp))
                >
                    <Drawing icon=Icon::Close/>
                </button>
            </header>
            <dl>
                {keys::TABLE.iter().map(|shortcut| view! {
                    <div>
                        <dt>{shortcut.chords.iter().map(|chord| view! { <kbd>{keys::printed(chord)}</kbd> }).collect_view()}</dt>
                        <dd>{shortcut.label}</dd>
                    </div>
                }).collect_view()}
            </dl>
            <p class="more">
                "In the title of a new task: @assignee !priority #tenant after:id."
            </p>
            <p class="more">
                "With a mouse: drag cards between columns, Ctrl-click or tick them to choose several,
                Shift-click for a range. On a touch screen: hold a card to drag it."
            </p>
            // The server's page, not one of ours, so the router must not look for it.
            <p class="more"><a href="./guide" rel="external">"Read the guide"</a></p>
        </Dialog>
    }
}
