//! The facts of a task in short lines.

use domain::branch::Branch;
use domain::status::Status;
use domain::task::Task;
use leptos::either::Either;
use leptos::prelude::*;
use state::palette::{Msg as Answer, Page};
use state::{Msg, age, label};

use crate::runtime::use_dispatch;
use crate::view::age::Age;
use crate::view::avatar::Avatar;
use crate::view::clock::Clock;
use crate::view::says::click;
use crate::view::status_mark::StatusMark;

#[component]
pub(crate) fn Facts(
    task: Task,
    /// The branch of its worktree.
    branch: Option<Branch>,
    /// Its status, as it will be once the server agrees.
    #[prop(into)]
    status: Signal<Option<Status>>,
    clock: Clock,
) -> impl IntoView {
    let Task {
        id,
        assignee,
        priority,
        tenant,
        created_by,
        created_at,
        workspace_path,
        ..
    } = task;
    let dispatch = use_dispatch();
    let id = StoredValue::new(id);
    let ask = move |page: Page| {
        let opened = Answer::Opened(page, vec![id.get_value()]);
        click(move || dispatch(Msg::Palette(opened.clone())))
    };
    let assignee = match assignee {
        Some(name) => Either::Left(view! {
            <span class="assignee" dir="auto"><Avatar name=name.clone()/>{name}</span>
        }),
        None => Either::Right(view! { <span class="assignee" data-none>"Unassigned"</span> }),
    };
    let tenant =
        tenant.map(|tenant| view! { <div><dt>"Tenant"</dt><dd dir="auto">{tenant}</dd></div> });
    let place = |heading: &'static str, place: String| {
        view! { <div data-wide="line"><dt>{heading}</dt><dd class="path">{place}</dd></div> }
    };
    let workspace = workspace_path.map(|path| place("Workspace", path));
    let base = branch.as_ref().and_then(Branch::begins_at);
    let base = base.map(|base| place("Based on", base));
    let branch = branch.map(|branch| place("Branch", branch.name));
    let status = move || {
        status.get().map(|status| {
            let label = label::of(&status).to_owned();
            view! { <dd class="status"><StatusMark status/>{label}</dd> }
        })
    };
    let author = created_by.map(|author| format!("by {author}, "));
    view! {
        <dl class="facts">
            <div><dt>"Status"</dt>{status}</div>
            <div>
                <dt>"Assignee"</dt>
                <dd><button type="button" class="change" title="Assign (A)" on:click=ask(Page::Assign)>{assignee}</button></dd>
            </div>
            <div>
                <dt>"Priority"</dt>
                <dd><button type="button" class="change" title="Set the priority (P)" on:click=ask(Page::Priority)>{priority}</button></dd>
            </div>
            {tenant}
            <div data-wide="two">
                <dt>"Created"</dt>
                <dd>
                    {author}
                    <Age now=clock.minute since=created_at in_words=age::ago/>
                </dd>
            </div>
            {workspace}
            {branch}
            {base}
        </dl>
    }
}
