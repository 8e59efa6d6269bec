//! One task on the board.

use domain::id::TaskId;
use domain::status::Status;
use leptos::either::Either;
use leptos::prelude::*;
use reactive_stores::Field;
use state::address::Address;
use state::age;
use state::shown::{self, CardStoreFields};

use super::age::Age;
use super::avatar::Avatar;
use super::clock::Clock;
use super::icon::{Drawing, Icon};
use super::status_mark::StatusMark;

/// The name of the element that the keyboard goes back to when a task is closed.
pub(crate) fn card_id(task: &TaskId) -> String {
    format!("card-{task}")
}

#[component]
pub(crate) fn Card(#[prop(into)] card: Field<shown::Card>, clock: Clock) -> impl IntoView {
    let id = card.id().get_untracked();
    let address = Address::of_task(id.clone()).path();
    let status = card.status();
    let is_running = Memo::new(move |_| status.get() == Status::Running);
    // Two names for one animation: it starts anew when the name changes.
    let flash = move || match card.changes().get() {
        0 => None,
        count if count % 2 == 0 => Some("even"),
        _ => Some("odd"),
    };
    view! {
        <li
            class="card"
            data-status=move || status.get().column().as_str().to_owned()
            data-flash=flash
            data-pending=move || card.is_pending().get().then_some("")
            data-open=move || card.is_open().get().then_some("")
        >
            <div class="top">
                <span class="id">{id.to_string()}</span>
                <Priority priority=card.priority()/>
                <Tenant tenant=card.tenant()/>
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
            <a class="title" id=card_id(&id) href=address>{move || card.title().get()}</a>
            <Note card clock/>
            <div class="bottom">
                <Assignee assignee=card.assignee()/>
                <Count icon=Icon::Comment count=card.comments() one="comment" many="comments"/>
                <Count icon=Icon::Link count=card.parents() one="parent" many="parents"/>
            </div>
        </li>
    }
}

/// Why the card is where it is, where that needs saying.
#[component]
fn Note(card: Field<shown::Card>, clock: Clock) -> impl IntoView {
    let rest = Memo::new(move |_| {
        let until = card.not_before().get()?;
        let now = clock.second.get();
        (now < until).then(|| format!("Tries again in {}", age::stopwatch(until, now)))
    });
    let trouble = Memo::new(move |_| {
        let is_over = matches!(card.status().get(), Status::Done | Status::Archived);
        let error = card.last_error().get()?;
        (!is_over && card.failures().get() > 0).then_some(error)
    });
    let is_nobodys = Memo::new(move |_| {
        card.status().get() == Status::Ready && card.assignee().read().is_none()
    });
    view! {
        {move || trouble.get().map(|text| view! {
            <p class="note" data-tone="trouble"><Drawing icon=Icon::Warning/><span>{text}</span></p>
        })}
        {move || rest.get().map(|text| view! { <p class="note">{text}</p> })}
        <Show when=move || is_nobodys.get()>
            <p class="note">"Needs an assignee before it can start"</p>
        </Show>
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
            .map(|tenant| view! { <span class="tag">{tenant}</span> })
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
            <span class="assignee"><Avatar name=name.clone()/>{name}</span>
        }),
        None => Either::Right(view! { <span class="assignee" data-none>"Unassigned"</span> }),
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
