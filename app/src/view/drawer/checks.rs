//! The receipts of the task's checks: what ran, how it ended and what it printed.

use domain::check::{Receipt, Verdict};
use leptos::prelude::*;
use state::age;

use crate::view::age::Age;
use crate::view::clock::Clock;

#[component]
pub(crate) fn Checks(receipts: Memo<Vec<Receipt>>, clock: Clock) -> impl IntoView {
    view! {
        <Show when=move || !receipts.read().is_empty()>
            <section class="checks" aria-label="Checks">
                <h3>"Checks"</h3>
                <ol role="list">
                    {move || receipts.get().into_iter().map(|receipt| view! {
                        <Check receipt clock/>
                    }).collect_view()}
                </ol>
            </section>
        </Show>
    }
}

#[component]
fn Check(receipt: Receipt, clock: Clock) -> impl IntoView {
    let Receipt { by, check, .. } = receipt;
    let tone = match check.verdict {
        Verdict::Passed => "done",
        Verdict::Unchecked => "neutral",
        _ => "trouble",
    };
    let by = by.map(|by| [" by ", &by].concat());
    let sentence = [&check.sentence(), by.as_deref().unwrap_or_default()].concat();
    let git = check.git.words();
    let git = git.map(|words| view! { <p class="git" dir="auto">{words}</p> });
    let output = (!check.output.is_empty()).then(|| {
        view! {
            <details>
                <summary>"Output"</summary>
                <pre dir="auto">{check.output}</pre>
            </details>
        }
    });
    view! {
        <li data-tone=tone>
            <code class="command" dir="auto">{check.command}</code>
            <span class="when">
                <Age now=clock.minute since=check.ended_at in_words=age::ago/>
            </span>
            <p class="verdict" dir="auto">{sentence}</p>
            {git}
            {output}
        </li>
    }
}
