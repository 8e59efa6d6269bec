//! The keys of the page: which the page takes, and which belong to what is being typed.

use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlElement, KeyboardEvent};
use state::keys::{self, Action, Scope, Shortcut};
use state::{Focus, Msg, Press};

use super::Runtime;
use crate::view::{SEARCH_ID, card_of, concern_of};

/// The fields in which text is typed.
const FIELDS: &str = "input:not([type=checkbox]), textarea, select, [contenteditable]";

/// The layers above the page, which have keys of their own.
const ABOVE: &str = ":popover-open, dialog[open]";

/// The elements that Space presses, which means something to the page too; Enter follows links as
/// well.
const PRESSABLE: &str = "button, summary, [type=checkbox]";

/// The time limit between two keys of a sequence, in milliseconds.
const PATIENCE_MS: f64 = 1_500.0;

/// The first of two keys that are pressed one after the other.
pub(super) struct Prefix {
    chord: String,
    /// The time of the press, by the browser's clock.
    at_ms: f64,
}

/// Does what a key of the page asks for.
pub(super) fn press(runtime: Runtime, event: &KeyboardEvent) {
    let chord = keys::chord(
        &event.key(),
        event.ctrl_key() || event.meta_key(),
        event.shift_key(),
    );
    let at_ms = event.time_stamp();
    let chord = match runtime.take_prefix(at_ms) {
        Some(first) => format!("{first} {chord}"),
        None => chord,
    };
    let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
    let target = target.as_ref();
    let is_in =
        |selector: &str| target.is_some_and(|it| matches!(it.closest(selector), Ok(Some(_))));
    let is_below = matches!(document().query_selector(ABOVE), Ok(Some(_)));
    if event.default_prevented() || event.alt_key() || is_below {
        return;
    }
    if is_in(FIELDS) && leave_field(runtime, event, &chord) {
        event.prevent_default();
        return;
    }
    if keys::is_prefix(&chord) && !is_in(FIELDS) {
        runtime.keep_prefix(Prefix { chord, at_ms });
        return;
    }
    let Some(shortcut) = keys::find(&chord) else {
        return;
    };
    if belongs_elsewhere(runtime, shortcut, &event.key(), is_in) {
        return;
    }
    event.prevent_default();
    let press = press_of(event, shortcut.action);
    let focus = Focus {
        card: target.and_then(card_of),
        concern: target.and_then(concern_of),
    };
    runtime.dispatch(Msg::Pressed(press, focus));
}

/// Leaves a field by Escape, for what it is part of; the search also by the keys that go on to what was
/// found. False for keys that belong to the field.
fn leave_field(runtime: Runtime, event: &KeyboardEvent, chord: &str) -> bool {
    let Some(field) = event
        .target()
        .and_then(|it| it.dyn_into::<HtmlElement>().ok())
    else {
        return false;
    };
    let is_search = field.id() == SEARCH_ID;
    match chord {
        // A browser empties a search by Escape, if there is something in it.
        "Escape" if field.matches("[type=search]:not(:placeholder-shown)") == Ok(true) => false,
        "Escape" => {
            let around = field.closest("[tabindex]").ok().flatten();
            match around.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
                Some(around) => drop(around.focus()),
                None => drop(field.blur()),
            }
            true
        }
        "Enter" | "ArrowDown" if is_search => {
            runtime.dispatch(Msg::WentToCards);
            true
        }
        _ => false,
    }
}

/// A key that asks for this.
pub(crate) fn press_of(event: &KeyboardEvent, action: Action) -> Press {
    Press {
        action,
        at_ms: whole(event.time_stamp()),
        is_repeat: event.repeat(),
    }
}

/// Milliseconds as whole ones.
#[expect(
    clippy::cast_possible_truncation,
    clippy::as_conversions,
    reason = "a float has no other way to an integer, and no page is open for so long"
)]
fn whole(milliseconds: f64) -> i64 {
    milliseconds as i64
}

/// Returns true when a key is none of the page's where it was pressed.
fn belongs_elsewhere(
    runtime: Runtime,
    shortcut: &Shortcut,
    key: &str,
    is_in: impl Fn(&str) -> bool,
) -> bool {
    let is_at_home = match shortcut.scope {
        Scope::Page => true,
        Scope::Board => !is_in(".drawer"),
        Scope::Inbox => runtime.ask(state::Model::is_in_inbox).unwrap_or_default(),
    };
    // A button is pressed by the same key.
    let presses = match shortcut.action {
        Action::Carry => is_in(PRESSABLE),
        Action::Answer => key == "Enter" && (is_in(PRESSABLE) || is_in("a")),
        _ => false,
    };
    // The palette is at hand even while something is typed.
    let is_typed = is_in(FIELDS) && shortcut.action != Action::Palette;
    !is_at_home || is_typed || presses
}

impl Runtime {
    fn keep_prefix(self, prefix: Prefix) {
        self.hands.update_value(|hands| hands.prefix = Some(prefix));
    }

    /// The key that was pressed before, if this one may belong to it.
    fn take_prefix(self, now_ms: f64) -> Option<String> {
        let prefix = self.hands.try_update_value(|hands| hands.prefix.take())??;
        (now_ms - prefix.at_ms < PATIENCE_MS).then_some(prefix.chord)
    }
}

/// The names of the focused element on the board or in the inbox, and of those that may take the
/// focus where it is gone, best first.
pub(super) fn holders() -> Vec<String> {
    // A server renders pages that nobody has a keyboard on yet.
    if !cfg!(target_arch = "wasm32") {
        return Vec::new();
    }
    let active = document().active_element();
    let row = active
        .as_ref()
        .and_then(|it| it.closest(".card, .concern").ok().flatten());
    let Some(row) = row else {
        return Vec::new();
    };
    let neighbours = [row.next_element_sibling(), row.previous_element_sibling()];
    let rows = [Some(row)].into_iter().chain(neighbours).flatten();
    let names = rows.filter_map(|row| match row.query_selector("a.title[id]") {
        Ok(Some(link)) => Some(link.id()),
        _ => Some(row.id()).filter(|id| !id.is_empty()),
    });
    active.map(|it| it.id()).into_iter().chain(names).collect()
}

/// Gives the keyboard back to the first of these that is there, if it has fallen to the page as a
/// whole: a card that moves leaves the page and comes back elsewhere.
pub(super) fn keep_with(holders: Vec<String>) {
    request_animation_frame(move || {
        let active = document().active_element();
        if active.is_some_and(|it| it.tag_name() != "BODY") {
            return;
        }
        let mut there = holders.iter().filter_map(|id| {
            document()
                .get_element_by_id(id)?
                .dyn_into::<HtmlElement>()
                .ok()
        });
        if let Some(holder) = there.next() {
            drop(holder.focus());
        }
    });
}
