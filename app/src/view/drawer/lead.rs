//! The beginning of an open task: the question of a blocked task with the line that answers it, the error of one that
//! gave up, the result and the evidence of one that is done.

use std::sync::Arc;

use domain::id::TaskId;
use domain::inbox::Need;
use domain::status::Status;
use domain::task::TaskDetail;
use leptos::either::Either;
use leptos::prelude::*;
use reactive_stores::Store;
use state::drawer::Reading;
use state::inbox::ConcernId;
use state::shown::{self, Shown, ShownStoreFields};

use super::checks::Check;
use super::landing::Landing;
use super::part;
use super::text::Text;
use crate::view::clock::Clock;
use crate::view::icon::{Drawing, Icon};
use crate::view::inbox::{Answers, words};
use crate::view::quotation::Quotation;
use crate::view::says::memo;

#[component]
pub(super) fn Lead(
    shown: Store<Shown>,
    reading: Memo<Option<Arc<Reading>>>,
    task: TaskId,
    clock: Clock,
) -> impl IntoView {
    let need = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { need, .. } => need.clone(),
        _ => None,
    });
    let question = memo(move || reading.read().as_ref()?.html.question.clone());
    let html = memo(move || reading.read().as_ref()?.html.result.clone());
    let result = part(reading, |detail| detail.task.result.clone());
    let is_script = part(reading, |detail| {
        detail.task.assignee.as_deref() == Some("shell")
    });
    // A check from before the task was reopened says nothing of it.
    let receipt = part(reading, |detail| {
        let last = detail.receipts.last();
        last.filter(|_| detail.task.status == Status::Done).cloned()
    });
    let is_outdated = part(reading, TaskDetail::has_changed_since_check);
    let asked = task.clone();
    view! {
        {move || need.get().map(|need| {
            let task = asked.clone();
            view! { <Ask shown task need question=question.get()/> }
        })}
        <Landing shown task reading/>
        <Text heading="Result" text=result html is_code=is_script/>
        {move || receipt.get().map(|receipt| view! {
            <ul class="checks" role="list" aria-label="Its check">
                <Check receipt is_outdated=is_outdated.get() clock/>
            </ul>
        })}
    }
}

/// The question or the error, with what can be answered. The inbox has the same below each concern.
#[component]
pub(super) fn Ask(
    shown: Store<Shown>,
    task: TaskId,
    need: Need,
    /// The question as HTML that is safe to show.
    question: Option<String>,
) -> impl IntoView {
    let words = words(&need);
    let is_question = matches!(need, Need::Answer { .. } | Need::Review { .. });
    let said = match question.filter(|_| is_question) {
        Some(html) => {
            Either::Left(view! { <div class="said markdown" dir="auto" inner_html=html></div> })
        }
        None => Either::Right(view! { <p class="said" dir="auto">{words.said}</p> }),
    };
    let more = words
        .more
        .map(|(about, text)| view! { <Quotation about text/> });
    let (icon, label) = if is_question {
        (Icon::Question, "Question")
    } else {
        (Icon::Warning, "Error")
    };
    view! {
        <section class="lead" aria-label=label data-tone=if is_question { "question" } else { "trouble" }>
            <h3><Drawing icon/>{words.kind}</h3>
            {said}
            {more}
            <div class="answers">
                <Answers shown id=ConcernId::of_need(&need, &task) task need/>
            </div>
        </section>
    }
}
