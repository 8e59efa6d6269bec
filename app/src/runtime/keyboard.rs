//! The keys of the page: which the page takes, and which belong to what is being typed.

use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, KeyboardEvent};
use state::keys::{self, Action, Place, Shortcut};
use state::{Focus, Msg};

use super::Runtime;
use crate::view::card_of;

/// Where text is typed.
const FIELDS: &str = "input:not([type=checkbox]), textarea, select, [contenteditable]";

/// What lies above the page and has keys of its own.
const ABOVE: &str = ":popover-open, dialog[open]";

/// What is pressed by Space, which means something to the page too; Enter follows links as well.
const PRESSABLE: &str = "button, summary, [type=checkbox]";

/// How long the second of two keys may take, in milliseconds.
const PATIENCE_MS: f64 = 1_500.0;

/// The first of two keys that are pressed one after the other.
pub(super) struct Prefix {
    chord: String,
    /// When it was pressed, by the browser's clock.
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
    let focus = Focus {
        card: target.and_then(card_of),
    };
    runtime.dispatch(Msg::Pressed(shortcut.action, focus));
}

/// Whether a key is none of the page's where it was pressed.
fn belongs_elsewhere(
    runtime: Runtime,
    shortcut: &Shortcut,
    key: &str,
    is_in: impl Fn(&str) -> bool,
) -> bool {
    let is_at_home = match shortcut.place {
        Place::Page => true,
        Place::Board => !is_in(".drawer"),
        Place::Inbox => runtime.ask(state::Model::is_in_inbox).unwrap_or_default(),
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
