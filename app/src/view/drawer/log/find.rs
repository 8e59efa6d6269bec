//! Search in a log, from one match to the next.

use crate::view::says::{memo, text};
use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};
use state::drawer::log::{self, Log};

/// On the place that one has come to.
const CURRENT: &str = "data-current";

#[component]
pub(super) fn Find(
    words: RwSignal<String>,
    printed: RwSignal<Log>,
    /// The element of the output.
    output: NodeRef<Div>,
    /// Going to a place is reading: the end is followed no longer.
    is_followed: RwSignal<bool>,
) -> impl IntoView {
    let count = memo(move || log::count(&printed.read(), &words.read()));
    let place = RwSignal::new(0_usize);
    let said = move || match (words.read().is_empty(), place.get(), count.get()) {
        (true, ..) => String::new(),
        (_, 0, count) => count.to_string(),
        (_, place, count) => format!("{place} of {count}"),
    };
    let press = move |event: KeyboardEvent| {
        if event.key() != "Enter" {
            return;
        }
        event.prevent_default();
        let count = count.get_untracked();
        let now = place.get_untracked();
        let next = match event.shift_key() {
            true if now <= 1 => count,
            true => now - 1,
            false if now >= count => 1.min(count),
            false => now + 1,
        };
        place.set(next);
        if let Some(output) = output.get_untracked()
            && show(&output, next)
        {
            is_followed.set(false);
        }
    };
    view! {
        <label class="find needs-script">
            <span class="visually-hidden">"Find in the log"</span>
            <input
                type="search" placeholder="Find" autocomplete="off" spellcheck="false"
                on:input:target=move |event| {
                    place.set(0);
                    words.set(event.target().value());
                }
                on:keydown=press
            />
            <output class="count">{text(said)}</output>
        </label>
    }
}

/// Brings the place of this number into sight.
fn show(output: &Element, number: usize) -> bool {
    let found = output.query_selector_all("[data-found]").ok();
    let at = number.checked_sub(1).and_then(|at| u32::try_from(at).ok());
    let place = found.zip(at).and_then(|(found, at)| found.get(at));
    let Some(place) = place.and_then(|it| it.dyn_into::<Element>().ok()) else {
        return false;
    };
    if let Ok(Some(last)) = output.query_selector(&format!("[{CURRENT}]")) {
        drop(last.remove_attribute(CURRENT));
    }
    drop(place.set_attribute(CURRENT, ""));
    let nearest = ScrollIntoViewOptions::new();
    nearest.set_block(ScrollLogicalPosition::Nearest);
    place.scroll_into_view_with_scroll_into_view_options(&nearest);
    true
}
