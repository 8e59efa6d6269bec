//! Asks before running workers are stopped, and before a task is finished without its check. The keyboard
//! begins at the button that changes nothing, so
//! that a key pressed twice does no harm.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use reactive_stores::Store;
use state::Msg;
use state::requests::confirm::{Msg as Answer, Question};
use state::shown::{Shown, ShownStoreFields};

use super::dialog::Dialog;
use crate::runtime::use_dispatch;
use crate::view::says::click;

/// The name of the button that has the keyboard at first.
pub(crate) const KEEP_RUNNING_ID: &str = "keep-running";

#[component]
pub(crate) fn Confirm(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let answer = move |answer| click(move || dispatch(Msg::Confirm(answer)));
    let is_open = Signal::derive(move || shown.confirmation().read().is_some());
    let close = Callback::new(move |()| dispatch(Msg::Confirm(Answer::Declined)));
    // A key that is still held down from before presses no button.
    let press = |event: KeyboardEvent| {
        if event.repeat() {
            event.prevent_default();
        }
    };
    let question = move |Question {
                             heading,
                             names,
                             warning,
                             verb,
                             decline,
                         }| {
        view! {
            <div on:keydown=press>
                <h2>{heading}</h2>
                <ul>{names.into_iter().map(|name| view! { <li>{name}</li> }).collect_view()}</ul>
                <p>{warning}</p>
                <div class="actions">
                    <button type="button" class="button" id=KEEP_RUNNING_ID on:click=answer(Answer::Declined)>
                        {decline}
                    </button>
                    <button type="button" class="button-danger" on:click=answer(Answer::Agreed)>{verb}</button>
                </div>
            </div>
        }
    };
    view! {
        <Dialog class="confirm" label="Confirm" is_open on_close=close>
            {move || shown.confirmation().get().map(question)}
        </Dialog>
    }
}
