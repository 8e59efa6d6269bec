//! What a card says beside its title, where that needs saying: why it is where it is.

use leptos::prelude::*;
use reactive_stores::Field;
use state::age;
use state::shown::{self, CardStoreFields};

use crate::view::clock::Clock;
use crate::view::icon::{Drawing, Icon};

#[component]
pub(super) fn Notes(card: Field<shown::Card>, clock: Clock) -> impl IntoView {
    let rest = Memo::new(move |_| {
        let until = card.not_before().get()?;
        let now = clock.second.get();
        (now < until).then(|| format!("Tries again in {}", age::stopwatch(until, now)))
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
        {move || note(Some(Icon::Warning), "trouble", card.refusal().get())}
        {move || note(Some(Icon::Question), "question", card.question().get())}
        {move || note(Some(Icon::Warning), "trouble", card.trouble().get())}
        {move || note(Some(Icon::Warning), "notice", overtaken())}
        {move || note(Some(Icon::Clock), "plain", rest.get())}
        {move || note(Some(Icon::Clock), "plain", card.why_not().get())}
        {output}
    }
}

fn note(icon: Option<Icon>, tone: &'static str, text: Option<String>) -> Option<impl IntoView> {
    let icon = icon.map(|icon| view! { <Drawing icon/> });
    text.map(|text| view! { <p class="note" data-tone=tone title=text.clone()>{icon}<span>{text.clone()}</span></p> })
}
