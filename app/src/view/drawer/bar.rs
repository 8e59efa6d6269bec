//! The bar above the open task: its status, its id, the ways to the tasks beside it, and the way back.

use domain::id::TaskId;
use leptos::prelude::*;
use reactive_stores::Store;
use state::label;
use state::shown::{self, Shown, ShownStoreFields};

use crate::view::copy::Copy;
use crate::view::icon::{Drawing, Icon};
use crate::view::says::{memo, text};
use crate::view::status_mark::StatusMark;

#[component]
pub(super) fn Bar(shown: Store<Shown>, task: TaskId) -> impl IntoView {
    let back = move || shown.address().read().with_task(None).href();
    let status = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { status, .. } => Some(status.clone()),
        shown::Drawer::Loading { card, .. } => card.as_ref().map(|it| it.status.clone()),
        _ => None,
    });
    let status = move || {
        status.get().map(|status| {
            let label = label::of(&status).to_owned();
            view! { <span class="status"><StatusMark status/>{label}</span> }
        })
    };
    view! {
        <header class="bar">
            {status}
            <Copy text=task.to_string() name="the id"/>
            <Beside
                shown icon=Icon::Up label="Previous task" title="Previous task (K)"
                task=|shown| shown.around().read().0.clone()
            />
            <Beside
                shown icon=Icon::Down label="Next task" title="Next task (J)"
                task=|shown| shown.around().read().1.clone()
            />
            <a class="close button-quiet" href=text(back) aria-label="Close" title="Close (Esc)">
                <Drawing icon=Icon::Close/>
            </a>
        </header>
    }
}

/// A link to the task before or behind this one on the board. At its end it leads nowhere.
#[component]
fn Beside(
    shown: Store<Shown>,
    icon: Icon,
    label: &'static str,
    title: &'static str,
    task: fn(Store<Shown>) -> Option<TaskId>,
) -> impl IntoView {
    let href = move || {
        let task = task(shown)?;
        Some(shown.address().read().with_task(Some(task)).href())
    };
    let is_end = move || task(shown).is_none().then_some("true");
    view! {
        <a
            class="beside button-quiet" role="link" href=href aria-disabled=is_end aria-label=label title=title
        >
            <Drawing icon/>
        </a>
    }
}
