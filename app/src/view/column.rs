//! One column: its head, its cards in order, and what belongs there while it is empty.

use domain::id::TaskId;
use domain::status::Status;
use leptos::prelude::*;
use reactive_stores::{Field, Store};
use state::shown::{Shown, ShownStoreFields};
use state::{Msg, create, label};

use super::card::Card;
use super::clock::Clock;
use super::create_form::CREATE_FORM_ID;
use super::draft::Draft;
use super::icon::{Drawing, Icon};
use super::status_mark::StatusMark;
use crate::runtime::use_dispatch;

#[component]
pub(crate) fn Column(
    shown: Store<Shown>,
    status: Status,
    cards: Field<Vec<TaskId>>,
    clock: Clock,
) -> impl IntoView {
    let label = label::of(&status).to_owned();
    let hint = label::hint(&status);
    let name = status.as_str().to_owned();
    let drafts = {
        let status = status.clone();
        Memo::new(move |_| {
            let drafts = shown.drafts();
            let drafts = drafts.read();
            drafts
                .iter()
                .filter(|draft| draft.status == status)
                .cloned()
                .collect::<Vec<_>>()
        })
    };
    let is_empty = move || cards.read().is_empty() && drafts.read().is_empty();
    // Cards are made where they can stay: an idea, or something to be done.
    let takes_new = matches!(status, Status::Triage | Status::Ready);
    let add = takes_new.then(|| view! { <AddButton column=status.clone()/> });
    view! {
        <section class="column" data-status=name aria-label=label>
            <header class="head">
                <StatusMark status/>
                <h2>{label.clone()}</h2>
                <span class="count">{move || cards.read().len()}</span>
                {add}
            </header>
            <Show when=is_empty>
                <p class="hint">{hint}</p>
            </Show>
            <ul class="cards" role="list">
                <For each=move || cards.get() key=TaskId::clone let(id)>
                    <Card card=shown.cards().at_key(id) clock/>
                </For>
                <For each=move || drafts.get() key=|draft| draft.ticket let(draft)>
                    <Draft draft/>
                </For>
            </ul>
        </section>
    }
}

#[component]
fn AddButton(column: Status) -> impl IntoView {
    let dispatch = use_dispatch();
    // Without scripts nothing would tick the box that keeps the task in triage.
    let needs_script = column == Status::Triage;
    let title = format!("New task in {}", label::of(&column));
    view! {
        <button
            type="button"
            class="add button-quiet"
            class:needs-script=needs_script
            popovertarget=CREATE_FORM_ID
            popovertargetaction="show"
            title=title.clone()
            aria-label=title
            on:click=move |_| dispatch(Msg::Create(create::Msg::OpenedFrom(column.clone())))
        >
            <Drawing icon=Icon::Plus/>
        </button>
    }
}
