//! What the workers of the task printed.

use leptos::either::Either;
use leptos::html::Pre;
use leptos::prelude::*;
use state::ansi::{self, Span};
use state::{drawer, label};

/// Pixels from the end that still count as the end: less than a line.
const NEAR_THE_END: i32 = 16;

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
    let path = move || {
        log.read()
            .as_ref()
            .filter(|it| it.is_truncated)
            .map(|it| it.path.clone())
    };
    let spans = Memo::new(move |_| {
        let log = log.read();
        log.as_ref()
            .map(|log| ansi::spans(&log.text))
            .unwrap_or_default()
    });
    let output = NodeRef::<Pre>::new();
    // The end is followed, until somebody scrolls up to read.
    let is_followed = StoredValue::new(true);
    let scrolled = move |_| {
        if let Some(output) = output.get_untracked() {
            let below = output.scroll_height() - output.scroll_top() - output.client_height();
            is_followed.set_value(below < NEAR_THE_END);
        }
    };
    Effect::new(move |_| {
        log.track();
        let Some(output) = output.get() else {
            return;
        };
        // The text is there only with the next frame.
        request_animation_frame(move || {
            if is_followed.try_get_value() == Some(true) {
                output.set_scroll_top(output.scroll_height());
            }
        });
    });
    view! {
        <Show when=move || has_log.get()>
            <section class="log" aria-label="Log">
                <h3>"Log " <span class="size">{size}{cut}</span></h3>
                // Long lines and many of them: the keyboard must be able to scroll it.
                <pre tabindex="0" node_ref=output on:scroll=scrolled>{move || spans.get().into_iter().map(span).collect_view()}</pre>
                {move || path().map(|path| view! { <p class="path">"All of it is in "<code>{path}</code></p> })}
            </section>
        </Show>
    }
}

fn span(Span { text, style }: Span) -> impl IntoView {
    let classes = style.classes();
    if classes.is_empty() {
        Either::Left(text)
    } else {
        Either::Right(view! { <span class=classes>{text}</span> })
    }
}
