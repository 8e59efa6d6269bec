//! Rewrites the title and the description. It opens and is sent without scripts too; with them it
//! says what somebody else wrote meanwhile.

use domain::task::Task;
use leptos::ev::Event;
use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::web_sys::HtmlDetailsElement;
use leptos::web_sys::wasm_bindgen::JsCast;
use state::Msg;
use state::drawer::edit::{self, Text};

use crate::api::EditTask;
use crate::runtime::use_dispatch;
use crate::view::document_title::raw_text;
use crate::view::form::{Filled, PlainForm};
use crate::view::icon::{Drawing, Icon};
use crate::view::says::{click, effect, word};

#[component]
pub(crate) fn EditForm(
    task: Memo<Option<Task>>,
    /// The text of somebody else since the fields were filled.
    conflict: Memo<Option<Text>>,
    /// The unsent text, also from before the task was opened.
    rewriting: Memo<Option<Text>>,
) -> impl IntoView {
    let dispatch = use_dispatch();
    let fields = Fields::default();
    // A task is there as long as this component is.
    let text = move || {
        task.read_untracked()
            .as_ref()
            .map(Text::of)
            .unwrap_or_default()
    };
    let id = task
        .read_untracked()
        .as_ref()
        .map(|task| task.id.to_string());
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
    let toggle = move |event: Event| {
        let details = event
            .target()
            .and_then(|it| it.dyn_into::<HtmlDetailsElement>().ok());
        if details.is_some_and(|it| it.open()) {
            let draft = rewriting.get_untracked();
            fields.fill(&draft.unwrap_or_else(text));
            dispatch(Msg::Edit(edit::Msg::Began));
        } else {
            dispatch(Msg::Edit(edit::Msg::Left));
        }
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
        };
        dispatch(Msg::Edit(edit::Msg::Finished(text)));
        fields.close();
    });
    let initial = text();
    view! {
        <details class="edit" node_ref=fields.details on:toggle=toggle on:input=typed>
            <summary class="button"><Drawing icon=Icon::Pencil/>"Edit"</summary>
            <PlainForm action=EditTask::url() on_submit=submit>
                <input type="hidden" name="task" value=id/>
                <label><span>"Title"</span>
                    <input name="title" dir="auto" required autocomplete="off" value=initial.title node_ref=fields.title/>
                </label>
                <label><span>"Description"</span>
                    <textarea name="body" dir="auto" rows="10" node_ref=fields.body>{raw_text(initial.body)}</textarea>
                </label>
                {move || conflict.get().map(|theirs| view! {
                    <div class="conflict" role="alert">
                        <p>"Somebody else changed this meanwhile. It says now:"</p>
                        <p class="title">{theirs.title}</p>
                        <pre>{theirs.body}</pre>
                        <button type="button" class="button" on:click=click(take_theirs)>"Take theirs"</button>
                    </div>
                })}
                <div class="actions">
                    <button type="button" class="button needs-script" on:click=click(move || fields.close())>"Cancel"</button>
                    <button class="button-primary">
                        {word(move || if conflict.read().is_some() { "Save mine anyway" } else { "Save" })}
                    </button>
                </div>
            </PlainForm>
        </details>
    }
}

/// The fields. Typed text stays in them; the page only knows what they began with.
#[derive(Clone, Copy, Default)]
struct Fields {
    details: NodeRef<html::Details>,
    title: NodeRef<html::Input>,
    body: NodeRef<html::Textarea>,
}

impl Fields {
    fn text(self) -> Option<Text> {
        Some(Text {
            title: self.title.get_untracked()?.value(),
            body: self.body.get_untracked()?.value(),
        })
    }

    /// Writes a text into the fields, where it is not what was typed there: the cursor stays.
    fn fill(self, text: &Text) {
        if self.text().as_ref() == Some(text) {
            return;
        }
        if let Some(title) = self.title.get_untracked() {
            title.set_value(&text.title);
        }
        if let Some(body) = self.body.get_untracked() {
            body.set_value(&text.body);
        }
    }

    fn close(self) {
        if let Some(details) = self.details.get_untracked() {
            details.set_open(false);
        }
    }
}
