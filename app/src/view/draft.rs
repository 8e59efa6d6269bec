//! A task that was asked for and is not on the board yet.

use leptos::prelude::*;
use state::shown;

use super::avatar::Avatar;

#[component]
pub(crate) fn Draft(draft: shown::Draft) -> impl IntoView {
    let assignee = (!draft.assignee.is_empty()).then(|| view! {
        <span class="assignee"><Avatar name=draft.assignee.clone()/>{draft.assignee.clone()}</span>
    });
    view! {
        <li class="card" data-pending>
            <div class="top">
                <span class="id">"saving…"</span>
            </div>
            <span class="title">{draft.title}</span>
            <div class="bottom">{assignee}</div>
        </li>
    }
}
