//! The form for a new task. The browser itself opens and closes it, so it needs no script.

use leptos::ev::KeyboardEvent;
use leptos::html::{Details, Div, Input, Textarea};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::web_sys::HtmlElement;
use leptos::web_sys::wasm_bindgen::JsCast;
use reactive_stores::Field;
use state::create::{self, Form};
use state::requests::pending::{self, Request};
use state::{Msg, create::Refused};

use super::form::{Filled, PlainForm};
use crate::api::CreateTask;
use crate::runtime::use_dispatch;
use crate::view::says::{effect, memo};

/// The target of buttons that open the form. They only ever show it: a click may hand a refused
/// form back, which opens it already.
pub(crate) const CREATE_FORM_ID: &str = "new-task";

/// The explanation of a check, in its empty field.
pub(crate) const CHECK: &str =
    "A script that must exit 0 before the task counts as done, e.g. make test";

/// The explanation of a review, in its empty field.
pub(crate) const REVIEW: &str = "person, or the name of a lane, that has to approve the work";

const ASSIGNEES_ID: &str = "assignees";

#[component]
pub(crate) fn CreateForm(
    #[prop(into)] create: Field<create::Model>,
    #[prop(into)] assignees: Field<Vec<String>>,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let panel = NodeRef::<Div>::new();
    let inputs = Inputs::default();
    let submit = Callback::new(move |filled: Filled| {
        let field = |name: &str| filled.text(&format!("form[{name}]"));
        let form = Form {
            title: field("title"),
            body: field("body"),
            check: field("check"),
            review: field("review"),
            assignee: field("assignee"),
            priority: field("priority"),
            tenant: field("tenant"),
            parents: field("parents"),
            triage: !field("triage").is_empty(),
        };
        dispatch(Msg::Pending(pending::Msg::Asked(Request::Create(form))));
        if let Some(panel) = panel.get_untracked() {
            // It fails only for a form that is closed already.
            drop(panel.hide_popover());
        }
    });
    let refused = memo(move || create.read().refused.clone());
    effect(move || {
        if let Some(Refused { form, .. }) = refused.get() {
            if inputs.are_filled() {
                dispatch(Msg::Create(create::Msg::KeptTyping));
                return;
            }
            inputs.fill(&form);
            dispatch(Msg::Create(create::Msg::ChoseTriage(form.triage)));
            if let Some(panel) = panel.get_untracked() {
                drop(panel.show_popover());
            }
        }
    });
    // The keyboard stays in the form: after its last button comes the title.
    let wrap = |event: KeyboardEvent| {
        let (first, last) = (".create-form .title", ".create-form .button-primary");
        let (from, to) = if event.shift_key() {
            (first, last)
        } else {
            (last, first)
        };
        let at = document().active_element();
        if event.key() != "Tab" || at.is_none_or(|at| at.matches(from) != Ok(true)) {
            return;
        }
        let to = document().query_selector(to).ok().flatten();
        if let Some(to) = to.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
            event.prevent_default();
            drop(to.focus());
        }
    };
    let problem = move || {
        refused.get().map(|it| {
            view! {
                <p class="problem" role="alert">{it.refusal.message}</p>
            }
        })
    };
    view! {
        <div class="create-form" id=CREATE_FORM_ID popover="auto" role="dialog" aria-label="New task" node_ref=panel on:keydown=wrap>
            <PlainForm action=CreateTask::url() on_submit=submit>
                <input
                    class="title" dir="auto" name="form[title]" required autofocus autocomplete="off"
                    placeholder="The work, in a line" aria-label="Title" node_ref=inputs.title
                />
                <textarea
                    class="body" dir="auto" name="form[body]" rows="6" spellcheck="false"
                    placeholder="The whole story. For the shell lane: the script to run."
                    aria-label="Description" node_ref=inputs.body
                ></textarea>
                <details class="check-field" node_ref=inputs.fold>
                    <summary>"Check and review"</summary>
                    <textarea
                        dir="auto" name="form[check]" rows="3" spellcheck="false" placeholder=CHECK
                        aria-label="Check" node_ref=inputs.check
                    ></textarea>
                    <label class="review">
                        <span>"Review"</span>
                        <input dir="auto" name="form[review]" autocomplete="off" placeholder=REVIEW node_ref=inputs.review/>
                    </label>
                </details>
                <div class="fields">
                    <label>
                        <span>"Assignee"</span>
                        <input name="form[assignee]" list=ASSIGNEES_ID autocomplete="off" placeholder="e.g. shell" node_ref=inputs.assignee/>
                    </label>
                    <label>
                        <span>"Priority"</span>
                        <input name="form[priority]" type="number" inputmode="numeric" placeholder="0" node_ref=inputs.priority/>
                    </label>
                    <label>
                        <span>"Tenant"</span>
                        <input name="form[tenant]" autocomplete="off" placeholder="project or customer" node_ref=inputs.tenant/>
                    </label>
                    <label>
                        <span>"Waits for"</span>
                        <input name="form[parents]" autocomplete="off" placeholder="ids of tasks" node_ref=inputs.parents/>
                    </label>
                </div>
                <datalist id=ASSIGNEES_ID>
                    {move || assignees.get().into_iter().map(|name| view! { <option value=name></option> }).collect_view()}
                </datalist>
                {problem}
                <div class="actions">
                    <label class="check">
                        <input
                            type="checkbox" name="form[triage]" value="true"
                            prop:checked=move || create.read().triage
                            on:change:target=move |event| {
                                dispatch(Msg::Create(create::Msg::ChoseTriage(event.target().checked())));
                            }
                        />
                        "Only an idea: keep it in triage"
                    </label>
                    <button type="button" class="button" popovertarget=CREATE_FORM_ID popovertargetaction="hide">
                        "Cancel"
                    </button>
                    <button class="button-primary">"Create task"</button>
                </div>
            </PlainForm>
        </div>
    }
}

/// The text fields. What is being typed stays in them; only a refused form is written back.
#[derive(Clone, Copy, Default)]
struct Inputs {
    title: NodeRef<Input>,
    body: NodeRef<Textarea>,
    check: NodeRef<Textarea>,
    review: NodeRef<Input>,
    /// The summary that the check and the review are folded into.
    fold: NodeRef<Details>,
    assignee: NodeRef<Input>,
    priority: NodeRef<Input>,
    tenant: NodeRef<Input>,
    parents: NodeRef<Input>,
}

impl Inputs {
    /// Returns true when there is something in them that must not be lost.
    fn are_filled(self) -> bool {
        let is_filled = |text: String| !text.trim().is_empty();
        let inputs = [
            self.title,
            self.review,
            self.assignee,
            self.priority,
            self.tenant,
            self.parents,
        ];
        let texts = [self.body, self.check];
        let texts = texts.into_iter().filter_map(|text| text.get_untracked());
        inputs
            .into_iter()
            .filter_map(|input| input.get_untracked().map(|it| it.value()))
            .chain(texts.map(|it| it.value()))
            .any(is_filled)
    }

    fn fill(self, form: &Form) {
        for (input, text) in [
            (self.title, &form.title),
            (self.review, &form.review),
            (self.assignee, &form.assignee),
            (self.priority, &form.priority),
            (self.tenant, &form.tenant),
            (self.parents, &form.parents),
        ] {
            if let Some(input) = input.get_untracked() {
                input.set_value(text);
            }
        }
        for (area, text) in [(self.body, &form.body), (self.check, &form.check)] {
            if let Some(area) = area.get_untracked() {
                area.set_value(text);
            }
        }
        if let Some(fold) = self.fold.get_untracked() {
            fold.set_open(!form.check.is_empty() || !form.review.is_empty());
        }
    }
}
