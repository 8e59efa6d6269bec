//! Where a person may put the task.

use domain::id::TaskId;
use domain::status::Status;
use domain::transition::{self, Step};
use leptos::prelude::*;
use state::pending::{self, Request};
use state::{Msg, label};

use crate::api::MoveTask;
use crate::runtime::use_dispatch;
use crate::view::form::PlainForm;
use crate::view::status_mark::StatusMark;

#[component]
pub(crate) fn Moves(task: TaskId, #[prop(into)] status: Signal<Option<Status>>) -> impl IntoView {
    let targets = move || {
        let status = status.get();
        Status::COLUMNS.into_iter().filter(move |to| {
            status.as_ref().is_some_and(|from| {
                from != to && transition::after(from, &Step::Move(to.clone())).is_some()
            })
        })
    };
    view! {
        <div class="moves" role="group" aria-label="Move to">
            <span aria-hidden="true">"Move to"</span>
            <For each=targets key=Status::clone let(to)>
                <MoveForm task=task.clone() to/>
            </For>
        </div>
    }
}

#[component]
fn MoveForm(task: TaskId, to: Status) -> impl IntoView {
    let dispatch = use_dispatch();
    let submit = Callback::new(move |MoveTask { task, to }| {
        dispatch(Msg::Pending(pending::Msg::Asked(Request::Move {
            task,
            to,
        })));
    });
    view! {
        <PlainForm on_submit=submit>
            <input type="hidden" name="task" value=task.to_string()/>
            <input type="hidden" name="to" value=to.as_str().to_owned()/>
            <button class="button">
                <StatusMark status=to.clone()/>
                {label::of(&to).to_owned()}
            </button>
        </PlainForm>
    }
}
