//! What the workers of the task printed.

use leptos::prelude::*;
use state::{drawer, label};

#[component]
pub(crate) fn Log(log: Memo<Option<drawer::Log>>) -> impl IntoView {
    let has_log = Memo::new(move |_| log.read().is_some());
    let size = move || log.read().as_ref().map(|it| label::size(it.size_bytes));
    let cut = move || {
        log.read()
            .as_ref()
            .is_some_and(|it| it.is_truncated)
            .then_some(", its end shown")
    };
    view! {
        <Show when=move || has_log.get()>
            <section class="log" aria-label="Log">
                <h3>"Log " <span class="size">{size}{cut}</span></h3>
                // Long lines and many of them: the keyboard must be able to scroll it.
                <pre tabindex="0">{move || log.get().map(|it| it.text)}</pre>
            </section>
        </Show>
    }
}
