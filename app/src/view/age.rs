//! A ticking age.

use crate::view::says::text;
use domain::time::Timestamp;
use leptos::prelude::*;
use state::age;

/// The age of a moment in a letter or two; the moment itself is told on hovering.
#[component]
pub(crate) fn Age(
    #[prop(into)] now: Signal<Timestamp>,
    #[prop(into)] since: Signal<Timestamp>,
    /// Formats the age: [`age::brief`], [`age::ago`] or [`age::stopwatch`].
    in_words: fn(Timestamp, Timestamp) -> String,
) -> impl IntoView {
    let moment = move || age::rfc3339(since.get());
    view! {
        <time class="age" datetime=text(moment) title=text(moment)>
            {text(move || in_words(now.get(), since.get()))}
        </time>
    }
}
