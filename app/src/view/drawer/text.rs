//! A long text of a task: as HTML that the server made of it, or as it was written.

use crate::view::says::{flag, memo};
use leptos::either::Either;
use leptos::prelude::*;

#[component]
pub(crate) fn Text(
    heading: &'static str,
    #[prop(into)] text: Signal<Option<String>>,
    /// The same as HTML that is safe to show.
    #[prop(into)]
    html: Signal<Option<String>>,
    /// True when it is to be read letter by letter.
    #[prop(into)]
    is_code: Signal<bool>,
) -> impl IntoView {
    let has_text = memo(move || text.read().as_ref().is_some_and(|it| !it.trim().is_empty()));
    let content = move || match html.get() {
        Some(html) if !is_code.get() => {
            Either::Left(view! { <div class="markdown" dir="auto" inner_html=html></div> })
        }
        _ => Either::Right(
            view! { <pre dir="auto" data-code=flag(move || is_code.get())>{text.get()}</pre> },
        ),
    };
    view! {
        <Show when=move || has_text.get()>
            <section class="text" aria-label=heading>
                <h3>{heading}</h3>
                {content}
            </section>
        </Show>
    }
}
