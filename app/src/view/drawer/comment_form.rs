//! The form for a comment on the open task.

use domain::id::TaskId;
use leptos::html::Textarea;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use state::Msg;
use state::drawer::comment;
use state::requests::pending::{self, Request};

use crate::api;
use crate::runtime::use_dispatch;
use crate::view::form::{Filled, PlainForm};

#[component]
pub(crate) fn CommentForm(
    task: TaskId,
    /// The draft.
    draft: Memo<String>,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let input = NodeRef::<Textarea>::new();
    Effect::new(move |has_run: Option<()>| {
        let text = draft.get();
        // What was typed before scripts ran is not known to us, and stays.
        let is_news = has_run.is_some() || !text.is_empty();
        if let Some(input) = input.get()
            && is_news
            && input.value() != text
        {
            input.set_value(&text);
        }
    });
    let about = task.clone();
    let typed = move |text: String| {
        dispatch(Msg::Comment(comment::Msg::Typed(about.clone(), text)));
    };
    let submit = {
        let task = task.clone();
        Callback::new(move |filled: Filled| {
            dispatch(Msg::Pending(pending::Msg::Asked(Request::Comment {
                task: task.clone(),
                body: filled.text("body"),
            })));
        })
    };
    view! {
        <div class="comment-form">
            <PlainForm action=api::Comment::url() on_submit=submit>
                <input type="hidden" name="task" value=task.to_string()/>
                <textarea
                    name="body" dir="auto" rows="2" required placeholder="Say something…" aria-label="Comment"
                    node_ref=input on:input:target=move |event| typed(event.target().value())
                ></textarea>
                <button class="button">"Comment"</button>
            </PlainForm>
        </div>
    }
}
