//! One task on the board.

mod notes;

use domain::id::TaskId;
use domain::status::Status;
use leptos::either::Either;
use leptos::prelude::*;
use leptos::web_sys::Element;
use reactive_stores::Field;
use state::address::Address;
use state::age;
use state::shown::{self, CardStoreFields};

use super::age::Age;
use super::avatar::Avatar;
use super::clock::Clock;
use super::icon::{Drawing, Icon};
use super::status_mark::StatusMark;
use crate::view::says::{flag, memo, text};
use notes::Notes;

/// On the parts of a card that a click does something with; the board listens for all cards.
pub(crate) const ACT: &str = "data-act";

/// The name of the element that the keyboard goes back to when a task is closed.
pub(crate) fn card_id(task: &TaskId) -> String {
    format!("card-{task}")
}

/// The task of the card that an element is part of.
pub(crate) fn card_of(element: &Element) -> Option<TaskId> {
    let card = element.closest(".card").ok().flatten()?;
    card.get_attribute("data-task")?.parse().ok()
}

#[component]
pub(crate) fn Card(#[prop(into)] card: Field<shown::Card>, clock: Clock) -> impl IntoView {
    let id = card.id().get_untracked();
    let address = Address::of_task(id.clone()).url();
    let status = card.status();
    let is_running = memo(move || status.get() == Status::Running);
    // Two names for one animation: it starts anew when the name changes.
    let flash = move || match card.changes().get() {
        0 => None,
        count if count % 2 == 0 => Some("even"),
        _ => Some("odd"),
    };
    view! {
        <li
            class="card"
            data-task=id.to_string()
            data-status=text(move || status.get().column().as_str().to_owned())
            data-stale=move || card.staleness().get().as_str()
            data-flash=flash
            data-pending=flag(move || card.is_pending().get())
            data-chosen=flag(move || card.is_chosen().get())
            data-carried=flag(move || card.is_carried().get())
            data-open=flag(move || card.is_open().get())
        >
            <div class="top">
                <input
                    type="checkbox" class="choose needs-script" data-act="choose" tabindex="-1"
                    aria-label=text(move || format!("Choose “{}”", card.title().get()))
                    prop:checked=move || card.is_chosen().get()
                />
                <button type="button" class="id" data-act="copy" tabindex="-1" title="Copy the id">
                    {id.to_string()}
                </button>
                <Priority priority=card.priority()/>
                <Progress done=card.children_done() all=card.children()/>
                <span class="when">
                    {move || if is_running.get() {
                        Either::Left(view! {
                            <StatusMark status=Status::Running/>
                            <Age now=clock.second since=card.since() in_words=age::stopwatch/>
                        })
                    } else {
                        Either::Right(view! {
                            <Age now=clock.minute since=card.since() in_words=age::brief/>
                        })
                    }}
                </span>
            </div>
            <a class="title" dir="auto" id=card_id(&id) href=address draggable="false">{text(move || card.title().get())}</a>
            <Notes card clock/>
            <div class="bottom">
                <Assignee assignee=card.assignee()/>
                <Tenant tenant=card.tenant()/>
                {move || card.is_undelivered().get().then(Undelivered)}
                <Count icon=Icon::Comment count=card.comments() one="comment" many="comments"/>
                <Count icon=Icon::Link count=card.parents() one="parent" many="parents"/>
                <button
                    type="button" class="menu needs-script" data-act="menu" tabindex="-1" title="Actions (Ctrl K)"
                    aria-label=text(move || format!("Actions for “{}”", card.title().get()))
                >
                    <Drawing icon=Icon::More/>
                </button>
            </div>
        </li>
    }
}

#[component]
fn Priority(#[prop(into)] priority: Field<i64>) -> impl IntoView {
    move || {
        let priority = priority.get();
        (priority > 0).then(|| view! {
            <span class="badge" title=format!("Priority {priority}")>{format!("P{priority}")}</span>
        })
    }
}

#[component]
fn Tenant(#[prop(into)] tenant: Field<Option<String>>) -> impl IntoView {
    move || {
        tenant
            .get()
            .map(|tenant| view! { <span class="tag" dir="auto">{tenant}</span> })
    }
}

#[component]
fn Progress(#[prop(into)] done: Field<u32>, #[prop(into)] all: Field<u32>) -> impl IntoView {
    move || {
        let (done, all) = (done.get(), all.get());
        (all > 0).then(|| {
            let title = format!("{done} of the {all} tasks that depend on this one are done");
            view! {
                <span class="badge" data-full=(done == all).then_some("") title=title>
                    {format!("{done}/{all}")}
                </span>
            }
        })
    }
}

#[component]
fn Assignee(#[prop(into)] assignee: Field<Option<String>>) -> impl IntoView {
    move || match assignee.get() {
        Some(name) => Either::Left(view! {
            <span class="assignee" dir="auto"><Avatar name=name.clone()/>{name}</span>
        }),
        None => Either::Right(view! { <span class="assignee" data-none>"Unassigned"</span> }),
    }
}

/// That somebody could not be told of the task.
#[component]
fn Undelivered() -> impl IntoView {
    let title = "News of it was not delivered";
    view! {
        <span class="number undelivered" title=title>
            <Drawing icon=Icon::Envelope/>
            <span class="visually-hidden">{title}</span>
        </span>
    }
}

#[component]
fn Count(
    icon: Icon,
    #[prop(into)] count: Field<u32>,
    one: &'static str,
    many: &'static str,
) -> impl IntoView {
    move || {
        let count = count.get();
        (count > 0).then(|| {
            let title = format!("{count} {}", if count == 1 { one } else { many });
            view! {
                <span class="number" title=title>
                    <Drawing icon/>
                    <span aria-hidden="true">{count}</span>
                    <span class="visually-hidden">{title.clone()}</span>
                </span>
            }
        })
    }
}
