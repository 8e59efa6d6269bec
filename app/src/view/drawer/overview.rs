//! The first tab: what is to be done now, or what came of it, and then everything that a person sets.

use std::sync::Arc;

use domain::id::TaskId;
use domain::inbox::Need;
use domain::task::TaskDetail;
use leptos::prelude::*;
use reactive_stores::Store;
use state::drawer::Reading;
use state::shown::{self, Shown, ShownStoreFields};

use super::attempts::Attempts;
use super::callout::Callout;
use super::edit::EditLink;
use super::facts::Facts;
use super::lead::Lead;
use super::moves::Moves;
use super::neighbours::Neighbours;
use super::part;
use super::text::Text;
use crate::view::clock::Clock;
use crate::view::says::memo;

#[component]
pub(super) fn Overview(
    shown: Store<Shown>,
    reading: Memo<Option<Arc<Reading>>>,
    task: TaskId,
    clock: Clock,
) -> impl IntoView {
    let status = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { status, .. } => Some(status.clone()),
        _ => None,
    });
    let why_not = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { why_not, .. } => why_not.clone(),
        _ => None,
    });
    let problem = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { problem, .. } => problem.clone(),
        _ => None,
    });
    let html = memo(move || reading.read().as_ref()?.html.body.clone());
    let open = part(reading, |detail| Some(detail.task.clone()));
    let body = part(reading, |detail| detail.task.body.clone());
    let runs = part(reading, |detail| detail.runs.clone());
    let told = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded {
            need: Some(Need::GaveUp { error, .. }),
            ..
        } => Some(error.clone()),
        _ => None,
    });
    let parents = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { parents, .. } => parents.clone(),
        _ => Vec::new(),
    });
    let children = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { children, .. } => children.clone(),
        _ => Vec::new(),
    });
    let branch = part(reading, |detail| detail.branch.clone());
    let is_script = part(reading, |detail| {
        detail.task.assignee.as_deref() == Some("shell")
    });
    let read = reading.read_untracked();
    let detail = read.as_ref().map(|it| &it.detail);
    let ends_run = cfg!(feature = "ssr") && detail.is_some_and(TaskDetail::has_worker);
    let has_check = cfg!(feature = "ssr") && detail.is_some_and(|it| it.task.check.is_some());
    view! {
        <Lead shown reading task=task.clone() clock/>
        {move || open.get().map(|task| view! { <Facts of=task.into() branch=branch.get() clock/> })}
        <Moves task=task.clone() status ends_run has_check/>
        <Callout task=open why_not/>
        <Text heading="Description" text=body html is_code=is_script/>
        <EditLink body/>
        <Neighbours task parents children problem/>
        <Attempts runs status told clock/>
    }
}
