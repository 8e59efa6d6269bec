//! The attempts at the task: when, how long, how each ended.

use domain::run::{Outcome, Run};
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use leptos::either::Either;
use leptos::prelude::*;
use state::change::Change;
use state::{Msg, age, label};

use crate::runtime::use_dispatch;
use crate::view::age::Age;
use crate::view::clock::Clock;
use crate::view::says::{click, memo};

#[component]
pub(crate) fn Attempts(
    runs: Memo<Vec<Run>>,
    /// The task's status, as it will be once the server agrees.
    status: Memo<Option<Status>>,
    clock: Clock,
) -> impl IntoView {
    view! {
        <Show when=move || !runs.read().is_empty()>
            <section class="attempts" aria-label="Attempts">
                <h3>"Attempts"</h3>
                <ol role="list">
                    {move || (1..).zip(runs.get()).map(|(number, run)| view! {
                        <Attempt number run clock/>
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
            Status::Blocked => Some(("Try again", last, Change::Unblock)),
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

#[component]
fn Attempt(number: usize, run: Run, clock: Clock) -> impl IntoView {
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
    let code = run
        .exit_code
        .filter(|code| *code != 0)
        .map(|code| format!("exit {code}"));
    view! {
        <li data-tone=tone>
            <span class="number">{format!("#{number}")}</span>
            <span class="outcome">{label::of_run(run.outcome)}</span>
            <span class="code">{code}</span>
            <span class="duration">{duration}</span>
            <span class="when"><Age now=clock.minute since=run.started_at in_words=age::ago/></span>
            {run.error.map(|error| view! { <p class="error" dir="auto">{error}</p> })}
        </li>
    }
}

fn span(from: Timestamp, to: Timestamp) -> String {
    Seconds(to.seconds_since(from)).to_string()
}
