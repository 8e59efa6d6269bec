//! The notes on a card beside its title: the reason why it is where it is.

use leptos::prelude::*;
use reactive_stores::Field;
use state::age;
use state::shown::{self, CardStoreFields};

use crate::view::clock::Clock;
use crate::view::icon::{Drawing, Icon};
use crate::view::says::memo;

#[component]
pub(super) fn Notes(card: Field<shown::Card>, clock: Clock) -> impl IntoView {
    let rest = memo(move || {
        let until = card.not_before().get()?;
        let now = clock.second.get();
        let said = match card.trouble().get() {
            Some(_) => "Tries again in",
            None => "Starts no sooner than in",
        };
        (now < until).then(|| format!("{said} {}", age::stopwatch(until, now)))
    });
    let overtaken = move || {
        let text = "A task that it depends on was reopened";
        card.is_overtaken().get().then(|| text.to_owned())
    };
    let output = move || {
        let text = card.output().get();
        text.map(|text| view! { <p class="output" title=text.clone()>{text.clone()}</p> })
    };
    view! {
        {note(Icon::Warning, "trouble", Box::new(move || card.refusal().get()))}
        {note(Icon::Question, "question", Box::new(move || card.question().get()))}
        {note(Icon::Warning, "trouble", Box::new(move || card.trouble().get()))}
        {note(Icon::Warning, "notice", Box::new(overtaken))}
        {note(Icon::Clock, "plain", Box::new(move || rest.get()))}
        {note(Icon::Clock, "plain", Box::new(move || card.why_not().get()))}
        {output}
    }
}

/// One line, where there is something to say. It stands here once, for all of them.
fn note(
    icon: Icon,
    tone: &'static str,
    says: Box<dyn Fn() -> Option<String> + Send>,
) -> impl IntoView {
    move || {
        says().map(|text| {
            view! {
                <p class="note" data-tone=tone title=text.clone()>
                    <Drawing icon/><span dir="auto">{text.clone()}</span>
                </p>
            }
        })
    }
}
