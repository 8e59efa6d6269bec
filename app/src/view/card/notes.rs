//! The notes on a card beside its title: the reason why it is where it is.

use domain::check::Verdict;
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
    let due = memo(move || {
        let (due, now) = (card.due_at().get()?, clock.second.get());
        let left = due.seconds_since(now);
        Some((left < 0, age::brief(now.max(due), now.min(due))))
    });
    let due_in = move || {
        let (is_overdue, age) = due.get()?;
        (!is_overdue).then(|| format!("Due in {age}"))
    };
    let overdue = move || {
        let (is_overdue, age) = due.get()?;
        is_overdue.then(|| format!("Overdue by {age}"))
    };
    let overtaken = move || {
        let text = "A task that it depends on was reopened";
        card.is_overtaken().get().then(|| text.to_owned())
    };
    let checking = move || card.is_checking().get().then(|| "Checking".to_owned());
    let seal = move || {
        let word = match card.checked().get()? {
            Verdict::Passed => "Checked",
            Verdict::Approved => "Approved",
            Verdict::Landed => "Landed",
            _ => return None,
        };
        Some((word, card.has_changed_since().get()))
    };
    let sealed = move || {
        seal()
            .filter(|(_, has_changed)| !has_changed)
            .map(|(word, _)| word.to_owned())
    };
    let changed = move || {
        let (word, _) = seal().filter(|(_, has_changed)| *has_changed)?;
        Some([word, ", then changed"].concat())
    };
    let unchecked = move || {
        let said = match card.checked().get()? {
            Verdict::Unchecked => "Finished without its check",
            Verdict::Unreviewed => "Finished without its review",
            _ => return None,
        };
        Some(said.to_owned())
    };
    let output = move || {
        let text = card.output().get();
        text.map(|text| view! { <p class="output" title=text.clone()>{text.clone()}</p> })
    };
    view! {
        {note(Icon::Warning, "trouble", Box::new(move || card.refusal().get()))}
        {note(Icon::Question, "question", Box::new(move || card.question().get()))}
        {note(Icon::Warning, "trouble", Box::new(move || card.trouble().get()))}
        {note(Icon::Warning, "trouble", Box::new(overdue))}
        {note(Icon::Clock, "plain", Box::new(checking))}
        {note(Icon::Clock, "plain", Box::new(move || card.landing().get()))}
        {note(Icon::Check, "seal", Box::new(sealed))}
        {note(Icon::Check, "plain", Box::new(changed))}
        {note(Icon::Warning, "notice", Box::new(unchecked))}
        {note(Icon::Clock, "plain", Box::new(due_in))}
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
