//! A long text of a task, as it was written.

use leptos::prelude::*;

#[component]
pub(crate) fn Text(
    heading: &'static str,
    #[prop(into)] text: Signal<Option<String>>,
    /// Whether it is to be read letter by letter.
    #[prop(into)]
    is_code: Signal<bool>,
) -> impl IntoView {
    let has_text = Memo::new(move |_| text.read().as_ref().is_some_and(|it| !it.trim().is_empty()));
    view! {
        <Show when=move || has_text.get()>
            <section class="text" aria-label=heading>
                <h3>{heading}</h3>
                <pre data-code=move || is_code.get().then_some("")>{move || text.get()}</pre>
            </section>
        </Show>
    }
}
