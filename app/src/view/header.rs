//! The head of the page: which board, what is shown of it, how it is doing, and what is always at
//! hand.

use domain::status::Status;
use leptos::prelude::*;
use reactive_stores::Store;
use state::shown::{Shown, ShownStoreFields};
use state::visitor::layout;
use state::{Msg, create, keys};

use super::board::BOARD_ID;
use super::connection_mark::ConnectionMark;
use super::create_form::CREATE_FORM_ID;
use super::filters::Filters;
use super::icon::{Drawing, Icon};
use super::inbox::{INBOX_ID, InboxLink};
use super::theme_button::ThemeButton;
use super::workers::WorkersPill;
use crate::runtime::use_dispatch;
use crate::view::says::{click, text, truth};

/// The form that ends the session.
pub(crate) const LOG_OUT_ID: &str = "log-out";

#[component]
pub(crate) fn Header(shown: Store<Shown>) -> impl IntoView {
    let dispatch = use_dispatch();
    let open = click(move || dispatch(Msg::Create(create::Msg::OpenedFrom(Status::Ready))));
    let toggle = move |icon: Icon,
                       label: &'static str,
                       msg: layout::Msg,
                       is_on: fn(&layout::Layout) -> bool| {
        view! {
            <button
                type="button" class="button-quiet arrange needs-script" title=label aria-label=label
                aria-pressed=truth(move || is_on(&shown.layout().read()))
                on:click=click(move || dispatch(Msg::Layout(msg.clone())))
            >
                <Drawing icon/>
            </button>
        }
    };
    let press = |action| click(move || dispatch(Msg::Wanted(action)));
    let skip = move || {
        let address = shown.address();
        let address = address.read();
        let cards = if address.is_inbox { INBOX_ID } else { BOARD_ID };
        format!("{}#{cards}", address.href())
    };
    view! {
        <header class="header">
            <a class="skip" href=text(skip) on:click=click(move || dispatch(Msg::WentToCards))>"Skip to the cards"</a>
            <h1 class="name">
                <a href="./">
                    <svg class="logo" viewBox="0 0 16 16" aria-hidden="true">
                        <path d="M2 2.5h3.2v11H2zM6.4 2.5h3.2v7H6.4zM10.8 2.5H14v4.5h-3.2z"/>
                    </svg>
                    "Kanban"
                </a>
            </h1>
            <Filters shown/>
            <div class="tools">
                <ConnectionMark link=shown.link() is_outdated=shown.is_outdated() here=Signal::derive(move || shown.address().read().href())/>
                <InboxLink shown/>
                <WorkersPill shown/>
                {toggle(Icon::Figures, "Figures", layout::Msg::ToggledFigures, |it| it.has_figures)}
                {toggle(Icon::Density, "Closer cards", layout::Msg::ToggledDensity, |it| it.is_compact)}
                <ThemeButton theme=shown.theme()/>
                <button type="button" class="button-quiet needs-script arrange" title="Keys (?)" aria-label="Keys" on:click=press(keys::Action::Help)>
                    <Drawing icon=Icon::Question/>
                </button>
                // No server function answers it, so it is the browser's in any case.
                <form class="arrange" id=LOG_OUT_ID method="post" action="./logout">
                    <button class="button-quiet" title="Log out" aria-label="Log out"><Drawing icon=Icon::Leave/></button>
                </form>
                // What has no room on a phone is in the palette.
                <button type="button" class="button-quiet anything needs-script" title="Commands (Ctrl K)" aria-label="Commands" on:click=press(keys::Action::Palette)>
                    <Drawing icon=Icon::More/>
                </button>
                <button type="button" class="button-primary" popovertarget=CREATE_FORM_ID popovertargetaction="show" on:click=open>
                    <Drawing icon=Icon::Plus/>
                    <span>"New task"</span>
                </button>
            </div>
        </header>
    }
}
