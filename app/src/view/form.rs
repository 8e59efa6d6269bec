//! Plain forms that scripts make faster. Without scripts the browser sends them itself, and the
//! server leads back to the page.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{FormData, HtmlFormElement};

/// The values of a form.
pub(crate) struct Filled(FormData);

impl Filled {
    /// The text in the field of this name.
    pub(crate) fn text(&self, name: &str) -> String {
        self.0.get(name).as_string().unwrap_or_default()
    }
}

/// A form that a server function answers. Its content keeps its type: erased, it would be built in
/// two more ways that nobody needs, at a cost of kilobytes each.
#[component]
pub(crate) fn PlainForm<C>(
    /// The address of the server function.
    action: &'static str,
    /// Asks those who have no scripts first, because it ends the run of a worker.
    #[prop(optional)]
    ends_run: bool,
    /// Asks those who have no scripts first, because the task has a check, which does not run.
    #[prop(optional)]
    has_check: bool,
    /// Takes what was filled in, in place of the browser.
    on_submit: Callback<Filled>,
    children: TypedChildren<C>,
) -> impl IntoView
where
    C: IntoView + 'static,
{
    let submit = move |event: SubmitEvent| {
        let form = event.target();
        let form = form.and_then(|it| it.dyn_into::<HtmlFormElement>().ok());
        // What cannot be read here goes the long way.
        let filled = form.as_ref().map(FormData::new_with_form);
        let (Some(form), Some(Ok(filled))) = (&form, filled) else {
            return;
        };
        event.prevent_default();
        on_submit.run(Filled(filled));
        form.reset();
    };
    let content = children.into_inner()();
    // After all that scripts take over: they add it by themselves.
    #[cfg(feature = "ssr")]
    let content = {
        let proof = use_context::<crate::api::backend::FormProof>();
        let proof = proof.map(|crate::api::backend::FormProof(proof)| {
            view! { <input type="hidden" name="proof" value=proof/> }
        });
        let agreed = ends_run.then(|| {
            view! {
                <label class="without-script">
                    <input type="checkbox" name="end_run" value="true"/>
                    "End the run"
                </label>
            }
        });
        let unchecked = has_check.then(|| {
            view! {
                <label class="without-script">
                    <input type="checkbox" name="unchecked" value="true"/>
                    "Without its check"
                </label>
            }
        });
        (content, agreed, unchecked, proof)
    };
    #[cfg(not(feature = "ssr"))]
    let _ = (ends_run, has_check);
    view! {
        <form action=format!(".{action}") method="post" on:submit=submit>
            {content}
        </form>
    }
}
