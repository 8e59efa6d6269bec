//! Says something about the open task.

use domain::id::TaskId;
use leptos::prelude::*;
use state::Msg;
use state::pending::{self, Request};

use crate::api;
use crate::runtime::use_dispatch;
use crate::view::form::PlainForm;

#[component]
pub(crate) fn CommentForm(task: TaskId) -> impl IntoView {
    let dispatch = use_dispatch();
    let submit = Callback::new(move |api::Comment { task, body }| {
        dispatch(Msg::Pending(pending::Msg::Asked(Request::Comment {
            task,
            body,
        })));
    });
    view! {
        <div class="comment-form">
            <PlainForm on_submit=submit>
                <input type="hidden" name="task" value=task.to_string()/>
                <textarea name="body" rows="2" required placeholder="Say something…" aria-label="Comment"></textarea>
                <button class="button">"Comment"</button>
            </PlainForm>
        </div>
    }
}
