//! One column: its head, its cards in order, and what belongs there while it is empty.

use domain::status::Status;
use leptos::either::Either;
use leptos::prelude::*;
use reactive_stores::{Field, Store};
use state::shown::{self, Row, Shown, ShownStoreFields};
use state::visitor::layout;
use state::{Msg, create, label};

use super::avatar::Avatar;
use super::card::Card;
use super::clock::Clock;
use super::create_form::CREATE_FORM_ID;
use super::draft::Draft;
use super::icon::{Drawing, Icon};
use super::status_mark::StatusMark;
use crate::runtime::use_dispatch;
use crate::view::says::{click, flag, memo, text, truth, word};

#[component]
pub(crate) fn Column(
    shown: Store<Shown>,
    status: Status,
    column: Field<shown::Column>,
    clock: Clock,
) -> impl IntoView {
    let label = label::of(&status).to_owned();
    let hint = label::hint(&status);
    let name = status.as_str().to_owned();
    let drafts = {
        let status = status.clone();
        memo(move || {
            let drafts = shown.drafts();
            let drafts = drafts.read();
            let here = drafts.iter().filter(|draft| draft.status == status);
            here.cloned().collect::<Vec<_>>()
        })
    };
    let is_folded = {
        let status = status.clone();
        memo(move || shown.layout().read().is_folded(&status))
    };
    let rows = move || {
        let column = column.read();
        if is_folded.get() {
            Vec::new()
        } else {
            column.rows.clone()
        }
    };
    let is_empty =
        move || !is_folded.get() && column.read().rows.is_empty() && drafts.read().is_empty();
    let words = move || {
        let column = column.read();
        if column.total > 0 {
            "Nothing here passes the filter."
        } else {
            hint
        }
    };
    // Cards are made where they can stay: an idea, or something to be done.
    let takes_new = matches!(status, Status::Triage | Status::Ready);
    let add = takes_new.then(|| view! { <AddButton column=status.clone()/> });
    view! {
        <section
            class="column" data-status=name aria-label=label
            data-folded=flag(move || is_folded.get())
            data-none=flag(move || {
                column.read().matching == 0 && shown.address().read().filter.is_active()
            })
        >
            <header class="head">
                <StatusMark status=status.clone()/>
                <h2>{label.clone()}</h2>
                <Tally column/>
                {add}
                <FoldButton column=status.clone() is_folded/>
            </header>
            <Show when=is_empty>
                <p class="hint">{word(words)}</p>
            </Show>
            <ul class="cards" role="list">
                <For each=rows key=Row::clone let(row)>
                    {match row {
                        Row::Lane(name) => Either::Left(view! { <Lane name/> }),
                        Row::Card(id) => Either::Right(view! {
                            <Card card=shown.cards().at_key(id) clock/>
                        }),
                    }}
                </For>
                {move || drafts.get().into_iter().map(|draft| view! { <Draft draft/> }).collect_view()}
            </ul>
            <More status column is_folded/>
        </section>
    }
}

/// The number of cards, and of those that pass the filter.
#[component]
fn Tally(column: Field<shown::Column>) -> impl IntoView {
    let words = move || {
        let column = column.read();
        match (column.matching, column.total) {
            (matching, total) if matching == total => total.to_string(),
            (matching, total) => format!("{matching}/{total}"),
        }
    };
    view! { <span class="count">{text(words)}</span> }
}

#[component]
fn Lane(name: Option<String>) -> impl IntoView {
    let mark = name.clone().map(|name| view! { <Avatar name/> });
    view! {
        <li class="lane" role="presentation">
            {mark}
            {name.unwrap_or_else(|| "Unassigned".to_owned())}
        </li>
    }
}

/// Shows the next hundred of a long column.
#[component]
fn More(status: Status, column: Field<shown::Column>, is_folded: Memo<bool>) -> impl IntoView {
    let dispatch = use_dispatch();
    let status = StoredValue::new(status);
    let hidden = memo(move || {
        if is_folded.get() {
            0
        } else {
            column.read().hidden()
        }
    });
    let has_more = memo(move || hidden.get() > 0);
    view! {
        <Show when=move || has_more.get()>
            <button
                type="button" class="more button needs-script"
                on:click=click(move || dispatch(Msg::WantedMore(status.get_value())))
            >
                {text(move || format!("Show more, {} are left", hidden.get()))}
            </button>
        </Show>
    }
}

#[component]
fn FoldButton(column: Status, is_folded: Memo<bool>) -> impl IntoView {
    let dispatch = use_dispatch();
    let label = label::of(&column).to_owned();
    let title = move || {
        let verb = if is_folded.get() { "Open" } else { "Fold" };
        format!("{verb} {label}")
    };
    view! {
        <button
            type="button" class="fold button-quiet needs-script" title=text(title.clone()) aria-label=text(title)
            aria-expanded=truth(move || !is_folded.get())
            on:click=click(move || dispatch(Msg::Layout(layout::Msg::Folded(column.clone()))))
        >
            <Drawing icon=Signal::derive(move || if is_folded.get() { Icon::Unfold } else { Icon::Fold })/>
        </button>
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
            on:click=click(move || dispatch(Msg::Create(create::Msg::OpenedFrom(column.clone()))))
        >
            <Drawing icon=Icon::Plus/>
        </button>
    }
}
