//! The page of the board: what the server read becomes the state of the page, once.

use leptos::either::Either;
use leptos::prelude::*;
use state::Opening;
use state::refusal::Refusal;
use state::shown::{Drawer as Open, ShownStoreFields};

use super::announcer::Announcer;
use super::board::Board;
use super::confirm::Confirm;
use super::create_form::CreateForm;
use super::document_title::DocumentTitle;
use super::drawer::Drawer;
use super::header::Header;
use super::help::Help;
use super::inbox::Inbox;
use super::notices::Notices;
use super::palette::Palette;
use crate::api;
use crate::api::error::ApiError;
use crate::api::json::Json;
use crate::runtime::{Location, Runtime};
use crate::view::says::memo;

#[component]
pub(crate) fn BoardPage(location: Location) -> impl IntoView {
    let Location { path, query } = location;
    // The browser is handed what the server has read, and never asks for it.
    let opening = async move {
        if cfg!(feature = "ssr") {
            api::open_page(path, query).await
        } else {
            Err(ApiError(Refusal::unanswered()))
        }
    };
    let opening = OnceResource::<_, Json>::new_with_options(opening, true);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match opening.await {
                    Ok(opening) => Either::Left(view! { <OpenPage opening/> }),
                    Err(ApiError(refusal)) => Either::Right(view! { <Unreadable refusal/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn OpenPage(opening: Opening) -> impl IntoView {
    let shown = Runtime::start(opening).shown();
    let is_inbox = memo(move || shown.address().read().is_inbox);
    // A board of thousands of cards takes its time, so it stays once it is there.
    let has_board = Memo::new(move |had: Option<&bool>| had == Some(&true) || !is_inbox.get());
    let name = move || match &*shown.drawer().read() {
        Open::Loaded { reading, .. } => format!("{} · Kanban", reading.detail.task.title),
        Open::Loading {
            card: Some(card), ..
        } => format!("{} · Kanban", card.title),
        _ if is_inbox.get() => "Inbox · Kanban".to_owned(),
        _ => "Kanban".to_owned(),
    };
    let title = move || match shown.inbox().read().len() {
        0 => name(),
        count => format!("({count}) {}", name()),
    };
    view! {
        <DocumentTitle text=title/>
        <Header shown/>
        <Show when=move || has_board.get()>
            <Board shown/>
        </Show>
        <Show when=move || is_inbox.get()>
            <Inbox shown/>
        </Show>
        <Drawer shown/>
        <CreateForm create=shown.create() assignees=shown.assignees()/>
        <Palette shown/>
        <Confirm shown/>
        <Help shown/>
        <Notices shown/>
        <Announcer announcement=shown.announcement() carried=shown.carried()/>
    }
}

#[component]
fn Unreadable(refusal: Refusal) -> impl IntoView {
    view! {
        <DocumentTitle text=|| "Kanban".to_owned()/>
        <main class="not-found">
            <h1>"The board cannot be shown"</h1>
            <p>{refusal.message}</p>
            <a href="./">"Try again"</a>
        </main>
    }
}
