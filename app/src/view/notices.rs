//! What went wrong lately, in a corner.

use leptos::prelude::*;
use reactive_stores::Field;
use state::Msg;
use state::notice::Notice;

use super::icon::{Drawing, Icon};
use crate::runtime::use_dispatch;

#[component]
pub(crate) fn Notices(#[prop(into)] notices: Field<Vec<Notice>>) -> impl IntoView {
    let dispatch = use_dispatch();
    view! {
        <div class="notices" role="alert">
            <For each=move || notices.get() key=|notice| notice.id let(notice)>
                <div class="notice">
                    <Drawing icon=Icon::Warning/>
                    <p>{notice.text}</p>
                    <button
                        type="button"
                        class="button-quiet needs-script"
                        aria-label="Dismiss"
                        on:click=move |_| dispatch(Msg::DismissedNotice(notice.id))
                    >
                        <Drawing icon=Icon::Close/>
                    </button>
                </div>
            </For>
        </div>
    }
}
