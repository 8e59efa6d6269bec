//! The address bar. Links within the board, and going back and forth in the browser's history, show
//! another view of the same page.

use leptos::ev::{self, MouseEvent};
use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::{Element, HtmlAnchorElement};
use state::address::{Address, is_page};
use state::{Effect, Model, Msg};

use super::Runtime;
use crate::base::Base;

/// The path and the query of the page, the path as seen from the root of the board.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) path: String,
    pub(crate) query: String,
}

impl Location {
    /// Returns that of the page that is rendered or shown.
    pub(crate) fn current(base: Base) -> Self {
        #[cfg(feature = "ssr")]
        let (path, query) = {
            let url = use_context::<leptos_router::location::RequestUrl>();
            let url = url.and_then(|url| url.parse().ok());
            let url = url.unwrap_or_default();
            (url.path().to_owned(), url.search().to_owned())
        };
        #[cfg(not(feature = "ssr"))]
        let (path, query) = {
            let location = window().location();
            let part = |part: Result<String, JsValue>| part.unwrap_or_default();
            (part(location.pathname()), part(location.search()))
        };
        Self {
            path: base.inside(&path).to_owned(),
            query,
        }
    }

    /// Returns true for the address of a page of the board.
    pub(crate) fn is_page(&self) -> bool {
        is_page(&self.path)
    }
}

impl Runtime {
    /// Follows the history and the links of the page. Returns what ends it.
    pub(super) fn follow_address(self, base: Base) -> impl FnOnce() {
        let back = window_event_listener(ev::popstate, move |_| {
            let Location { path, query } = Location::current(base);
            if let Some(address) = self.ask(|model| model.address_of(&path, &query)) {
                self.dispatch(Msg::Visited(address));
            }
        });
        let click = window_event_listener(ev::click, move |event| {
            if let Some((path, query)) = link(&event, base)
                && let Some(address) = self.ask(|model| model.address_of(&path, &query))
            {
                event.prevent_default();
                self.visit(address);
            }
        });
        move || {
            back.remove();
            click.remove();
        }
    }

    /// Goes to an address of this page.
    pub(super) fn visit(self, address: Address) {
        self.change(Box::new(move |model| go(model, address)));
    }
}

/// Goes to an address of this page, if that is another.
pub(super) fn go(model: &mut Model, address: Address) -> Vec<Effect> {
    if model.is_at(&address) {
        return Vec::new();
    }
    push(&address);
    state::update(model, Msg::Visited(address))
}

/// The path and query of the page that a click on a link leads to; `None` for what is the browser's.
fn link(event: &MouseEvent, base: Base) -> Option<(String, String)> {
    let has_modifier = event.meta_key() || event.alt_key() || event.ctrl_key() || event.shift_key();
    if event.default_prevented() || event.button() != 0 || has_modifier {
        return None;
    }
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let link = target.closest("a[href]").ok().flatten()?;
    let link = link.dyn_into::<HtmlAnchorElement>().ok()?;
    let is_browsers = !link.target().is_empty()
        || link.has_attribute("download")
        || link.rel().contains("external");
    if is_browsers || window().location().origin().ok()? != link.origin() {
        return None;
    }
    let path = link.pathname();
    let path = path.strip_prefix(base.0)?;
    is_page(path).then(|| (path.to_owned(), link.search()))
}

fn push(address: &Address) {
    if let Ok(history) = window().history() {
        // A browser that refuses, because of too many in a row, says an older address for a while.
        drop(history.push_state_with_url(&JsValue::NULL, "", Some(&address.href())));
    }
}

/// Replaces the address without going anywhere: going back leads to where one was.
pub(super) fn replace(address: &Address) {
    if let Ok(history) = window().history() {
        // As above.
        drop(history.replace_state_with_url(&JsValue::NULL, "", Some(&address.href())));
    }
}
