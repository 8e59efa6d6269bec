//! A window above the page. The browser keeps the keyboard in it and gives it back afterwards.

use crate::view::says::effect;
use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::web_sys::Element;
use leptos::web_sys::wasm_bindgen::JsCast;

#[component]
pub(crate) fn Dialog<C>(
    class: &'static str,
    label: &'static str,
    #[prop(into)] is_open: Signal<bool>,
    /// Somebody pressed Escape, or beside it.
    on_close: Callback<()>,
    children: TypedChildrenFn<C>,
) -> impl IntoView
where
    C: IntoView + 'static,
{
    let children = children.into_inner();
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = dialog.get() else {
            return;
        };
        match (is_open.get(), dialog.open()) {
            // It fails only for a dialog that is open already.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    // The backdrop belongs to the dialog itself, everything else to something in it.
    let beside = move |event: MouseEvent| {
        let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        if target.is_some_and(|it| it.tag_name() == "DIALOG") {
            on_close.run(());
        }
    };
    view! {
        <dialog
            class=class aria-label=label node_ref=dialog
            on:close=move |_| if is_open.get_untracked() { on_close.run(()) }
            on:click=beside
        >
            <Show when=move || is_open.get()>
                <div class="content">{children()}</div>
            </Show>
        </dialog>
    }
}
