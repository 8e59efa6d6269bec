//! The evidence: the receipts of the task's checks, the newest first. Each says what ran, how it ended and
//! what it printed.

use domain::check::{Receipt, Verdict};
use domain::time::Seconds;
use leptos::prelude::*;
use state::{age, label};

use crate::view::age::Age;
use crate::view::clock::Clock;
use crate::view::icon::{Drawing, Icon};

#[component]
pub(super) fn Checks(
    receipts: Memo<Vec<Receipt>>,
    /// True once the branch holds another commit than the one that the last check saw.
    is_outdated: Memo<bool>,
    clock: Clock,
) -> impl IntoView {
    view! {
        <section class="evidence" aria-label="Evidence">
            <h3 class="visually-hidden">"Evidence"</h3>
            <ol class="checks" role="list">
                {move || (0..).zip(receipts.get().into_iter().rev()).map(|(place, receipt)| view! {
                    <Check receipt is_outdated=place == 0 && is_outdated.get() clock/>
                }).collect_view()}
            </ol>
        </section>
    }
}

#[component]
pub(super) fn Check(receipt: Receipt, is_outdated: bool, clock: Clock) -> impl IntoView {
    let Receipt { by, check, .. } = receipt;
    let (tone, icon) = match check.verdict {
        verdict if verdict.is_seal() && is_outdated => ("outdated", Icon::Check),
        Verdict::Passed | Verdict::Approved | Verdict::Landed => ("passed", Icon::Check),
        Verdict::Unchecked | Verdict::Unreviewed => ("unchecked", Icon::Warning),
        _ => ("failed", Icon::Close),
    };
    let by = by.map(|by| [" by ", &by].concat());
    let sentence = label::capitalised(&check.sentence()) + by.as_deref().unwrap_or_default();
    let took = Seconds(check.ended_at.seconds_since(check.began_at));
    let has_run = !matches!(check.verdict, Verdict::Unchecked | Verdict::Unreviewed);
    let took = has_run.then(|| format!("took {took}, "));
    let is_red = check.is_red();
    let git = check.git_words();
    let git = git.map(|words| view! { <p class="git" dir="auto">{words}</p> });
    let changed = is_outdated.then(|| {
        view! { <p class="git">"Its branch was changed after this check."</p> }
    });
    let output = (!check.output.is_empty()).then(|| {
        view! {
            <details open=is_red>
                <summary>"Output"</summary>
                <pre dir="auto" tabindex="0">{check.output}</pre>
            </details>
        }
    });
    view! {
        <li data-verdict=tone>
            <span class="seal"><Drawing icon/></span>
            <p class="verdict" dir="auto">{sentence}</p>
            <span class="when">{took}<Age now=clock.minute since=check.ended_at in_words=age::ago/></span>
            <code class="command" dir="auto">{check.command}</code>
            {git}
            {changed}
            {output}
        </li>
    }
}
