//! The tasks that this one waits for, or that wait for it.

use domain::id::TaskId;
use leptos::prelude::*;
use state::address::Address;

#[component]
pub(crate) fn Neighbours(heading: &'static str, tasks: Memo<Vec<TaskId>>) -> impl IntoView {
    view! {
        <Show when=move || !tasks.read().is_empty()>
            <section class="neighbours" aria-label=heading>
                <h3>{heading}</h3>
                <ul role="list">
                    <For each=move || tasks.get() key=TaskId::clone let(task)>
                        <li>
                            <a class="tag" href=Address::of_task(task.clone()).path()>
                                {task.to_string()}
                            </a>
                        </li>
                    </For>
                </ul>
            </section>
        </Show>
    }
}
