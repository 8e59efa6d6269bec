//! The keys of the page: which the board takes, and which belong to what is being typed.

use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, KeyboardEvent};
use state::keys::{self, Action, Place};
use state::{Focus, Msg};

use super::Runtime;
use crate::view::card_of;

/// Where text is typed.
const FIELDS: &str = "input:not([type=checkbox]), textarea, select, [contenteditable]";

/// What lies above the page and has keys of its own.
const ABOVE: &str = ":popover-open, dialog[open]";

/// Does what a key of the board asks for.
pub(super) fn press(runtime: Runtime, event: &KeyboardEvent) {
    let chord = keys::chord(
        &event.key(),
        event.ctrl_key() || event.meta_key(),
        event.shift_key(),
    );
    let Some(shortcut) = keys::find(&chord) else {
        return;
    };
    let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
    let is_in = |selector| {
        target
            .as_ref()
            .is_some_and(|it| matches!(it.closest(selector), Ok(Some(_))))
    };
    // The palette is at hand even while something is typed.
    let is_typed = is_in(FIELDS) && shortcut.action != Action::Palette;
    let is_below = matches!(document().query_selector(ABOVE), Ok(Some(_)));
    let is_elsewhere = shortcut.place == Place::Board && is_in(".drawer");
    // A button is pressed by the same key.
    let is_button = shortcut.action == Action::Carry && is_in("button, summary, [type=checkbox]");
    if event.default_prevented()
        || event.alt_key()
        || is_typed
        || is_below
        || is_elsewhere
        || is_button
    {
        return;
    }
    event.prevent_default();
    let focus = Focus {
        card: target.as_ref().and_then(card_of),
    };
    runtime.dispatch(Msg::Pressed(shortcut.action, focus));
}
