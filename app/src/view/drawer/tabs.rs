//! The tabs of the open task. They are links, so that each tab has an address and is there without
//! scripts too.

use std::sync::Arc;

use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::prelude::*;
use leptos::web_sys::HtmlElement;
use leptos::web_sys::wasm_bindgen::JsCast;
use reactive_stores::Store;
use state::Msg;
use state::drawer::Reading;
use state::drawer::tab::Tab;
use state::shown::{Shown, ShownStoreFields};

use crate::runtime::use_dispatch;
use crate::view::says::{effect, memo, text, truth};

/// The name of what the tabs show.
pub(super) const PANEL_ID: &str = "open-task-panel";

/// The name of a tab.
pub(super) fn tab_id(tab: Tab) -> String {
    ["tab-", tab.as_str()].concat()
}

#[component]
pub(super) fn Tabs(
    shown: Store<Shown>,
    reading: Memo<Option<Arc<Reading>>>,
    tab: Memo<Option<Tab>>,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let tabs = memo(move || {
        let reading = reading.read();
        let filled = |tab: &Tab| reading.as_ref().is_some_and(|it| tab.is_filled(it));
        Tab::ALL.into_iter().filter(filled).collect::<Vec<_>>()
    });
    // Only where arrow keys go from tab to tab does the Tab key pass over the others.
    let has_arrows = RwSignal::new(false);
    effect(move || has_arrows.set(true));
    let press = move |event: KeyboardEvent| {
        let tabs = tabs.read_untracked();
        let place = tabs.iter().position(|it| Some(*it) == tab.get_untracked());
        let last = tabs.len().saturating_sub(1);
        let place = place.unwrap_or_default();
        let next = match event.key().as_str() {
            "ArrowLeft" => place.checked_sub(1).unwrap_or(last),
            "ArrowRight" if place == last => 0,
            "ArrowRight" => place.saturating_add(1),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        if let Some(next) = tabs.get(next).copied() {
            event.prevent_default();
            dispatch(Msg::ChoseTab(next));
            let link = document().get_element_by_id(&tab_id(next));
            if let Some(link) = link.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
                drop(link.focus());
            }
        }
    };
    let link = move |it: Tab| {
        let is_chosen = move || tab.get() == Some(it);
        let href = move || shown.address().read().with_tab(it).href();
        let choose = move |event: MouseEvent| {
            // In a new window it is a link like others.
            if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                event.prevent_default();
                dispatch(Msg::ChoseTab(it));
            }
        };
        view! {
            <a
                role="tab" id=tab_id(it) href=text(href) aria-selected=truth(is_chosen) aria-controls=PANEL_ID
                tabindex=move || (has_arrows.get() && !is_chosen()).then_some("-1")
                title=[it.label(), " (", it.key(), ")"].concat() on:click=choose
            >
                {it.label()}
            </a>
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label="About the task" on:keydown=press>
            {move || tabs.get().into_iter().map(link).collect_view()}
        </div>
    }
}
