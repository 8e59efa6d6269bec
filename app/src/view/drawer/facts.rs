//! The facts of a task in short lines.

use domain::board::TaskSummary;
use domain::branch::Branch;
use domain::id::TaskId;
use domain::task::Task;
use domain::time::Timestamp;
use leptos::either::Either;
use leptos::prelude::*;
use state::palette::{Msg as Answer, Page};
use state::{Msg, age};

use crate::runtime::use_dispatch;
use crate::view::age::Age;
use crate::view::avatar::Avatar;
use crate::view::clock::Clock;
use crate::view::copy::Copy;
use crate::view::says::click;

/// The short lines about a task.
pub(super) struct Of {
    id: TaskId,
    assignee: Option<String>,
    priority: i64,
    tenant: Option<String>,
    created_by: Option<String>,
    created_at: Timestamp,
    workspace_path: Option<String>,
}

impl From<Task> for Of {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            assignee: task.assignee,
            priority: task.priority,
            tenant: task.tenant,
            created_by: task.created_by,
            created_at: task.created_at,
            workspace_path: task.workspace_path,
        }
    }
}

impl From<&TaskSummary> for Of {
    fn from(card: &TaskSummary) -> Self {
        Self {
            id: card.id.clone(),
            assignee: card.assignee.clone(),
            priority: card.priority,
            tenant: card.tenant.clone(),
            created_by: None,
            created_at: card.created_at,
            workspace_path: None,
        }
    }
}

#[component]
pub(super) fn Facts(
    of: Of,
    /// The branch of its worktree.
    branch: Option<Branch>,
    clock: Clock,
) -> impl IntoView {
    let Of {
        id,
        assignee,
        priority,
        tenant,
        created_by,
        created_at,
        workspace_path,
    } = of;
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
    let place = |heading: &'static str, name: &'static str, place: String| {
        view! { <div data-wide="line"><dt>{heading}</dt><dd class="path"><Copy text=place name/></dd></div> }
    };
    let workspace = workspace_path.map(|path| place("Workspace", "the path", path));
    let base = branch.as_ref().and_then(Branch::begins_at);
    let base = base.map(|base| place("Based on", "the base", base));
    let branch = branch.map(|branch| place("Branch", "the branch", branch.name));
    let author = created_by.map(|author| format!("by {author}, "));
    view! {
        <dl class="facts">
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
