//! The facts of a task in short lines.

use domain::task::Task;
use leptos::prelude::*;
use state::age;

use crate::view::age::Age;
use crate::view::avatar::Avatar;
use crate::view::clock::Clock;

#[component]
pub(crate) fn Facts(task: Task, clock: Clock) -> impl IntoView {
    let Task { assignee, priority, tenant, created_by, created_at, workspace_path, .. } = task;
    let assignee = match assignee {
        Some(name) => view! { <dd class="assignee"><Avatar name=name.clone()/>{name}</dd> }.into_any(),
        None => view! { <dd class="assignee" data-none>"Unassigned"</dd> }.into_any(),
    };
    let tenant = tenant.map(|tenant| view! { <div><dt>"Tenant"</dt><dd>{tenant}</dd></div> });
    let workspace = workspace_path
        .map(|path| view! { <div data-wide><dt>"Workspace"</dt><dd class="path">{path}</dd></div> });
    let author = created_by.map(|author| format!("by {author}, "));
    view! {
        <dl class="facts">
            <div><dt>"Assignee"</dt>{assignee}</div>
            <div><dt>"Priority"</dt><dd>{priority}</dd></div>
            {tenant}
            <div>
                <dt>"Created"</dt>
                <dd>
                    {author}
                    <Age now=clock.minute since=created_at in_words=age::ago/>
                </dd>
            </div>
            {workspace}
        </dl>
    }
}
