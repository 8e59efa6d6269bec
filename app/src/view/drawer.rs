//! The task that is open beside the board: its title, and a tab for each thing that there is to know.

mod activity;
mod attempts;
mod bar;
mod callout;
mod changes;
mod checks;
mod comment_form;
mod edit;
mod facts;
mod known;
mod landing;
mod lead;
mod log;
mod moves;
mod neighbours;
mod news;
mod overview;
mod tabs;
mod text;
mod timeline;

use std::sync::Arc;

use domain::id::TaskId;
use domain::status::Status;
use domain::task::TaskDetail;
use leptos::either::EitherOf5;
use leptos::prelude::*;
use reactive_stores::Store;
use state::drawer::Reading;
use state::drawer::tab::Tab;
use state::label;
use state::refusal::Refusal;
use state::shown::{self, Shown, ShownStoreFields};

use super::clock::Clock;
use crate::view::says::{memo, text};
use activity::Activity;
use bar::Bar;
use changes::Changes;
use checks::Checks;
use edit::EditForm;
use known::Known;
use log::Log;
use overview::Overview;
use tabs::{PANEL_ID, Tabs, tab_id};

#[cfg(feature = "ssr")]
pub(crate) use changes::html::html as changes_html;
pub(crate) use landing::LandForm;

/// The name of the element that takes the keyboard when a task is opened.
pub(crate) const DRAWER_ID: &str = "open-task";

const TITLE_ID: &str = "open-task-title";

#[component]
pub(crate) fn Drawer(shown: Store<Shown>) -> impl IntoView {
    let task = memo(move || shown.drawer().read().task().cloned());
    move || task.get().map(|task| view! { <OpenTask shown task/> })
}

#[component]
fn OpenTask(shown: Store<Shown>, task: TaskId) -> impl IntoView {
    let reading = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { reading, .. } => Some(Arc::clone(reading)),
        _ => None,
    });
    let refusal = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Failed { refusal, .. } => Some(refusal.clone()),
        _ => None,
    });
    let title = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { reading, .. } => Some(reading.detail.task.title.clone()),
        shown::Drawer::Loading { card, .. } => card.as_ref().map(|it| it.title.clone()),
        _ => None,
    });
    let is_loaded = memo(move || reading.read().is_some());
    let id = task.clone();
    let heading = text(move || title.get().unwrap_or_else(|| id.to_string()));
    let heading = view! { <h2 id=TITLE_ID dir="auto">{heading}</h2> };
    let tab = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { tab, .. } => Some(*tab),
        _ => None,
    });
    let card = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loading { card, .. } => card.clone(),
        _ => None,
    });
    let known = move || card.get().map(|card| view! { <Known shown card/> });
    let panel = move || tab.get().map(|tab| view! { <Panel shown reading tab/> });
    view! {
        <aside class="drawer" id=DRAWER_ID tabindex="-1" aria-labelledby=TITLE_ID>
            <Bar shown task/>
            <div class="content" data-tab=move || tab.get().map(Tab::as_str)>
                <EditForm shown reading heading/>
                {move || refusal.get().map(|refusal| view! { <Missing refusal/> })}
                <Show when=move || is_loaded.get()>
                    <Tabs shown reading tab/>
                </Show>
                {panel}
                {known}
            </div>
        </aside>
    }
}

#[component]
fn Missing(refusal: Refusal) -> impl IntoView {
    view! { <p class="callout">{label::capitalised(&refusal.message)}</p> }
}

/// The content of a tab. Each part follows its own slice, so that a new reading changes what is new.
#[component]
fn Panel(
    shown: Store<Shown>,
    reading: Memo<Option<Arc<Reading>>>,
    /// The tab that is shown, as long as this component is.
    tab: Tab,
) -> impl IntoView {
    let clock = Clock::of(shown);
    // A reading is there as long as this component is.
    let task = reading.read_untracked();
    let task = task.as_ref().map(|it| it.detail.task.id.clone());
    let content = move |task| match tab {
        Tab::Overview => EitherOf5::A(view! { <Overview shown reading task clock/> }),
        Tab::Log => {
            let log = memo(move || reading.read().as_ref().and_then(|it| it.log.clone()));
            let is_running = part(reading, |detail| detail.task.status == Status::Running);
            let runs = part(reading, |detail| detail.runs.clone());
            EitherOf5::B(view! { <Log task read=log is_running runs/> })
        }
        Tab::Changes => EitherOf5::C(view! { <Changes shown/> }),
        Tab::Evidence => {
            let receipts = part(reading, |detail| detail.receipts.clone());
            let is_outdated = part(reading, TaskDetail::has_changed_since_check);
            EitherOf5::D(view! { <Checks receipts is_outdated clock/> })
        }
        Tab::Activity => EitherOf5::E(view! { <Activity shown reading task clock/> }),
    };
    view! {
        <div class="panel" role="tabpanel" id=PANEL_ID aria-labelledby=tab_id(tab)>
            {task.map(content)}
        </div>
    }
}

/// A slice of the open task; its default while nothing is loaded.
fn part<T>(
    reading: Memo<Option<Arc<Reading>>>,
    of: impl Fn(&TaskDetail) -> T + Send + Sync + 'static,
) -> Memo<T>
where
    T: Default + PartialEq + Send + Sync + 'static,
{
    memo(move || {
        reading
            .read()
            .as_ref()
            .map(|it| of(&it.detail))
            .unwrap_or_default()
    })
}
