//! The moves that a person may make now, and the reason why not the others.

use domain::id::TaskId;
use domain::status::Status;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use state::change::Change;
use state::palette::{Msg as Answer, Page};
use state::{Msg, label};

use crate::api::MoveTask;
use crate::runtime::use_dispatch;
use crate::view::form::PlainForm;
use crate::view::icon::{Drawing, Icon};
use crate::view::says::{click, memo};
use crate::view::status_mark::StatusMark;

/// The columns in which a task can be put; only a worker puts it into the one that is missing.
const TARGETS: [Status; 6] = [
    Status::Triage,
    Status::Todo,
    Status::Ready,
    Status::Blocked,
    Status::Done,
    Status::Archived,
];

#[component]
pub(crate) fn Moves(
    task: TaskId,
    #[prop(into)] status: Signal<Option<Status>>,
    /// Only where the server renders: scripts ask in their own way.
    ends_run: bool,
    /// As above.
    has_check: bool,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let about = StoredValue::new(task);
    let menu = click(move || {
        let opened = Answer::Opened(Page::Task, vec![about.get_value()]);
        dispatch(Msg::Palette(opened));
    });
    let targets = move || {
        let from = status.get();
        let others = TARGETS.into_iter().filter(|to| from.as_ref() != Some(to));
        let forms = others.map(|to| {
            let has_check = has_check && to == Status::Done;
            view! { <MoveForm task=about.get_value() to status ends_run has_check/> }
        });
        from.is_some().then(|| forms.collect_view())
    };
    view! {
        <div class="moves" role="group" aria-label="Move to">
            <span aria-hidden="true">"Move to"</span>
            {targets}
            <button type="button" class="button-quiet needs-script" aria-label="More actions" title="More actions (Ctrl K)" on:click=menu>
                <Drawing icon=Icon::More/>
            </button>
        </div>
    }
}

#[component]
fn MoveForm(
    task: TaskId,
    to: Status,
    status: Signal<Option<Status>>,
    ends_run: bool,
    has_check: bool,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let submit = {
        let (task, to) = (task.clone(), to.clone());
        Callback::new(move |_| dispatch(Msg::Dropped(task.clone(), to.clone())))
    };
    let problem = {
        let to = to.clone();
        memo(move || {
            let from = status.get()?;
            let is_possible = Change::between(&from, &to).is_some();
            (!is_possible).then(|| Change::why_not_between(&from, &to))
        })
    };
    view! {
        <PlainForm action=MoveTask::url() ends_run has_check on_submit=submit>
            <input type="hidden" name="task" value=task.to_string()/>
            <input type="hidden" name="to" value=to.as_str().to_owned()/>
            <button class="button" disabled=move || problem.read().is_some() title=move || problem.get()>
                <StatusMark status=to.clone()/>
                {label::of(&to).to_owned()}
            </button>
        </PlainForm>
    }
}
