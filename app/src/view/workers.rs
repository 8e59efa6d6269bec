//! The dispatcher in the head of the page: how it is doing, and how to hold it.

use domain::time::Seconds;
use leptos::prelude::*;
use reactive_stores::Store;
use state::board::workers::{Lane, State};
use state::requests::pending::{self, Request};
use state::shown::{Shown, ShownStoreFields};
use state::{Msg, age};

use super::age::Age;
use super::clock::Clock;
use super::icon::{Drawing, Icon};
use crate::runtime::use_dispatch;
use crate::view::says::{click, flag, memo, text, word};

const PANEL_ID: &str = "workers";

/// The time for which a lane is held by its button.
const HOUR: Seconds = Seconds(3_600);

#[component]
pub(crate) fn WorkersPill(shown: Store<Shown>) -> impl IntoView {
    let workers = shown.workers();
    let state = move || {
        let workers = workers.read();
        match (workers.state, workers.running) {
            (State::Off, _) => "off",
            (State::Paused, _) => "paused",
            (State::On, _) if workers.is_held() => "held",
            (State::On, 0) => "idle",
            (State::On, _) => "busy",
        }
    };
    let has_problem = move || {
        let workers = workers.read();
        workers.problem.is_some() || workers.failing().next().is_some()
    };
    view! {
        <button type="button" class="workers-pill" popovertarget=PANEL_ID data-state=word(state) data-problem=flag(has_problem)>
            <span class="words">{text(move || workers.read().in_words())}</span>
        </button>
        <Panel shown/>
    }
}

#[component]
fn Panel(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let workers = shown.workers();
    let clock = Clock::of(shown);
    let state = memo(move || workers.read().state);
    let words = move || match state.get() {
        State::Off => {
            "No dispatcher is running: start one with kanban serve or kanban daemon.".to_owned()
        }
        State::Paused => "The dispatcher is paused. Running workers go on.".to_owned(),
        State::On => {
            let workers = workers.read();
            let cap = workers.cap.unwrap_or_default();
            format!(
                "The dispatcher runs up to {cap} tasks at once ({}).",
                workers.cap_reason
            )
        }
    };
    let problem = move || workers.read().problem.clone();
    let lanes = memo(move || workers.read().lanes.clone());
    let last_tick = memo(move || workers.read().last_tick);
    view! {
        <div class="workers-panel" id=PANEL_ID popover="auto" role="dialog" aria-label="Dispatcher">
            <div class="whole">
                <p>{text(words)}</p>
                {move || (state.get() != State::Off).then(|| view! {
                    <button
                        type="button" class="button needs-script" title="Run a dispatcher tick (W)"
                        on:click=click(move || dispatch(Msg::WantedNudge))
                    >
                        "Nudge"
                    </button>
                    {pause(None, state.get() == State::Paused)}
                })}
            </div>
            {move || problem().map(|problem| view! {
                <p class="problem"><Drawing icon=Icon::Warning/>{problem}</p>
            })}
            <ul role="list">
                {move || lanes.get().into_iter().map(|lane| view! { <LaneLine lane clock/> }).collect_view()}
            </ul>
            {move || last_tick.get().map(|at| view! {
                <p class="tick">"Last tick "<Age now=clock.second since=at in_words=age::ago/></p>
            })}
        </div>
    }
}

#[component]
fn LaneLine(lane: Lane, clock: Clock) -> impl IntoView {
    let Lane {
        name,
        running,
        cap,
        is_paused,
        problem,
        held,
        ..
    } = lane;
    let count = match cap {
        Some(cap) => [running, cap].map(|it| it.to_string()).join(" of "),
        None => running.to_string(),
    };
    let problem = problem.map(|problem| view! { <p class="problem">{problem}</p> });
    // A held lane needs to be released, and any other may be held.
    let (verb, request) = match held.as_ref().and_then(|held| held.name.clone()) {
        Some(name) => ("Try now", Request::Release(name)),
        None => ("Hold 1 h", Request::Hold(name.clone(), HOUR)),
    };
    let held = held.map(|held| {
        let left = held.until.map(|until| {
            view! { ", for "<Age now=clock.second since=until in_words=age::left/> }
        });
        view! { <p class="held">{held.words}{left}</p> }
    });
    view! {
        <li>
            <span class="name">{name.clone()}</span>
            <span class="count">{count}</span>
            <Ask verb what=name.clone() request/>
            {pause(Some(name), is_paused)}
            {problem}
            {held}
        </li>
    }
}

/// The button that pauses the dispatcher or a lane, or lets it go on.
fn pause(lane: Option<String>, is_paused: bool) -> impl IntoView {
    let what = lane.clone().unwrap_or_else(|| "the dispatcher".to_owned());
    let (verb, request) = if is_paused {
        ("Resume", Request::Resume(lane))
    } else {
        ("Pause", Request::Pause(lane))
    };
    view! { <Ask verb what request/> }
}

/// A button that asks the board for something.
#[component]
pub(crate) fn Ask(verb: &'static str, what: String, request: Request) -> impl IntoView {
    let dispatch = use_dispatch();
    let name = [verb, &what].join(" ");
    let send = click(move || dispatch(Msg::Pending(pending::Msg::Asked(request.clone()))));
    view! {
        <button type="button" class="button needs-script" aria-label=name on:click=send>{verb}</button>
    }
}
