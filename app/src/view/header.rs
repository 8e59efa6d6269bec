//! The head of the page: which board, how it is doing, and what is always at hand.

use domain::status::Status;
use leptos::prelude::*;
use reactive_stores::Store;
use state::shown::{ColumnsStoreFields, Shown, ShownStoreFields};
use state::{Msg, create};

use super::connection_mark::ConnectionMark;
use super::create_form::CREATE_FORM_ID;
use super::icon::{Drawing, Icon};
use super::theme_button::ThemeButton;
use crate::runtime::use_dispatch;

#[component]
pub(crate) fn Header(shown: Store<Shown>) -> impl IntoView {
    let running = Memo::new(move |_| shown.columns().running().read().len());
    let dispatch = use_dispatch();
    let open = move |_| dispatch(Msg::Create(create::Msg::OpenedFrom(Status::Ready)));
    view! {
        <header class="header">
            <h1 class="name">
                <a href="/">
                    <svg class="logo" viewBox="0 0 16 16" aria-hidden="true">
                        <path d="M2 2.5h3.2v11H2zM6.4 2.5h3.2v7H6.4zM10.8 2.5H14v4.5h-3.2z"/>
                    </svg>
                    "Kanban"
                </a>
            </h1>
            <ConnectionMark link=shown.link()/>
            <p class="workers" data-state=move || if running.get() == 0 { "idle" } else { "busy" }>
                {move || match running.get() {
                    0 => "Nothing running".to_owned(),
                    count => format!("{count} running"),
                }}
            </p>
            <ThemeButton theme=shown.theme()/>
            <button type="button" class="button-primary" popovertarget=CREATE_FORM_ID popovertargetaction="show" on:click=open>
                <Drawing icon=Icon::Plus/>
                <span>"New task"</span>
            </button>
        </header>
    }
}
