//! The callouts of a task that is not blocked: its last error, and the reason why it is not running.

use domain::dispatch::WhyNot;
use domain::status::Status;
use domain::task::Task;
use leptos::prelude::*;
use state::label;

use crate::view::icon::{Drawing, Icon};
use crate::view::says::memo;

#[component]
pub(crate) fn Callout(
    task: Memo<Option<Task>>,
    /// The reason why it is not running.
    why_not: Memo<Option<WhyNot>>,
) -> impl IntoView {
    let trouble = memo(move || match &*task.read() {
        Some(task) if task.status == Status::Blocked => None,
        Some(task) if task.failures > 0 && !task.status.is_finished() => task.last_error.clone(),
        Some(task) if task.status == Status::Running && task.waiting => Some(
            "A task that it depends on was reopened. It waits again unless this run finishes it."
                .to_owned(),
        ),
        _ => None,
    });
    let why = move || match why_not.get()? {
        WhyNot::Finished { .. } | WhyNot::Blocked { .. } | WhyNot::GaveUp { .. } => None,
        // It stands above, with its ways out.
        WhyNot::DeadEnd { dead_ends } if !dead_ends.is_empty() => None,
        why => Some(label::capitalised(&why.to_string())),
    };
    view! {
        {move || trouble.get().map(|text| view! {
            <p class="callout" data-tone="trouble"><Drawing icon=Icon::Warning/><span dir="auto">{text}</span></p>
        })}
        {move || why().map(|text| view! {
            <p class="callout"><Drawing icon=Icon::Clock/><span>{format!("Why it is not running: {text}.")}</span></p>
        })}
    }
}
