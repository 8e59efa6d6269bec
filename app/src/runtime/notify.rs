//! Notifications of the browser.

use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::closure::Closure;
use leptos::web_sys::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::{Notification as Shown, NotificationOptions, NotificationPermission};
use state::visitor::notification::{self, Notification};
use state::{Msg, keys};

use super::Runtime;

/// Lets the browser ask the person.
pub(super) fn ask(runtime: Runtime) {
    let Ok(asked) = Shown::request_permission() else {
        tell(runtime);
        return;
    };
    let answered = Closure::once(move |_: JsValue| tell(runtime));
    drop(asked.then(&answered));
    // It is called once, when the person has answered, which may be never.
    answered.forget();
}

/// Reports the browser's permission to the page.
pub(super) fn tell(runtime: Runtime) {
    let is_granted = Shown::permission() == NotificationPermission::Granted;
    runtime.dispatch(Msg::Notification(notification::Msg::Permitted(is_granted)));
}

/// Shows notifications unless somebody looks at the page. A click on one opens what it tells of.
pub(super) fn show(runtime: Runtime, notifications: Vec<Notification>) {
    if !document().hidden() {
        return;
    }
    for Notification {
        tag,
        title,
        body,
        task,
    } in notifications
    {
        let options = NotificationOptions::new();
        options.set_tag(&tag);
        options.set_body(&body);
        // Some browsers of phones have the interface and show nothing by it.
        let Ok(shown) = Shown::new_with_options(&title, &options) else {
            return;
        };
        let clicked = Closure::<dyn Fn()>::new(move || {
            // A browser that keeps the page in the background shows the task there.
            drop(window().focus());
            runtime.dispatch(match task.clone() {
                Some(task) => Msg::OpenedTask(task),
                None => Msg::Wanted(keys::Action::GoToInbox),
            });
        });
        shown.set_onclick(Some(clicked.as_ref().unchecked_ref()));
        // It lives as long as the notification, of which nobody tells when that ends.
        clicked.forget();
    }
}
