//! The introduction on an empty board.

use domain::status::Status;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use state::requests::pending::{self, Request};
use state::{Msg, create};

use super::create_form::CREATE_FORM_ID;
use super::form::PlainForm;
use crate::api::FillSample;
#[cfg(feature = "ssr")]
use crate::api::backend::FirstSteps;
use crate::runtime::use_dispatch;
use crate::view::says::{click, word};

#[component]
pub(crate) fn EmptyBoard(#[prop(into)] is_filling: Signal<bool>) -> impl IntoView {
    let dispatch = use_dispatch();
    let fill = Callback::new(move |_| {
        dispatch(Msg::Pending(pending::Msg::Asked(Request::FillSample)));
    });
    let open = click(move || dispatch(Msg::Create(create::Msg::OpenedFrom(Status::Ready))));
    view! {
        <section class="empty-board" aria-label="Getting started">
            <h2>"Nothing to do yet"</h2>
            <p>
                "Tasks that you put here start by themselves as soon as they are ready. Give one to "
                <code>"shell"</code>
                " and its text runs as a script; its output becomes the result, and is handed on to
                the tasks that wait for it."
            </p>
            {steps()}
            <div class="actions">
                <button type="button" class="button-primary" popovertarget=CREATE_FORM_ID popovertargetaction="show" on:click=open>
                    "Create a task"
                </button>
                <PlainForm action=FillSample::url() on_submit=fill>
                    <button class="button" disabled=move || is_filling.get()>
                        {word(move || if is_filling.get() { "Filling…" } else { "Fill with the sample" })}
                    </button>
                </PlainForm>
            </div>
        </section>
    }
}

/// The first steps with agents, as the server has put them together.
#[cfg(feature = "ssr")]
fn steps() -> impl IntoView {
    let steps = use_context::<FirstSteps>();
    let steps = steps.and_then(|it| it.0.get().cloned());
    view! { <div class="steps" inner_html=steps.unwrap_or_default()></div> }
}

/// The same element in the browser, which does not look into it.
#[cfg(not(feature = "ssr"))]
fn steps() -> impl IntoView {
    view! { <div class="steps"></div> }
}
