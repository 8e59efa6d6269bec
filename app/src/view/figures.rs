//! The board in figures, above the columns.

use leptos::prelude::*;
use reactive_stores::Store;
use state::board::figures::Figures;
use state::shown::{Shown, ShownStoreFields};
use state::{age, label};

use super::age::Age;
use super::clock::Clock;
use super::status_mark::StatusMark;
use crate::view::says::memo;

/// The size of the line of finished tasks.
const LINE: (u32, u32) = (92, 20);

#[component]
pub(crate) fn FigureStrip(shown: Store<Shown>) -> impl IntoView {
    let clock = Clock::of(shown);
    let broken = memo(move || {
        let workers = shown.workers();
        let workers = workers.read();
        let failing = workers.failing().map(ToOwned::to_owned);
        failing.collect::<Vec<String>>()
    });
    move || {
        shown.figures().get().map(|figures| {
            view! { <Strip figures clock broken/> }
        })
    }
}

#[component]
fn Strip(figures: Figures, clock: Clock, broken: Memo<Vec<String>>) -> impl IntoView {
    let (width, height) = LINE;
    let done = figures.done();
    let line = figures.line(width, height);
    let oldest = figures.oldest_ready.map(|since| {
        view! {
            <div>
                <dt>"Oldest ready"</dt>
                <dd><Age now=clock.minute since=since in_words=age::brief/></dd>
            </div>
        }
    });
    view! {
        <dl class="figures" aria-label="Figures">
            {figures.counts.map(|(status, count)| {
                let label = label::of(&status).to_owned();
                view! { <div><dt><StatusMark status/>{label}</dt><dd>{count}</dd></div> }
            })}
            {oldest}
            <div class="done">
                <dt>"Done in 24 h"</dt>
                <dd>
                    {done}
                    <svg class="line" viewBox=format!("-1 -1 {} {}", width + 2, height + 2) aria-hidden="true">
                        <polyline points=line/>
                    </svg>
                </dd>
            </div>
            {move || (!broken.read().is_empty()).then(|| view! {
                <div data-tone="trouble"><dt>"Failing lanes"</dt><dd>{broken.get().join(", ")}</dd></div>
            })}
        </dl>
    }
}
