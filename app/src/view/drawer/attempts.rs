//! The attempts at the task: when, how long, how each ended. Those in a row that ended alike are folded
//! into one line.

use domain::run::{Outcome, Run};
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use leptos::either::Either;
use leptos::prelude::*;
use state::change::Change;
use state::drawer::attempts::{Group, groups};
use state::{Msg, age};

use crate::runtime::use_dispatch;
use crate::view::age::Age;
use crate::view::clock::Clock;
use crate::view::says::{click, memo};

#[component]
pub(crate) fn Attempts(
    runs: Memo<Vec<Run>>,
    /// The task's status, as it will be once the server agrees.
    status: Memo<Option<Status>>,
    /// The error that stands above already.
    told: Memo<Option<String>>,
    clock: Clock,
) -> impl IntoView {
    view! {
        <Show when=move || !runs.read().is_empty()>
            <section class="attempts" aria-label="Attempts">
                <h3>"Attempts"</h3>
                <ol role="list">
                    {move || groups(&runs.read()).into_iter().map(|group| view! {
                        <Alike group told clock/>
                    }).collect_view()}
                </ol>
                <Again runs status/>
            </section>
        </Show>
    }
}

/// Stops the run that goes on, or asks for another.
#[component]
fn Again(runs: Memo<Vec<Run>>, status: Memo<Option<Status>>) -> impl IntoView {
    let dispatch = use_dispatch();
    let action = memo(move || {
        let last = runs.read().last().map(|run| run.task_id.clone())?;
        match status.get()? {
            Status::Running => Some(("Stop this run", last, Change::Cancel)),
            Status::Todo | Status::Done => Some(("Try again", last, Change::Move(Status::Ready))),
            _ => None,
        }
    });
    move || {
        action.get().map(|(label, task, change)| {
            view! {
                <button
                    type="button" class="button again needs-script"
                    on:click=click(move || dispatch(Msg::Changed(task.clone(), change.clone())))
                >
                    {label}
                </button>
            }
        })
    }
}

/// One attempt, or several that ended alike: the last of them stands for all.
#[component]
fn Alike(group: Group, told: Memo<Option<String>>, clock: Clock) -> impl IntoView {
    let Some(mut last) = group.runs.last().cloned() else {
        return Either::Left(());
    };
    if last.error == *told.read() {
        last.error = None;
    }
    let attempt = view! { <Attempt numbers=group.numbers() words=group.words() run=last clock/> };
    if group.runs.len() == 1 {
        return Either::Right(view! { <li>{attempt}{None}</li> });
    }
    let each = (group.first..).zip(group.runs).map(|(first, run)| {
        let alone = Group {
            first,
            runs: vec![run.clone()],
        };
        // Their common part is said once.
        let run = Run { error: None, ..run };
        view! { <li><Attempt numbers=alone.numbers() words=alone.words() run clock/></li> }
    });
    let each = view! {
        <details>
            <summary>"Each of them"</summary>
            <ol role="list">{each.collect_view()}</ol>
        </details>
    };
    Either::Right(view! { <li>{attempt}{Some(each)}</li> })
}

#[component]
fn Attempt(numbers: String, words: String, run: Run, clock: Clock) -> impl IntoView {
    let tone = match run.outcome {
        None => "running",
        Some(Outcome::Completed) => "done",
        Some(
            Outcome::Deferred | Outcome::Interrupted | Outcome::Cancelled | Outcome::Reclaimed,
        ) => "neutral",
        Some(_) => "trouble",
    };
    let duration = match run.ended_at {
        Some(ended) => Either::Left(span(run.started_at, ended)),
        None => Either::Right(view! {
            <Age now=clock.second since=run.started_at in_words=age::stopwatch/>
        }),
    };
    // The question of a blocked task stands above, with the line that answers it.
    let error = run.error.filter(|_| run.outcome != Some(Outcome::Blocked));
    view! {
        <div class="attempt" data-tone=tone>
            <span class="number">{numbers}</span>
            <span class="outcome">{words}</span>
            <span class="duration">{duration}</span>
            <span class="when"><Age now=clock.minute since=run.started_at in_words=age::ago/></span>
            {error.map(|error| view! { <p class="error" dir="auto">{error}</p> })}
        </div>
    }
}

fn span(from: Timestamp, to: Timestamp) -> String {
    Seconds(to.seconds_since(from)).to_string()
}
