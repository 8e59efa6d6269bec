//! The notices in a corner: recent errors, and what can be undone.

use leptos::prelude::*;
use reactive_stores::Store;
use state::Msg;
use state::notice::{Kind, Notice};
use state::shown::{Shown, ShownStoreFields};

use super::icon::{Drawing, Icon};
use crate::runtime::use_dispatch;
use crate::view::says::{click, flag, memo};

#[component]
pub(crate) fn Notices(shown: Store<Shown>) -> impl IntoView {
    let notices = shown.notices();
    // Of the open task.
    let is_beside = memo(move || shown.address().read().task.is_some());
    let lines = move |is_trouble: bool| {
        let of = move || {
            let notices = notices.get().into_iter();
            let wanted = notices.filter(|it| (it.kind == Kind::Trouble) == is_trouble);
            wanted.collect::<Vec<_>>()
        };
        view! { <For each=of key=|notice| notice.id let(notice)><Line notice/></For> }
    };
    view! {
        <div class="notices" data-beside=flag(move || is_beside.get())>
            // Trouble interrupts whoever listens, an offer waits for its turn.
            <div class="offers" role="status">
                {lines(false)}
            </div>
            <div class="troubles" role="alert">
                {lines(true)}
            </div>
        </div>
    }
}

#[component]
fn Line(notice: Notice) -> impl IntoView {
    let dispatch = use_dispatch();
    let Notice { id, text, kind, .. } = notice;
    let undo = match kind {
        Kind::Trouble | Kind::News => None,
        Kind::Done(act) => Some(view! {
            <button
                type="button" class="button" title="Undo (Z)"
                on:click=click(move || dispatch(Msg::WantedUndo(Some(act))))
            >
                "Undo"
            </button>
        }),
    };
    let (icon, tone) = match kind {
        Kind::Trouble => (Icon::Warning, "trouble"),
        Kind::Done(_) | Kind::News => (Icon::Check, "done"),
    };
    view! {
        <div class="notice" data-tone=tone>
            <Drawing icon/>
            <p dir="auto">{text}</p>
            {undo}
            <button
                type="button"
                class="button-quiet needs-script"
                aria-label="Dismiss"
                on:click=click(move || dispatch(Msg::DismissedNotice(id)))
            >
                <Drawing icon=Icon::Close/>
            </button>
        </div>
    }
}
