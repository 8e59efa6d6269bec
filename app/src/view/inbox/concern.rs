//! One thing that needs a person. The one that they look at is opened; without scripts all are.

use domain::inbox::{Concern, Need};
use leptos::prelude::*;
use reactive_stores::Store;
use state::address::Address;
use state::inbox::{self, ConcernId};
use state::shown::{Shown, ShownStoreFields};
use state::{Msg, age};

use super::answers::Answers;
use crate::runtime::use_dispatch;
use crate::view::age::Age;
use crate::view::avatar::Avatar;
use crate::view::clock::Clock;
use crate::view::icon::{Drawing, Icon};

/// The name of the element that takes the keyboard.
pub(crate) fn concern_id(id: &ConcernId) -> String {
    format!("concern-{id}")
}

#[component]
pub(super) fn ConcernRow(shown: Store<Shown>, concern: Concern, clock: Clock) -> impl IntoView {
    let dispatch = use_dispatch();
    let id = ConcernId::of(&concern);
    let is_current = {
        let id = id.clone();
        Memo::new(move |_| shown.concern().read().as_ref() == Some(&id))
    };
    let reach = {
        let id = id.clone();
        move |_| {
            if !is_current.get_untracked() {
                dispatch(Msg::Inbox(inbox::Msg::Reached(id.clone())));
            }
        }
    };
    let (icon, kind, said, proposed) = words(&concern.need);
    let Concern {
        task,
        title,
        assignee,
        since,
        need,
    } = concern;
    let (row, kind_of_need) = (concern_id(&id), name(&need));
    let address = Address::of_task(task.clone()).url();
    let assignee = assignee.map(|name| {
        view! { <span class="assignee"><Avatar name=name.clone()/>{name}</span> }
    });
    let said = said.map(|text| view! { <p class="said">{text}</p> });
    let proposed = proposed.map(|text| {
        view! {
            <div class="proposed">
                <p>"It ended without a word. What it printed last may be the result:"</p>
                <pre>{text}</pre>
            </div>
        }
    });
    view! {
        <li
            class="concern" id=row tabindex="-1"
            data-need=kind_of_need
            aria-current=move || is_current.get().then_some("true")
            on:focusin=reach
        >
            <Drawing icon/>
            <div class="what">
                <div class="top">
                    <a class="title" href=address>{title}</a>
                    <span class="facts">
                        {assignee}
                        <span class="id">{task.to_string()}</span>
                        <Age now=clock.minute since in_words=age::ago/>
                    </span>
                </div>
                <p class="kind">{kind}</p>
                {said}
                <div class="more">
                    {proposed}
                    <Answers shown id task need/>
                </div>
            </div>
        </li>
    }
}

/// The word for styles.
fn name(need: &Need) -> &'static str {
    match need {
        Need::Answer { .. } => "answer",
        Need::GaveUp { .. } => "gave_up",
        Need::Undelivered { .. } => "undelivered",
    }
}

/// How a need looks, what kind it is, what is said, and what is proposed.
fn words(need: &Need) -> (Icon, String, Option<String>, Option<String>) {
    match need {
        Need::Answer { question } => {
            let kind = match question {
                Some(_) => "Asks",
                None => "Is blocked, and does not say why",
            };
            (Icon::Question, kind.to_owned(), question.clone(), None)
        }
        Need::GaveUp {
            failures,
            error,
            proposed,
        } => {
            let times = match failures {
                0 | 1 => "Gave up".to_owned(),
                count => format!("Gave up after {count} failures"),
            };
            (Icon::Warning, times, Some(error.clone()), proposed.clone())
        }
        Need::Undelivered {
            to, text, error, ..
        } => {
            let kind = format!("{to} was not told: {error}");
            (Icon::Envelope, kind, Some(text.clone()), None)
        }
    }
}
