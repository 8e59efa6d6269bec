//! The attempts at the task: when, how long, how each ended.

use domain::run::{Outcome, Run};
use domain::time::{Seconds, Timestamp};
use leptos::either::Either;
use leptos::prelude::*;
use state::{age, label};

use crate::view::age::Age;
use crate::view::clock::Clock;

#[component]
pub(crate) fn Attempts(runs: Memo<Vec<Run>>, clock: Clock) -> impl IntoView {
    view! {
        <Show when=move || !runs.read().is_empty()>
            <section class="attempts" aria-label="Attempts">
                <h3>"Attempts"</h3>
                <ol role="list">
                    // A run changes once, when it ends.
                    <For
                        each=move || runs.get().into_iter().enumerate()
                        key=|(_, run)| (run.id, run.ended_at)
                        let((position, run))
                    >
                        <Attempt number=position.saturating_add(1) run clock/>
                    </For>
                </ol>
            </section>
        </Show>
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
            {run.error.map(|error| view! { <p class="error">{error}</p> })}
        </li>
    }
}

fn span(from: Timestamp, to: Timestamp) -> String {
    Seconds(to.seconds_since(from)).to_string()
}
