//! The task that is open beside the board.

mod attempts;
mod callout;
mod checks;
mod comment_form;
mod edit;
mod facts;
mod log;
mod moves;
mod neighbours;
mod news;
mod text;
mod timeline;

use std::sync::Arc;

use domain::id::TaskId;
use domain::status::Status;
use domain::task::TaskDetail;
use leptos::prelude::*;
use reactive_stores::Store;
use state::drawer::Reading;
use state::label;
use state::refusal::Refusal;
use state::shown::{self, Shown, ShownStoreFields};

use super::clock::Clock;
use super::icon::{Drawing, Icon};
use crate::view::says::{memo, text};
use attempts::Attempts;
use callout::Callout;
use checks::Checks;
use comment_form::CommentForm;
use edit::EditForm;
use facts::Facts;
use log::Log;
use moves::Moves;
use neighbours::Neighbours;
use news::NewsList;
use text::Text;
use timeline::Timeline;

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
        shown::Drawer::Loading { title, .. } => title.clone(),
        _ => None,
    });
    let is_loaded = memo(move || reading.read().is_some());
    let back = move || shown.address().read().with_task(None).href();
    view! {
        <aside class="drawer" id=DRAWER_ID tabindex="-1" aria-labelledby=TITLE_ID>
            <header class="bar">
                <span class="id">{task.to_string()}</span>
                <a class="close button-quiet" href=text(back) aria-label="Close" title="Close (Esc)">
                    <Drawing icon=Icon::Close/>
                </a>
            </header>
            <div class="content">
                <h2 id=TITLE_ID dir="auto">{text(move || title.get().unwrap_or_else(|| task.to_string()))}</h2>
                {move || refusal.get().map(|refusal| view! { <Missing refusal/> })}
                <Show when=move || is_loaded.get()>
                    <Loaded shown reading/>
                </Show>
            </div>
        </aside>
    }
}

#[component]
fn Missing(refusal: Refusal) -> impl IntoView {
    view! { <p class="callout">{label::capitalised(&refusal.message)}</p> }
}

/// A loaded task. Each part follows its own slice, so that a new reading changes what is new.
#[component]
fn Loaded(shown: Store<Shown>, reading: Memo<Option<Arc<Reading>>>) -> impl IntoView {
    let clock = Clock::of(shown);
    let status = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { status, .. } => Some(status.clone()),
        _ => None,
    });
    let saying = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { comments, .. } => comments.clone(),
        _ => Vec::new(),
    });
    let why_not = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { why_not, .. } => why_not.clone(),
        _ => None,
    });
    let conflict = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { conflict, .. } => conflict.clone(),
        _ => None,
    });
    let rewriting = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { rewriting, .. } => rewriting.clone(),
        _ => None,
    });
    let problem = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { problem, .. } => problem.clone(),
        _ => None,
    });
    let html = memo(move || {
        let reading = reading.read();
        reading
            .as_ref()
            .map(|it| it.html.clone())
            .unwrap_or_default()
    });
    let draft = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { draft, .. } => draft.clone(),
        _ => String::new(),
    });
    let task = part(reading, |detail| Some(detail.task.clone()));
    let body = part(reading, |detail| detail.task.body.clone());
    let result = part(reading, |detail| detail.task.result.clone());
    let events = part(reading, |detail| detail.events.clone());
    let runs = part(reading, |detail| detail.runs.clone());
    let receipts = part(reading, |detail| detail.receipts.clone());
    let timeline = part(reading, state::drawer::timeline::of);
    let parents = part(reading, |detail| detail.parents.clone());
    let children = part(reading, |detail| detail.children.clone());
    let news = memo(move || {
        let reading = reading.read();
        reading
            .as_ref()
            .map(|it| it.news.clone())
            .unwrap_or_default()
    });
    let branch = part(reading, |detail| detail.branch.clone());
    let log = memo(move || reading.read().as_ref().and_then(|it| it.log.clone()));
    let is_running = part(reading, |detail| detail.task.status == Status::Running);
    let is_script = part(reading, |detail| {
        detail.task.assignee.as_deref() == Some("shell")
    });
    let ends_run = cfg!(feature = "ssr")
        && (reading.read_untracked().as_ref()).is_some_and(|it| it.detail.has_worker());
    // A reading is there as long as this component is.
    let id = task.read_untracked().as_ref().map(|task| task.id.clone());
    view! {
        {move || task.get().map(|task| view! { <Facts task branch=branch.get() status clock/> })}
        {id.clone().map(|task| view! { <Moves task status ends_run/> })}
        <Callout task events why_not/>
        <Text heading="Result" text=result html=Signal::derive(move || html.get().result) is_code=is_script/>
        <Text heading="Description" text=body html=Signal::derive(move || html.get().body) is_code=is_script/>
        <EditForm task conflict rewriting/>
        {id.clone().map(|task| view! { <Neighbours task parents children problem/> })}
        <Checks receipts clock/>
        <Attempts runs status clock/>
        {id.clone().map(|task| view! { <Log task read=log is_running runs/> })}
        {id.clone().map(|task| view! { <NewsList task news clock/> })}
        <Timeline entries=timeline html saying clock/>
        {id.map(|task| view! { <CommentForm task draft/> })}
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
