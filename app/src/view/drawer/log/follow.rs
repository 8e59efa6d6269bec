//! Hears what a worker prints while it runs: a stream of its own, because output writes no events.

use std::cell::Cell;
use std::rc::Rc;

use domain::id::TaskId;
use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::wasm_bindgen::closure::Closure;
use leptos::web_sys::{EventSource, MessageEvent};
use state::drawer::log::Log;

use crate::api::json;

/// Listens until it is dropped. The browser itself connects again when the connection is lost.
pub(super) struct Follower {
    source: EventSource,
    _opened: Closure<dyn Fn()>,
    _failed: Closure<dyn Fn()>,
    _heard: Closure<dyn Fn(MessageEvent)>,
}

impl Follower {
    /// Appends the output to `printed`, and keeps `is_live` current.
    pub(super) fn start(
        task: &TaskId,
        printed: RwSignal<Log>,
        is_live: RwSignal<bool>,
    ) -> Option<Self> {
        let source = EventSource::new(&format!("./api/plugins/kanban/tasks/{task}/log/stream"));
        let source = source.ok()?;
        // Each connection begins with the end of what was printed before it.
        let begins = Rc::new(Cell::new(true));
        let opened = {
            let begins = Rc::clone(&begins);
            Closure::<dyn Fn()>::new(move || {
                begins.set(true);
                is_live.try_set(true);
            })
        };
        let failed = Closure::<dyn Fn()>::new(move || {
            is_live.try_set(false);
        });
        let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            let Ok(text) = json::read::<String>(text.as_bytes()) else {
                return;
            };
            // The task may be closed by now.
            printed.try_update(|printed| {
                if begins.replace(false) {
                    printed.restart(&text);
                } else {
                    printed.push(&text);
                }
            });
        });
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        source.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self {
            source,
            _opened: opened,
            _failed: failed,
            _heard: heard,
        })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.source.close();
    }
}
