//! Rewrites the title, the description, the check and the reviewer, in place of the title. It opens and is sent without
//! scripts too; with them it says what somebody else wrote meanwhile.

use std::sync::Arc;

use leptos::ev::{Event, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::web_sys::wasm_bindgen::JsCast;
use leptos::web_sys::{HtmlDetailsElement, HtmlElement};
use reactive_stores::Store;
use state::Msg;
use state::drawer::Reading;
use state::drawer::edit::{self, Text};
use state::shown::{self, Shown, ShownStoreFields};

use crate::api::EditTask;
use crate::runtime::use_dispatch;
use crate::view::create_form::{CHECK, REVIEW};
use crate::view::document_title::raw_text;
use crate::view::form::{Filled, PlainForm};
use crate::view::icon::{Drawing, Icon};
use crate::view::says::{click, effect, memo, word};

/// The name of the form.
const EDIT_ID: &str = "edit-task";

/// The title as a heading, which is a button: it opens the fields in its place.
#[component]
pub(super) fn EditForm<H: IntoView + 'static>(
    shown: Store<Shown>,
    reading: Memo<Option<Arc<Reading>>>,
    /// The title.
    heading: H,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let conflict = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { conflict, .. } => conflict.clone(),
        _ => None,
    });
    // The unsent text, also from before the task was opened.
    let rewriting = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { rewriting, .. } => rewriting.clone(),
        _ => None,
    });
    let fields = Fields::default();
    let text = move || {
        let reading = reading.read_untracked();
        let text = reading.as_ref().map(|it| Text::of(&it.detail.task));
        text.unwrap_or_default()
    };
    let take_theirs = move || {
        fields.fill(&text());
        dispatch(Msg::Edit(edit::Msg::TookTheirs));
    };
    effect(move || {
        if let (Some(draft), Some(details)) = (rewriting.get(), fields.details.get()) {
            fields.fill(&draft);
            details.set_open(true);
        }
    });
    // By hand, and not because there is a draft: then the keyboard goes to the title.
    let is_pressed = StoredValue::new(false);
    let toggle = move |event: Event| {
        let details = event
            .target()
            .and_then(|it| it.dyn_into::<HtmlDetailsElement>().ok());
        if details.as_ref().map(|it| it.id()).as_deref() != Some(EDIT_ID) {
            return;
        }
        if details.is_some_and(|it| it.open()) {
            let draft = rewriting.get_untracked();
            fields.fill(&draft.unwrap_or_else(text));
            dispatch(Msg::Edit(edit::Msg::Began));
            if is_pressed.get_value()
                && let Some(title) = fields.title.get_untracked()
            {
                drop(title.focus());
            }
        } else {
            dispatch(Msg::Edit(edit::Msg::Left));
        }
        is_pressed.set_value(false);
    };
    let typed = move |_| {
        if let Some(text) = fields.text() {
            dispatch(Msg::Edit(edit::Msg::Typed(text)));
        }
    };
    let submit = Callback::new(move |filled: Filled| {
        let text = Text {
            title: filled.text("title"),
            body: filled.text("body"),
            check: filled.text("check"),
            review: filled.text("review"),
        };
        dispatch(Msg::Edit(edit::Msg::Finished(text)));
        fields.close();
    });
    let press = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            let form = fields.title.get_untracked().and_then(|it| it.form());
            // A form that cannot be sent says so itself.
            drop(form.map(|form| form.request_submit()));
        }
    };
    let form = move || {
        let initial = text();
        let id = reading
            .read_untracked()
            .as_ref()
            .map(|it| it.detail.task.id.to_string());
        let is_proven = !initial.check.is_empty() || !initial.review.is_empty();
        view! {
            <PlainForm action=EditTask::url() on_submit=submit>
                <input type="hidden" name="task" value=id/>
                <input
                    class="title" name="title" dir="auto" required autocomplete="off" aria-label="Title"
                    value=initial.title node_ref=fields.title
                />
                <textarea
                    name="body" dir="auto" rows="10" aria-label="Description" placeholder="Add a description…"
                    node_ref=fields.body
                >{raw_text(initial.body)}</textarea>
                <details class="check-field" open=is_proven>
                    <summary>"Check and review"</summary>
                    <textarea
                        name="check" dir="auto" rows="3" spellcheck="false" aria-label="Check" placeholder=CHECK
                        node_ref=fields.check
                    >{raw_text(initial.check)}</textarea>
                    <label class="review">
                        <span>"Review"</span>
                        <input
                            name="review" dir="auto" autocomplete="off" placeholder=REVIEW
                            value=initial.review node_ref=fields.review
                        />
                    </label>
                </details>
                {move || conflict.get().map(|theirs| view! {
                    <div class="conflict" role="alert">
                        <p>"Somebody else changed this meanwhile. It says now:"</p>
                        <p class="title">{theirs.title}</p>
                        <pre>{theirs.body}</pre>
                        <pre>{theirs.check}</pre>
                        <pre>{theirs.review}</pre>
                        <button type="button" class="button" on:click=click(take_theirs)>"Take theirs"</button>
                    </div>
                })}
                <div class="actions">
                    <button type="button" class="button needs-script" on:click=click(move || fields.close())>"Cancel"</button>
                    <button class="button-primary" title="Ctrl Enter">
                        {word(move || if conflict.read().is_some() { "Save mine anyway" } else { "Save" })}
                    </button>
                </div>
            </PlainForm>
        }
    };
    let is_loaded = memo(move || reading.read().is_some());
    view! {
        <details class="edit" id=EDIT_ID node_ref=fields.details on:toggle=toggle on:input=typed on:keydown=press>
            <summary title="Edit the title and the description" on:click=move |_| is_pressed.set_value(true)>
                {heading}
                <Drawing icon=Icon::Pencil/>
            </summary>
            {move || is_loaded.get().then(form)}
        </details>
    }
}

/// Opens the fields at the description.
#[component]
pub(super) fn EditLink(body: Memo<Option<String>>) -> impl IntoView {
    let open = click(move || {
        let part = |selector: &str| document().query_selector(selector).ok().flatten();
        let details = part("#edit-task").and_then(|it| it.dyn_into::<HtmlDetailsElement>().ok());
        if let Some(details) = details {
            details.set_open(true);
        }
        let body = part("#edit-task [name=body]").and_then(|it| it.dyn_into::<HtmlElement>().ok());
        if let Some(body) = body {
            drop(body.focus());
        }
    });
    let label = move || {
        if body.read().is_some() {
            "Edit"
        } else {
            "Add a description…"
        }
    };
    view! {
        <button type="button" class="edit-link button-quiet needs-script" on:click=open>
            <Drawing icon=Icon::Pencil/>{word(label)}
        </button>
    }
}

/// The fields. Typed text stays in them; the page only knows what they began with.
#[derive(Clone, Copy, Default)]
struct Fields {
    details: NodeRef<html::Details>,
    title: NodeRef<html::Input>,
    body: NodeRef<html::Textarea>,
    check: NodeRef<html::Textarea>,
    review: NodeRef<html::Input>,
}

impl Fields {
    fn text(self) -> Option<Text> {
        Some(Text {
            title: self.title.get_untracked()?.value(),
            body: self.body.get_untracked()?.value(),
            check: self.check.get_untracked()?.value(),
            review: self.review.get_untracked()?.value(),
        })
    }

    /// Writes a text into the fields, where it is not what was typed there: the cursor stays.
    fn fill(self, text: &Text) {
        if self.text().as_ref() == Some(text) {
            return;
        }
        for (input, text) in [(self.title, &text.title), (self.review, &text.review)] {
            if let Some(input) = input.get_untracked() {
                input.set_value(text);
            }
        }
        for (area, text) in [(self.body, &text.body), (self.check, &text.check)] {
            if let Some(area) = area.get_untracked() {
                area.set_value(text);
            }
        }
    }

    fn close(self) {
        if let Some(details) = self.details.get_untracked() {
            details.set_open(false);
        }
    }
}
