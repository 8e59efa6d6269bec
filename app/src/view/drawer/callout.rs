//! What a person should know first: the question of a blocked task, or why it keeps failing.

use domain::event::Event;
use domain::status::Status;
use domain::task::Task;
use leptos::prelude::*;
use state::drawer::timeline;

use crate::view::icon::{Drawing, Icon};

#[component]
pub(crate) fn Callout(task: Memo<Option<Task>>, events: Memo<Vec<Event>>) -> impl IntoView {
    let text = Memo::new(move |_| match &*task.read() {
        Some(task) if task.status == Status::Blocked => timeline::why_blocked(&events.read()),
        Some(task) if task.spawn_failures > 0 && task.status != Status::Done => {
            task.last_spawn_error.clone()
        }
        _ => None,
    });
    move || {
        text.get().map(|text| {
            view! {
                <p class="callout"><Drawing icon=Icon::Warning/><span>{text}</span></p>
            }
        })
    }
}
