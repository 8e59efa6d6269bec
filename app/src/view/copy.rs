//! Copies by a click. What was copied is said in a notice.

use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::JsValue;
use leptos::web_sys::wasm_bindgen::closure::Closure;
use state::Msg;

use crate::runtime::use_dispatch;
use crate::view::says::click;

/// A text that is a button, which copies it.
#[component]
pub(crate) fn Copy(
    text: String,
    /// The name of the text in a sentence: `the id`.
    name: &'static str,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let copied = text.clone();
    let copy = click(move || self::copy(dispatch, copied.clone()));
    view! {
        <button type="button" class="copy" title=format!("Copy {name}") on:click=copy>{text}</button>
    }
}

/// Copies a text.
pub(crate) fn copy(dispatch: impl Fn(Msg) + Copy + 'static, text: String) {
    let copied = window().navigator().clipboard().write_text(&text);
    let tell = |is_copied: bool| {
        let text = text.clone();
        Closure::once(move |_: JsValue| dispatch(Msg::Copied(text, is_copied)))
    };
    let (done, refused) = (tell(true), tell(false));
    drop(copied.then2(&done, &refused));
    // One of them is called, once, when the browser has asked whoever has to allow it.
    done.forget();
    refused.forget();
}
