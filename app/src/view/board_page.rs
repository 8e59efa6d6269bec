//! The page of the board: what the server read becomes the state of the page, once.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_location;
use state::Opening;
use state::refusal::Refusal;
use state::shown::{Drawer as Open, ShownStoreFields};

use super::announcer::Announcer;
use super::board::Board;
use super::create_form::CreateForm;
use super::drawer::Drawer;
use super::header::Header;
use super::help::Help;
use super::notices::Notices;
use super::palette::Palette;
use crate::api;
use crate::api::error::ApiError;
use crate::runtime::Runtime;

#[component]
pub(crate) fn BoardPage() -> impl IntoView {
    let location = use_location();
    let (path, query) = (location.pathname, location.search);
    let opening =
        OnceResource::new_blocking(api::open_page(path.get_untracked(), query.get_untracked()));
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match opening.await {
                    Ok(opening) => Either::Left(view! { <OpenPage opening/> }),
                    Err(ApiError(refusal)) => Either::Right(view! { <Unreadable refusal/> }),
                }
            })}
        </Suspense>
        // The routes below show nothing of their own, but the address changes only after them.
        <Outlet/>
    }
}

#[component]
fn OpenPage(opening: Opening) -> impl IntoView {
    let shown = Runtime::start(opening).shown();
    let title = move || match &*shown.drawer().read() {
        Open::Loaded { reading, .. } => format!("{} · Kanban", reading.detail.task.title),
        Open::Loading {
            title: Some(title), ..
        } => format!("{title} · Kanban"),
        _ => "Kanban".to_owned(),
    };
    view! {
        <Title text=title/>
        <Header shown/>
        <Board shown/>
        <Drawer shown/>
        <CreateForm create=shown.create() assignees=shown.assignees()/>
        <Palette shown/>
        <Help shown/>
        <Notices notices=shown.notices()/>
        <Announcer announcement=shown.announcement() carried=shown.carried()/>
    }
}

#[component]
fn Unreadable(refusal: Refusal) -> impl IntoView {
    view! {
        <Title text="Kanban"/>
        <main class="not-found">
            <h1>"The board cannot be shown"</h1>
            <p>{refusal.message}</p>
            <a href="/">"Try again"</a>
        </main>
    }
}
