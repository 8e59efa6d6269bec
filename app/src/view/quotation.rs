//! Further words of a worker or of a message, below what was said of them.

use leptos::prelude::*;

#[component]
pub(crate) fn Quotation(
    /// A line about the text.
    about: Option<&'static str>,
    text: String,
) -> impl IntoView {
    view! {
        <div class="quotation">
            {about.map(|about| view! { <p>{about}</p> })}
            <pre dir="auto">{text}</pre>
        </div>
    }
}
