//! The last tab: the history of the task, its comments, and who is told of it.

use std::sync::Arc;

use domain::id::TaskId;
use leptos::prelude::*;
use reactive_stores::Store;
use state::drawer::Reading;
use state::shown::{self, Shown, ShownStoreFields};

use super::comment_form::CommentForm;
use super::news::NewsList;
use super::part;
use super::timeline::Timeline;
use crate::view::clock::Clock;
use crate::view::says::memo;

#[component]
pub(super) fn Activity(
    shown: Store<Shown>,
    reading: Memo<Option<Arc<Reading>>>,
    task: TaskId,
    clock: Clock,
) -> impl IntoView {
    let saying = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { comments, .. } => comments.clone(),
        _ => Vec::new(),
    });
    let draft = memo(move || match &*shown.drawer().read() {
        shown::Drawer::Loaded { draft, .. } => draft.clone(),
        _ => String::new(),
    });
    let html = memo(move || {
        let reading = reading.read();
        let html = reading.as_ref().map(|it| it.html.clone());
        html.unwrap_or_default()
    });
    let news = memo(move || {
        let reading = reading.read();
        let news = reading.as_ref().map(|it| it.news.clone());
        news.unwrap_or_default()
    });
    let timeline = part(reading, state::drawer::timeline::of);
    view! {
        <Timeline entries=timeline html saying clock/>
        <CommentForm task=task.clone() draft/>
        <NewsList task news clock/>
    }
}
