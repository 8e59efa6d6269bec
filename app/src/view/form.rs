//! Plain forms that scripts make faster. Without scripts the browser sends them itself, and the
//! server leads back to the page.

use leptos::ev::SubmitEvent;
use leptos::form::FromFormData;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{Event, HtmlFormElement};

/// A form that calls server function `F`.
#[component]
pub(crate) fn PlainForm<F>(
    /// Takes what was filled in, in place of the browser.
    on_submit: Callback<F>,
    children: Children,
) -> impl IntoView
where
    F: ServerFn + FromFormData + 'static,
{
    let submit = move |event: SubmitEvent| {
        // What cannot be read here goes the long way, and the server says what is wrong with it.
        let Ok(call) = F::from_event(event.unchecked_ref::<Event>()) else {
            return;
        };
        event.prevent_default();
        on_submit.run(call);
        if let Some(form) = event
            .target()
            .and_then(|it| it.dyn_into::<HtmlFormElement>().ok())
        {
            form.reset();
        }
    };
    view! {
        <form action=F::url() method="post" on:submit=submit>
            {children()}
        </form>
    }
}
