//! One thing that needs a person. The one that they look at is opened; without scripts all are.

use domain::inbox::{Concern, Need, behind_in_words};
use domain::outcome::dead_ends_in_words;
use leptos::prelude::*;
use leptos::web_sys::Element;
use reactive_stores::Store;
use state::address::Address;
use state::inbox::{self, ConcernId};
use state::shown::{Shown, ShownStoreFields};
use state::{Msg, age};

use super::answers::Answers;
use crate::runtime::{Runtime, use_dispatch};
use crate::view::age::Age;
use crate::view::avatar::Avatar;
use crate::view::clock::Clock;
use crate::view::icon::{Drawing, Icon};
use crate::view::quotation::Quotation;
use crate::view::says::memo;

/// The name of the element that takes the keyboard.
pub(crate) fn concern_id(id: &ConcernId) -> String {
    format!("concern-{id}")
}

/// The concern that an element is, or is part of.
pub(crate) fn concern_of(element: &Element) -> Option<ConcernId> {
    let row = element.closest(".concern").ok().flatten()?;
    row.id().strip_prefix("concern-")?.parse().ok()
}

#[component]
pub(super) fn ConcernRow(shown: Store<Shown>, concern: Concern, clock: Clock) -> impl IntoView {
    let dispatch = use_dispatch();
    let id = ConcernId::of(&concern);
    let is_current = {
        let id = id.clone();
        memo(move || shown.concern().read().as_ref() == Some(&id))
    };
    let reach = {
        let id = id.clone();
        move |_| {
            if !is_current.get_untracked() {
                dispatch(Msg::Inbox(inbox::Msg::Reached(id.clone())));
            }
        }
    };
    let Words {
        icon,
        kind,
        said,
        more,
    } = words(&concern.need);
    let Concern {
        task,
        title,
        assignee,
        since,
        behind,
        need,
    } = concern;
    let behind = behind_in_words(behind).map(|words| view! { <span class="behind">{words}</span> });
    let (row, kind_of_need) = (concern_id(&id), name(&need));
    let address = Address::of_task(task.clone()).href();
    let assignee = assignee.map(|name| {
        view! { <span class="assignee" dir="auto"><Avatar name=name.clone()/>{name}</span> }
    });
    let more = more.map(|(about, text)| view! { <Quotation about text/> });
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
                    <a class="title" dir="auto" href=address>{title}</a>
                    <span class="facts">
                        {assignee}
                        {behind}
                        <span class="id">{task.to_string()}</span>
                        <Age now=clock.minute since in_words=age::ago/>
                    </span>
                </div>
                <p class="said"><span class="kind">{kind}</span>" "<span dir="auto">{said}</span></p>
                <div class="more">
                    {more}
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
        Need::Held { .. } => "held",
        Need::DeadEnd { .. } => "dead_end",
        Need::Landing { .. } => "landing",
        Need::Review { .. } => "review",
    }
}

/// The texts of a concern.
pub(crate) struct Words {
    pub(crate) icon: Icon,
    pub(crate) kind: String,
    /// In a line or two.
    pub(crate) said: String,
    /// A further text, perhaps with a line about it.
    pub(crate) more: Option<(Option<&'static str>, String)>,
}

pub(crate) fn words(need: &Need) -> Words {
    match need {
        Need::Answer { question } => Words {
            icon: Icon::Question,
            kind: question.as_ref().map_or("Blocked", |_| "Asks").to_owned(),
            said: question
                .clone()
                .unwrap_or_else(|| "It does not say why.".to_owned()),
            more: None,
        },
        Need::GaveUp {
            failures,
            error,
            proposed,
        } => Words {
            icon: Icon::Warning,
            kind: match failures {
                0 | 1 => "Gave up".to_owned(),
                count => format!("Gave up after {count} failures"),
            },
            said: error.clone(),
            more: proposed.clone().map(|text| (Some(PROPOSED), text)),
        },
        Need::Undelivered {
            to,
            text,
            error,
            count,
            ..
        } => Words {
            icon: Icon::Envelope,
            kind: match count {
                1 => "Not delivered".to_owned(),
                count => format!("Not delivered {count} times"),
            },
            said: format!("{to}: {error}"),
            more: Some((None, text.clone())),
        },
        Need::Review { result, .. } => Words {
            icon: Icon::Question,
            kind: "Waits for your verdict".to_owned(),
            said: result.clone().unwrap_or_default(),
            more: None,
        },
        Need::DeadEnd { dead_ends } => Words {
            icon: Icon::Warning,
            kind: "Dead end".to_owned(),
            said: in_titles(dead_ends_in_words(dead_ends)),
            more: None,
        },
        Need::Landing { problem, .. } => Words {
            icon: Icon::Warning,
            kind: "Landing waits".to_owned(),
            said: problem.clone(),
            more: None,
        },
        Need::Held {
            lane,
            cause,
            reason,
        } => Words {
            icon: Icon::Warning,
            kind: [lane, " is held, ", cause.words()].concat(),
            said: reason.clone().unwrap_or_default(),
            more: None,
        },
    }
}

fn in_titles(sentence: String) -> String {
    let runtime = use_context::<Runtime>();
    let titled = runtime.and_then(|it| it.ask(|model| model.in_titles(&sentence)));
    titled.unwrap_or(sentence)
}

const PROPOSED: &str = "It ended without a report. Its last output may be the result:";
