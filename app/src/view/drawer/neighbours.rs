//! The tasks that this one waits for, and those that wait for it.

use domain::id::TaskId;
use leptos::either::Either;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use state::Msg;
use state::address::Address;
use state::change::Change;
use state::palette::{Msg as Answer, Page};

use crate::api::{LinkTasks, UnlinkTasks};
use crate::runtime::{Runtime, use_dispatch};
use crate::view::form::{Filled, PlainForm};
use crate::view::icon::{Drawing, Icon};
use crate::view::says::click;
use crate::view::status_mark::StatusMark;

/// The number of tasks named on either side; the others are counted.
const MOST_NAMED: usize = 50;

#[component]
pub(crate) fn Neighbours(
    task: TaskId,
    parents: Memo<Vec<TaskId>>,
    children: Memo<Vec<TaskId>>,
    /// The reason why the dependencies could not be changed.
    problem: Memo<Option<String>>,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let id = StoredValue::new(task.clone());
    let ask = click(move || {
        let opened = Answer::Opened(Page::WaitFor, vec![id.get_value()]);
        dispatch(Msg::Palette(opened));
    });
    let link = Callback::new(move |filled: Filled| {
        let change = Change::WaitFor(filled.text("parent"));
        dispatch(Msg::Changed(id.get_value(), change));
    });
    view! {
        <section class="neighbours" aria-label="Dependencies">
            <h3>"Waits for"</h3>
            <ul role="list">
                <Lines tasks=parents of=Some(task.clone())/>
                <li>
                    <button type="button" class="button needs-script" on:click=ask>
                        <Drawing icon=Icon::Plus/>"Add"
                    </button>
                    <noscript>
                        <PlainForm action=LinkTasks::url() on_submit=link>
                            <input type="hidden" name="task" value=task.to_string()/>
                            <input name="parent" required placeholder="id of a task" aria-label="Wait for"/>
                            <button class="button">"Wait for it"</button>
                        </PlainForm>
                    </noscript>
                </li>
            </ul>
            {move || problem.get().map(|problem| view! {
                <p class="problem" role="alert"><Drawing icon=Icon::Warning/>{problem}</p>
            })}
            <Show when=move || !children.read().is_empty()>
                <h3>"Needed by"</h3>
                <ul role="list">
                    <Lines tasks=children of=None/>
                </ul>
            </Show>
        </section>
    }
}

#[component]
fn Lines(
    tasks: Memo<Vec<TaskId>>,
    /// The task that waits for them, where that can be changed here.
    of: Option<TaskId>,
) -> impl IntoView {
    move || {
        let tasks = tasks.get();
        let more = tasks.len().saturating_sub(MOST_NAMED);
        let more = (more > 0).then(|| view! { <li>{format!("and {more} more")}</li> });
        let lines = tasks.into_iter().take(MOST_NAMED).map(|parent| {
            let task = parent.clone();
            let unlink = of.clone().map(|task| view! { <Unlink task parent/> });
            view! { <li><Neighbour task/>{unlink}</li> }
        });
        (lines.collect_view(), more)
    }
}

/// Another task, by its title where it is on the board. It is looked up once: titles seldom change
/// while somebody looks.
#[component]
fn Neighbour(task: TaskId) -> impl IntoView {
    let known = expect_context::<Runtime>()
        .ask(|model| model.glance(&task))
        .flatten();
    let words = match known {
        Some((title, status)) => {
            Either::Left(view! { <StatusMark status/><span dir="auto">{title}</span> })
        }
        None => Either::Right(task.to_string()),
    };
    view! { <a class="tag" href=Address::of_task(task.clone()).url() title=task.to_string()>{words}</a> }
}

#[component]
fn Unlink(task: TaskId, parent: TaskId) -> impl IntoView {
    let dispatch = use_dispatch();
    let submit = {
        let (task, parent) = (task.clone(), parent.clone());
        Callback::new(move |_| {
            let change = Change::StopWaitingFor(parent.clone());
            dispatch(Msg::Changed(task.clone(), change));
        })
    };
    let label = format!("Do not wait for {parent}");
    view! {
        <PlainForm action=UnlinkTasks::url() on_submit=submit>
            <input type="hidden" name="task" value=task.to_string()/>
            <input type="hidden" name="parent" value=parent.to_string()/>
            <button class="button-quiet" title=label.clone() aria-label=label><Drawing icon=Icon::Close/></button>
        </PlainForm>
    }
}
