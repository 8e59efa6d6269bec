//! The tasks that this one waits for, and those that wait for it.

use domain::id::TaskId;
use domain::outcome::StartOn;
use leptos::either::Either;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use state::address::Address;
use state::change::Change;
use state::drawer::links::Link;
use state::palette::{Msg as Answer, Page};
use state::{Msg, label};

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
    parents: Memo<Vec<Link>>,
    children: Memo<Vec<Link>>,
    /// The reason why the dependencies could not be changed.
    problem: Memo<Option<String>>,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let id = StoredValue::new(task.clone());
    let ask = click(move || {
        let opened = Answer::Opened(Page::WaitFor(StartOn::Success), vec![id.get_value()]);
        dispatch(Msg::Palette(opened));
    });
    let link = Callback::new(move |filled: Filled| {
        let change = Change::WaitFor {
            parent: filled.text("parent"),
            on: filled.text("on").parse().ok(),
        };
        dispatch(Msg::Changed(id.get_value(), change));
    });
    view! {
        <section class="neighbours" aria-label="Dependencies">
            <h3>"Waits for"</h3>
            <ul role="list">
                <Lines links=parents of=task.clone() are_parents=true/>
                <li>
                    <button type="button" class="button needs-script" on:click=ask>
                        <Drawing icon=Icon::Plus/>"Add"
                    </button>
                    <noscript>
                        <PlainForm action=LinkTasks::url() on_submit=link>
                            <input type="hidden" name="task" value=task.to_string()/>
                            <input name="parent" required placeholder="id of a task" aria-label="Wait for"/>
                            <select name="on" aria-label="Start on">{options(StartOn::Success)}</select>
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
                    <Lines links=children of=id.get_value() are_parents=false/>
                </ul>
            </Show>
        </section>
    }
}

#[component]
fn Lines(
    links: Memo<Vec<Link>>,
    /// The task at the other end of each link.
    of: TaskId,
    /// True where that task waits for them.
    are_parents: bool,
) -> impl IntoView {
    let line = move |(task, on): Link| {
        let of = of.clone();
        let (parent, child) = if are_parents {
            (task.clone(), of)
        } else {
            (of, task.clone())
        };
        let unlink = are_parents.then(|| {
            let (task, parent) = (child.clone(), parent.clone());
            view! { <Unlink task parent/> }
        });
        view! { <li><Neighbour task/><Condition parent child on/>{unlink}</li> }
    };
    move || {
        let links = links.get();
        let more = links.len().saturating_sub(MOST_NAMED);
        let more = (more > 0).then(|| view! { <li>{format!("and {more} more")}</li> });
        let lines = links.into_iter().take(MOST_NAMED).map(&line);
        (lines.collect_view(), more)
    }
}

/// The outcome of a parent on which its child starts, with the way to another.
#[component]
fn Condition(parent: TaskId, child: TaskId, on: StartOn) -> impl IntoView {
    let dispatch = use_dispatch();
    let label = [
        "Start ",
        child.as_str(),
        " on the outcome of ",
        parent.as_str(),
    ]
    .concat();
    let choose = move |chosen: String| {
        let change = Change::WaitFor {
            parent: parent.to_string(),
            on: chosen.parse().ok(),
        };
        dispatch(Msg::Changed(child.clone(), change));
    };
    view! {
        <select
            class="condition needs-script" data-on=on.as_str() aria-label=label.clone() title=label
            prop:value=on.as_str() on:change:target=move |event| choose(event.target().value())
        >
            {options(on)}
        </select>
        <noscript>{(!on.is_success()).then(|| label::start_on(on))}</noscript>
    }
}

fn options(chosen: StartOn) -> impl IntoView {
    let all = [StartOn::Success, StartOn::Failure, StartOn::Always];
    let option = |on: StartOn| {
        let is_chosen = on == chosen;
        view! { <option value=on.as_str() selected=is_chosen>{label::start_on(on)}</option> }
    };
    all.map(option).collect_view()
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
    view! { <a class="tag" href=Address::of_task(task.clone()).href() title=task.to_string()>{words}</a> }
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
