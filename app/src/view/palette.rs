//! Asks for anything, and shows what it may mean.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use reactive_stores::Store;
use state::palette::{Item, Msg as Answer};
use state::shown::{Shown, ShownStoreFields};
use state::{Msg, keys};

use super::dialog::Dialog;
use super::icon::{Drawing, Icon};
use super::status_mark::StatusMark;
use crate::runtime::use_dispatch;
use crate::view::says::{click, effect, memo, truth};

const ANSWERS_ID: &str = "answers";

#[component]
pub(crate) fn Palette(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let is_open = Signal::derive(move || shown.palette().read().is_some());
    let close = Callback::new(move |()| dispatch(Msg::Palette(Answer::Closed)));
    view! {
        <Dialog class="palette" label="Commands" is_open on_close=close>
            <Question shown/>
            <Answers shown/>
        </Dialog>
    }
}

#[component]
fn Question(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let palette = shown.palette();
    let placeholder = move || palette.read().as_ref().map(|it| it.placeholder);
    let about = move || palette.read().as_ref().and_then(|it| it.about.clone());
    let marked = move || palette.read().as_ref().map(|it| answer_id(it.cursor));
    let query = memo(move || palette.read().as_ref().map(|it| it.query.clone()));
    let input = NodeRef::<html::Input>::new();
    // A question that follows another begins empty, and has the keyboard.
    effect(move || {
        if let (Some(input), Some(query)) = (input.get(), query.get()) {
            if input.value() != query {
                input.set_value(&query);
            }
            drop(input.focus());
        }
    });
    let press = move |event: KeyboardEvent| {
        let answer = match event.key().as_str() {
            "ArrowDown" => Answer::WentDown,
            "ArrowUp" => Answer::WentUp,
            "Enter" => Answer::ChoseMarked,
            _ => return,
        };
        event.prevent_default();
        dispatch(Msg::Palette(answer));
    };
    view! {
        <div class="question">
            {move || about().map(|about| view! { <span class="about tag" dir="auto">{about}</span> })}
            <input
                type="text" role="combobox" aria-expanded="true" aria-controls=ANSWERS_ID
                aria-activedescendant=marked aria-label=placeholder placeholder=placeholder
                autocomplete="off" spellcheck="false" node_ref=input on:keydown=press
                on:input:target=move |event| dispatch(Msg::Palette(Answer::Typed(event.target().value())))
            />
        </div>
    }
}

#[component]
fn Answers(shown: Store<Shown>) -> impl IntoView {
    let palette = shown.palette();
    let cursor = memo(move || palette.read().as_ref().map_or(0, |it| it.cursor));
    let items = memo(move || {
        let palette = palette.read();
        palette
            .as_ref()
            .map(|it| it.items.clone())
            .unwrap_or_default()
    });
    effect(move || {
        let marked = document().get_element_by_id(&answer_id(cursor.get()));
        if let Some(marked) = marked {
            let nearest = leptos::web_sys::ScrollIntoViewOptions::new();
            nearest.set_block(leptos::web_sys::ScrollLogicalPosition::Nearest);
            marked.scroll_into_view_with_scroll_into_view_options(&nearest);
        }
    });
    view! {
        <ul class="answers" id=ANSWERS_ID role="listbox" aria-label="Answers">
            {move || items.get().into_iter().enumerate().map(|(position, item)| view! {
                <Choice position item cursor/>
            }).collect_view()}
        </ul>
        <Show when=move || items.read().is_empty()>
            <p class="none">"Nothing fits."</p>
        </Show>
    }
}

#[component]
fn Choice(position: usize, item: Item, cursor: Memo<usize>) -> impl IntoView {
    let dispatch = use_dispatch();
    let Item {
        label,
        detail,
        key,
        status,
        problem,
        ..
    } = item;
    let mark = status.map(|status| view! { <StatusMark status/> });
    let lead = mark
        .is_none()
        .then(|| view! { <Drawing icon=Icon::Arrow/> });
    let key = (!key.is_empty()).then(|| view! { <kbd>{keys::printed(key)}</kbd> });
    let is_off = problem.is_some().then_some("true");
    let problem = problem.map(|why| view! { <span class="why">{why}</span> });
    view! {
        <li
            role="option" id=answer_id(position)
            aria-selected=truth(move || cursor.get() == position)
            aria-disabled=is_off
            on:click=click(move || dispatch(Msg::Palette(Answer::Chose(position))))
        >
            {mark}{lead}
            <span class="label" dir="auto">{label}</span>
            {problem}
            <span class="detail">{detail}</span>
            {key}
        </li>
    }
}

fn answer_id(position: usize) -> String {
    format!("answer-{position}")
}
